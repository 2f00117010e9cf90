"""Price plans of the demonstration: what homes, their panels and landlords are charged, and one to try."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

import psycopg

from submeter.demo.company import TANNERY, Estate
from submeter.demo.parties import Rows, Year, list_accounts
from submeter.demo.people import key_id
from submeter.demo.store import Row, add_rows
from submeter.tariffs.model import Band, Component, DayType, Plan, Rate, StepRule
from submeter.tariffs.rows import band_row, component_row, plan_row, rate_row

__all__ = ["add_plans"]

_VAT = "VAT_REDUCED"
_OF_NATURE = {"heat": ("HEAT", "heat"), "solar": ("SOLAR", "solar")}
"""Heat itself is counted by the meter of electricity and charged with it."""
_WEEK: frozenset[DayType] = frozenset({"mon", "tue", "wed", "thu", "fri"})


def add_plans(connection: psycopg.Connection, years: Sequence[Year]) -> int:
    """The plans of each ESCO, and which agreement has which; how many agreements have one."""
    rows: dict[str, list[Row]] = {table: [] for table in _TABLES}
    for year in years:
        for plan, product in _plans(year.estate, year.first):
            for table, row in _rows_of(year.estate, plan, product):
                rows[table].append(row)
        rows["agreement_price_plans"] += _given(year)
    return [add_rows(connection, table, rows[table]) for table in _TABLES][-1]


_TABLES = (
    "price_plans", "price_plan_components", "price_plan_bands", "price_plan_rates", "agreement_price_plans",
)  # fmt: skip


def _rows_of(estate: Estate, plan: Plan, product: str) -> Rows:
    """A plan, with keys that are the same in every database."""
    own = {"esco_id": estate.id}
    plan_id = _plan_id(estate, plan.code)
    yield "price_plans", {"id": plan_id, **own, **plan_row(plan), "product": product}
    for place, component in enumerate(plan.components):
        key = key_id(plan_id, component.code)
        row = component_row(component, place)
        yield "price_plan_components", {"id": key, **own, "price_plan_id": plan_id, **row}
        of_it = {**own, "component_id": key}
        for number, band in enumerate(component.bands):
            yield "price_plan_bands", {"id": key_id(key, "band", number), **of_it, **band_row(band, number)}
        for number, rate in enumerate(component.rates):
            yield "price_plan_rates", {"id": key_id(key, "rate", number), **of_it, **rate_row(rate)}


def _plan_id(estate: Estate, code: str) -> UUID:
    return key_id(estate.code, "price plan", code)


def _plans(estate: Estate, first: date) -> Iterator[tuple[Plan, str]]:
    cheaper = Decimal("0.013") if estate is TANNERY else Decimal(0)
    year = date(first.year - 10, 1, 1)
    spring = date(first.year + 1, 4, 1)

    def priced(*prices: str, unit: bool = True, **more: str) -> tuple[Rate, ...]:
        """A price since ever, and the one that followed it in spring."""
        less = cheaper if unit else Decimal(0)
        (old, new), band = prices, more.get("band", "")
        return (
            Rate(year, Decimal(old) - less, spring, band),
            Rate(spring, Decimal(new) - less, None, band),
        )

    supply = Component(
        code="standing", name="Standing charge", kind="supply", unit="day", tax_code=_VAT,
        rates=priced("0.5044", "0.5191", unit=False),
    )  # fmt: skip
    heat = Component(
        code="heat",
        name="Heat",
        kind="usage",
        product="heat",
        tax_code=_VAT,
        rates=priced("0.0912", "0.0945"),
    )
    power = Component(
        code="power", name="Electricity", kind="usage", tax_code=_VAT, rates=priced("0.1738", "0.1812")
    )
    evening = Component(
        code="power", name="Electricity", kind="usage", tax_code=_VAT,
        bands=(Band("evening", 960, 1140, _WEEK), Band("night", 0, 420), Band("day")),
        rates=(*priced("0.3290", "0.3390", band="evening"), *priced("0.0890", "0.0950", band="night"),
               *priced("0.1715", "0.1780", band="day")),
    )  # fmt: skip
    block = Component(
        code="power", name="Electricity", kind="usage", tax_code="VAT_STANDARD", steps=StepRule("month"),
        rates=(
            Rate(year, Decimal("0.2110"), step=1, up_to=Decimal(500)),
            Rate(year, Decimal("0.1890"), step=2),
        ),
    )  # fmt: skip
    connection = Component(
        code="connection", name="Heat connection", kind="supply", unit="day", tax_code=_VAT,
        rates=(Rate(year, Decimal("0.1210")),),
    )  # fmt: skip
    panels = Component(
        code="export",
        name="Solar energy",
        kind="feed_in",
        product="solar",
        rates=(Rate(year, Decimal("0.05")),),
    )
    yield Plan(code="HOME", name="Home", components=(supply, power, heat), currency="GBP"), "electricity"
    yield (
        Plan(code="HOME-TOU", name="Home by the hour", components=(supply, evening, heat), currency="GBP"),
        "electricity",
    )
    yield (
        Plan(code="COMMON", name="Landlord's supply", components=(supply, block), currency="GBP"),
        "electricity",
    )
    yield Plan(code="HEAT", name="Heat connection", components=(connection,), currency="GBP"), "heat"
    yield Plan(code="SOLAR", name="Solar export", components=(panels,), currency="GBP"), "solar"


def _given(year: Year) -> Iterator[Row]:
    """Each agreement has a plan since its first day."""
    for home in year.homes:
        for account in list_accounts(home):
            for nature in account.natures:
                code, product = _OF_NATURE.get(nature, ("HOME" if home.is_home else "COMMON", "electricity"))
                agreement = key_id(account.id, nature)
                yield {
                    "id": key_id(agreement, "price plan"), "esco_id": year.estate.id,
                    "agreement_id": agreement, "price_plan_id": _plan_id(year.estate, code),
                    "product": product, "from_date": account.tenancy.from_date,
                }  # fmt: skip
