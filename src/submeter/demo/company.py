"""The two made-up companies: their networks, homes and people, and what happens to them in the year.

Pure: everything follows from the constants here and the first day of the year. Months of a story are
counted from that first day, so that the newest move is always a few weeks old.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from submeter.demo.days import first_of_month, instant
from submeter.demo.people import Person, key_id, make_company, make_partner, make_person
from submeter.demo.weather import draws

TIME_ZONE = ZoneInfo("Europe/London")


@dataclass(frozen=True)
class Estate:
    """An ESCO with the one network that it runs."""

    code: str
    name: str
    legal_name: str
    region: str
    site: str
    street: str
    postcode: str
    latitude: float
    longitude: float
    homes: int
    discount_percent: int
    landlord: str
    landlord_mailbox: str
    moves: tuple["Move", ...]
    exchange: "Exchange | None" = None
    let_plots: tuple[int, ...] = ()
    """Plots that belong to the landlord, who lets them."""
    shared_plots: tuple[int, ...] = ()
    """Plots whose customers are two people."""
    discounts: tuple[tuple[int, int], ...] = ()
    """(plot, percent): first customers of a plot who were promised another discount than everybody."""
    statuses: tuple[tuple[int, str], ...] = ()
    """(plot, status): where the present customer's status is not `live`."""
    prospects: tuple[str, ...] = ()
    """Statuses of people who have no account yet."""

    @property
    def id(self) -> UUID:
        return key_id(self.code)


@dataclass(frozen=True)
class Move:
    """A change of tenancy: `day` is no longer charged; somebody else comes after `empty_days`."""

    plot: int
    month: int
    day: int
    empty_days: int = 0


@dataclass(frozen=True)
class Exchange:
    """The power and heat meter of a plot fails and is replaced by another."""

    plot: int
    month: int
    day: int
    at: time

    def instant(self, first: date) -> datetime:
        return instant(first_of_month(first, self.month).replace(day=self.day), TIME_ZONE, self.at)


@dataclass(frozen=True)
class Tenancy:
    """Who is supplied at a home over [from_date, to_date); the first person holds the account."""

    number: int
    people: tuple[Person, ...]
    from_date: date
    to_date: date | None
    status: str


@dataclass(frozen=True)
class Home:
    """A home, or the landlord's own supply (plot 0: no heat, no panels)."""

    estate: Estate
    plot: int
    annual_kwh: float
    annual_heat_kwh: float
    peak_kw: float
    shift: int
    """Half-hours by which these people live later than the profile's household."""
    away: tuple[int, int]
    """Days of the year of a holiday."""
    tenancies: tuple[Tenancy, ...]

    @property
    def key(self) -> str:
        return f"{self.estate.code}/{self.plot}"

    @property
    def is_home(self) -> bool:
        return self.plot > 0

    def is_occupied(self, day: date) -> bool:
        return any(t.from_date <= day and (t.to_date is None or day < t.to_date) for t in self.tenancies)


WILLOW_LANE = Estate(
    code="wlce",
    name="Willow Lane Community Energy",
    legal_name="Willow Lane Community Energy Ltd",
    region="south_west",
    site="Willow Lane",
    street="Willow Lane, Little Marling",
    postcode="ZZ9 1WL",
    latitude=51.4,
    longitude=-2.5,
    homes=33,
    discount_percent=25,
    landlord="Little Marling Homes Ltd",
    landlord_mailbox="lettings",
    moves=(Move(9, 11, 12), Move(14, 3, 20, empty_days=21), Move(22, 5, 16), Move(27, 8, 3)),
    exchange=Exchange(7, 6, 9, time(10, 30)),
    let_plots=(17, 18),
    shared_plots=(3, 11, 17, 26),
    discounts=((3, 15), (12, 30), (24, 20)),
    statuses=(
        *((plot, "active") for plot in (1, 5, 12, 19, 25, 31)),
        (29, "prelive"),
        (30, "exiting"),
        (33, "onboarding"),
    ),
    prospects=("pending", "preonboarding"),
)
TANNERY = Estate(
    code="tanpower",
    name="Tannery Yard Power",
    legal_name="Tannery Yard Power Co-operative Ltd",
    region="yorkshire",
    site="Tannery Yard",
    street="Tannery Yard, Upper Ferrick",
    postcode="ZZ9 2TY",
    latitude=53.8,
    longitude=-1.7,
    homes=5,
    discount_percent=18,
    landlord="Upper Ferrick Mills Ltd",
    landlord_mailbox="mills",
    moves=(Move(2, 7, 10),),
    shared_plots=(4,),
    statuses=((3, "active"),),
    prospects=("pending",),
)
ESTATES = (WILLOW_LANE, TANNERY)

_UNREACHABLE = frozenset({6, 23})


def list_homes(estate: Estate, first: date, count: int | None = None) -> tuple[Home, ...]:
    """The landlord's supply and the homes of an estate, by plot; with `count`, only so many."""
    stories = [move.plot for move in estate.moves]
    stories += [estate.exchange.plot] if estate.exchange else []
    plots = list(dict.fromkeys((*stories, *estate.let_plots, *range(1, estate.homes + 1))))
    return (_common_supply(estate, first), *(_home(estate, plot, first) for plot in sorted(plots[:count])))


def make_tenant(estate: Estate, plot: int, number: int) -> Person:
    """Who holds the account of a plot: `number` 1 for the first tenancy, 2 for the second."""
    return make_person(estate.code, plot + 100 * (number - 1), reachable=plot not in _UNREACHABLE)


def landlord(estate: Estate) -> Person:
    """The company that owns the common parts, and on Willow Lane two homes as well."""
    return make_company(estate.code, "landlord", estate.landlord, estate.landlord_mailbox)


def caretaker(estate: Estate) -> Person:
    """Who looks after the landlord's supply, and may see its account."""
    return make_person(estate.code, 200)


def list_prospects(estate: Estate) -> tuple[tuple[Person, str], ...]:
    """People without an account, with their status."""
    return tuple((make_person(estate.code, 210 + n), status) for n, status in enumerate(estate.prospects))


def discount_of(home: Home, tenancy: Tenancy) -> int | None:
    """Percent below the benchmark that was promised to a tenancy; None for what everybody has."""
    return dict(home.estate.discounts).get(home.plot) if tenancy.number == 1 else None


def _home(estate: Estate, plot: int, first: date) -> Home:
    draw = draws(estate.code, plot, "home")
    size = draw()
    return Home(
        estate=estate,
        plot=plot,
        annual_kwh=round(1750 + 2750 * size),
        annual_heat_kwh=round(1200 + 1500 * (0.6 * size + 0.4 * draw())),
        peak_kw=(2.7, 3.6, 3.6, 4.0)[int(draw() * 4)],
        shift=int(draw() * 5) - 2,
        away=_holiday(draw(), draw()),
        tenancies=_tenancies(estate, plot, first),
    )


def _common_supply(estate: Estate, first: date) -> Home:
    people = (landlord(estate), caretaker(estate))
    annual_kwh = 90.0 * estate.homes + 1500
    return Home(estate, 0, annual_kwh, 0, 0, 0, (0, 0), (Tenancy(1, people, first, None, "live"),))


def _holiday(start: float, length: float) -> tuple[int, int]:
    first_day = 150 + int(start * 100)
    return first_day, first_day + 5 + int(length * 10)


def _tenancies(estate: Estate, plot: int, first: date) -> tuple[Tenancy, ...]:
    move = next((move for move in estate.moves if move.plot == plot), None)
    if move is None:
        return (_tenancy(estate, plot, 1, first, _notice(estate, plot, first)),)
    left = first_of_month(first, move.month).replace(day=move.day)
    came = left + timedelta(days=move.empty_days)
    return _tenancy(estate, plot, 1, first, left, left=True), _tenancy(estate, plot, 2, came, None)


def _notice(estate: Estate, plot: int, first: date) -> date | None:
    """Who is about to leave has told the day: it lies after the year."""
    return first_of_month(first, 14) if dict(estate.statuses).get(plot) == "exiting" else None


def _tenancy(
    estate: Estate, plot: int, number: int, from_date: date, to_date: date | None, *, left: bool = False
) -> Tenancy:
    person = make_tenant(estate, plot, number)
    people = (person, make_partner(person, plot)) if plot in estate.shared_plots else (person,)
    status = "archived" if left else dict(estate.statuses).get(plot, "live")
    return Tenancy(number, people, from_date, to_date, status)
