"""The meters of a home and their registers: which counts what, and from when to when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from submeter.demo.company import TIME_ZONE, Home
from submeter.demo.days import first_of_month, instant
from submeter.demo.people import key_id
from submeter.demo.weather import draws

CT_MULTIPLIER = 20


@dataclass(frozen=True)
class Register:
    """One counter. `opening_wh` is its first dial reading, in Wh before the multiplier."""

    id: UUID
    name: str
    nature: str
    """power, heat or solar."""
    opening_wh: int
    multiplier: int = 1

    @property
    def direction(self) -> str:
        return "export" if self.nature == "solar" else "import"


@dataclass(frozen=True)
class Meter:
    """A device in a home. A twin-element meter counts power and heat; panels have a meter of their own."""

    id: UUID
    serial: str
    hardware: str
    home: Home
    product: str
    """The supply point that it is installed at."""
    installed_at: datetime
    removed_at: datetime | None
    registers: tuple[Register, ...]

    @property
    def is_prepay(self) -> bool:
        return self.hardware == "twin-element"


def circuit_id(home: Home, nature: str) -> UUID:
    """The circuit of a home that a nature of energy belongs to."""
    return key_id(home.key, "circuit", nature)


def supply_point_id(home: Home, product: str) -> UUID:
    """The supply point of a product at a home."""
    return key_id(home.key, "supply point", product)


def list_natures(home: Home) -> tuple[str, ...]:
    """What is measured, and supplied, at a home."""
    return ("power", "heat", "solar") if home.is_home else ("power",)


def list_meters(home: Home, first: date) -> tuple[Meter, ...]:
    """The meters of a home during the year from `first`, in order of installation."""
    since = _installed(home, first)
    if not home.is_home:
        return (_meter(home, "C", 1, since, None),)
    return (*_supply_meters(home, first, since), _meter(home, "S", 1, since, None))


def _supply_meters(home: Home, first: date, since: datetime) -> Iterator[Meter]:
    exchange = home.estate.exchange
    if exchange is None or exchange.plot != home.plot:
        yield _meter(home, "T", 1, since, None)
        return
    changed_at = exchange.instant(first)
    yield _meter(home, "T", 1, since, changed_at)
    yield _meter(home, "T", 2, changed_at, None)


_KINDS = {
    "T": ("twin-element", (("A", "power"), ("B", "heat"))),
    "S": ("single-element", (("A", "solar"),)),
    "C": ("ct-three-phase", (("A", "power"),)),
}


def _meter(home: Home, kind: str, number: int, since: datetime, until: datetime | None) -> Meter:
    hardware, elements = _KINDS[kind]
    serial = f"{home.estate.code[:2].upper()}{kind}{23 + number}{home.plot:04}"
    registers = tuple(_register(home, serial, name, nature, number) for name, nature in elements)
    product = "solar" if kind == "S" else "power"
    return Meter(key_id(serial), serial, hardware, home, product, since, until, registers)


def _register(home: Home, serial: str, name: str, nature: str, number: int) -> Register:
    draw = draws(serial, name)
    annual = {"power": home.annual_kwh, "heat": home.annual_heat_kwh, "solar": home.peak_kw * 900}[nature]
    multiplier = 1 if home.is_home else CT_MULTIPLIER
    # A new meter starts at nothing; the others have counted for about two years when the company takes over.
    opening = int(annual * 1000 / multiplier * (1.6 + 0.5 * draw())) if number == 1 else 0
    return Register(key_id(serial, name), name, nature, opening, multiplier)


def _installed(home: Home, first: date) -> datetime:
    """Before the company took the network over, some plots on each of a few days."""
    day = first_of_month(first, -22) + timedelta(days=home.plot // 4)
    return instant(day, TIME_ZONE)
