"""The nouns of tariffs: price plans, what they consist of, when each price holds, and the days they look at.

All values are frozen and complete: whoever holds a `Plan` and a `Calendar` needs no database to rate by them.
Prices are main currency units (dollars, pounds) with up to six decimals; percentages are 0 to 100.
Days are half-open: `to_date` is the first day on which a thing no longer holds.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

__all__ = [
    "Band",
    "Basis",
    "Calendar",
    "Component",
    "DayType",
    "DemandRule",
    "DiscountRule",
    "Kind",
    "Metering",
    "Plan",
    "Rate",
    "StepRule",
    "TaxRate",
    "TrueUp",
]

Kind = Literal[
    "supply",  # a price for each day
    "usage",  # a price for each unit of energy or water: flat, in steps, in time bands
    "controlled_load",  # usage of a register that the network switches
    "pass_through",  # usage handed on at the price and with the loss factors of whoever sold it
    "spot",  # usage at a price for each interval, with a factor and an adder
    "green",  # a share of usage bought as green power, at a price on top
    "demand",  # a price for each kW or kVA of a month's peak
    "capacity",  # a price for each kW or kVA that was agreed, each month
    "fixed",  # a price for each calendar month: telephone, broadband, service
    "discount",  # a share or an amount less, on the components that it names
    "minimum",  # what the components that it names come to at least
    "feed_in",  # a credit for energy put into the network
    "concession",  # what the state pays; no discount
]
"""What a component charges for."""

_PLACES: dict[Kind, int] = {
    "usage": 10, "controlled_load": 10, "pass_through": 10, "spot": 10, "green": 10,
    "demand": 20, "capacity": 20, "supply": 30, "fixed": 30,
    "discount": 50, "minimum": 60, "feed_in": 70, "concession": 90,
}  # fmt: skip
"""Where each kind stands in the order of calculation, unless its component says otherwise. Tax comes last."""

DayType = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]

Metering = Literal["net_energy", "net_money", "net_billing", "net_billing_carry", "buy_all_sell_all"]
"""How energy taken and energy put into the network are set against each other.

`net_billing`, the usual: the meter has netted each interval; import is charged and export credited, and the
credit may exceed the charge. `net_billing_carry`: a surplus of money is carried to the next month.
`net_energy`: a month's export is taken from its import, band by band, and a surplus of energy is carried.
`net_money`: the same, but a surplus is credited at the price of export and the money is carried.
`buy_all_sell_all`: all that is used is bought and all that is made is sold, each by its own meter.
"""

TrueUp = Literal["pay", "credit", "expire"]
"""What becomes, at the end of the year, of energy or money that is still carried: it is paid; it is credited,
as money, against what is used from then on; or it is lost. Energy is paid at the price of export."""

Basis = Literal["day", "month", "period", "year", "per_kw", "per_kw_day"]
"""What the limit of a step is for: so many units a day, a calendar month, the billing period whatever its
length, a year, or for each kW (kVA) of the month's peak, a month or a day."""


class Band(NamedTuple):
    """When a time band holds. The first band of a component that fits an interval's beginning is its band.

    Minutes count from midnight of the component's clock; `to_minute` is excluded, and a window with
    `from_minute` >= `to_minute` goes over midnight. The season is of days (month, day), both included, and
    may go over the new year.
    """

    code: str
    """peak, shoulder, offpeak, ...: prices name it. Several windows may share a code."""
    from_minute: int = 0
    to_minute: int = 1440
    day_types: frozenset[DayType] = frozenset()
    """Empty: all days. A public holiday is `holiday` and no weekday where any band of the component names
    holidays; where none does, it is the weekday that it falls on."""
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    """From (month, day) to (month, day); None for the whole year."""


class Rate(NamedTuple):
    """A dated price of one band and step of a component."""

    from_date: date
    price: Decimal
    """Each unit; a percentage for a discount, a concession or a green share that is one."""
    to_date: date | None = None
    band: str = ""
    """Empty where the component has no time bands."""
    step: int = 1
    up_to: Decimal | None = None
    """Where the step ends, by the component's `StepRule`; None for the last one."""


class StepRule(NamedTuple):
    """How the limits of steps (blocks) are meant."""

    basis: Basis = "day"
    scope: Literal["shared", "running", "band"] = "shared"
    """`shared`: the total of the month or period decides how much lies in each step, and bands share each
    step by their part of the total. `running`: the total so far decides the step of each interval, in the
    order of time. `band`: each time band has steps of its own."""


BY_DAY = StepRule()


class DemandRule(NamedTuple):
    """How a peak is measured and charged."""

    unit: Literal["kW", "kVA"] = "kW"
    minutes: int = 30
    """Length over which the power is averaged; shorter intervals are added up first."""
    minimum: Decimal = Decimal(0)
    """What is charged at least, in kW or kVA."""
    charged_per: Literal["month", "day"] = "month"
    lookback_months: int = 0
    """The ratchet: how many months before count; 0 for none."""
    lookback_percent: Decimal = Decimal(0)
    """Share of the greatest peak of those months that is charged at least."""
    lookback_season: frozenset[int] = frozenset()
    """Months (1 to 12) whose peaks count for the ratchet; empty for all."""


class DiscountRule(NamedTuple):
    """A discount or a concession: what it is taken from, and within which bounds."""

    how: Literal["percent", "per_day", "per_month", "amount"] = "percent"
    """A share of the base; an amount for each day, each calendar month or each period."""
    after_tax: bool = False
    """The base includes tax."""
    threshold: Decimal = Decimal(0)
    """What of the base stays out, a year (scaled to the days charged)."""
    cap: Decimal | None = None
    """The most that is given for `cap_per`, in money."""
    cap_per: Literal["day", "month", "period", "year"] = "year"
    months: frozenset[int] = frozenset()
    """Months (1 to 12) in which it is given; empty for all."""
    condition: str = ""
    """What must be so: direct_debit, paid_on_time, ... Empty: always. The caller names what holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One priced line of a plan."""

    code: str
    kind: Kind
    rates: tuple[Rate, ...]
    unit: str = "kWh"
    """Unit of quantity that the price is for: kWh, MJ, kL, L, m3, kW, kVA, day, month."""
    product: str = "electricity"
    name: str = ""
    """What the invoice says; the code where empty."""
    register_types: tuple[str, ...] = ()
    """Whose registers count (ALLDAY, PEAK, CONTROLLED, ...). Empty: all of the product and direction; for
    `usage`, but those that a controlled load of the plan charges."""
    bands: tuple[Band, ...] = ()
    clock: Literal["local", "market"] = "local"
    """By which clock the windows of bands and of demand are read."""
    steps: StepRule = BY_DAY
    demand: DemandRule | None = None
    discount: DiscountRule | None = None
    base: tuple[str, ...] = ()
    """Codes of the components that a discount, minimum, concession or green share looks at; empty: all of
    the usage and supply before it."""
    loss_factors: tuple[str, ...] = ()
    """Which loss factors apply: MLF, DLF, LOSS."""
    share: Decimal = Decimal(100)
    """Percent of the quantity that is charged: of green power, of a common area."""
    spot_series: str = ""
    """Which series of prices; `rates` then hold the adder, and `spot_factor` multiplies the price."""
    spot_factor: Decimal = Decimal(1)
    tax_code: str = ""
    tax_inclusive: bool = False
    """The price includes the tax."""
    place: int | None = None
    """Place in the order of calculation; None: that of its kind."""
    prorate: bool = True
    """Whether the price of a month is shared by days when a part of it is charged."""
    gl_code: str = ""
    from_date: date | None = None
    to_date: date | None = None

    @property
    def order(self) -> int:
        """When it is worked out: those of a lower number before it."""
        return _PLACES[self.kind] if self.place is None else self.place


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A price plan as it stands, with all prices of all dates."""

    code: str
    components: tuple[Component, ...]
    name: str = ""
    currency: str = "AUD"
    decimals: int = 2
    """Decimals of an amount on an invoice."""
    rounding: Literal["line", "invoice"] = "line"
    """Where money is rounded, half up: each line, or the total of the invoice alone."""
    tax_rule: Literal["total", "supply"] = "total"
    """GST Act s 9-90: tax of all lines is added up and rounded once, or each line's is rounded."""
    metering: Metering = "net_billing"
    true_up_month: int = 12
    """Last month of the year after which carried energy or money is settled."""
    true_up: TrueUp = "pay"
    credit_from: Literal["month", "next_month"] = "month"
    """`net_billing_carry`: whether a credit counts in the month in which it arises, or from the next on."""


class TaxRate(NamedTuple):
    """What a tax code means on the days of `[from_date, to_date)`."""

    code: str
    percent: Decimal
    from_date: date
    to_date: date | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a site's days are: its clocks and its public holidays."""

    clock: str
    """Time zone of billing days, and of windows in local time: Australia/Sydney."""
    market_clock: str = ""
    """Time zone of windows in market time (Etc/GMT-10); empty: the same."""
    holidays: frozenset[date] = frozenset()
    year_starts: int = 1
    """Month in which the year of annual steps and caps begins."""
    local_clock: str = ""
    """Time zone of windows in local time, where billing days are the market's; empty: the same."""
