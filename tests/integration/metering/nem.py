"""Small NEM12 files, all of it valid: a value of 1.0 in each half-hour."""

from collections.abc import Mapping
from datetime import date, timedelta

FIRST = date(2026, 3, 1)


def nem12(homes: Mapping[str, int], suffix: str = "E1", first: date = FIRST, made: str = "20260401") -> str:
    """So many days of each home, from `first` on."""
    lines = [f"100,NEM12,{made}1200,MDP,RETAILER"]
    for home, count in homes.items():
        lines.append(f"200,{home},{suffix},,{suffix},N1,M{home},kWh,30,")
        days = (first + timedelta(n) for n in range(count))
        lines += [f"300,{day:%Y%m%d},{'1.0,' * 48}A,,,{made}120000," for day in days]
    return "\n".join([*lines, "900"]) + "\n"
