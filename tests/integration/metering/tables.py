"""A table of no format with the column map that describes it, and one that lacks its clock: the same day."""

from typing import Any

HOME = "6001000001"
MAP: dict[str, Any] = {
    "name": "Acme logger", "kind": "intervals", "clock": "Australia/Melbourne", "identifier": "Logger", "scheme": "nmi",
    "register": {"value": "E1"}, "unit": {"value": "Wh"}, "stamp_column": "When", "values": ["Wh"], "decimal": ",",
    "delimiter": ";",
}  # fmt: skip
PAGE = "Logger;When;Wh\n" + "".join(
    f"{HOME};2026-03-02 {n // 2:02d}:{n % 2 * 30:02d};{n},5\n" for n in range(48)
)
PLAIN = "nmi,timestamp,kWh\n" + "".join(
    f"{HOME},2026-03-02 {n // 2:02d}:{n % 2 * 30:02d},1\n" for n in range(48)
)
