"""A lane of homes with intervals or dials and price plans, for tests of rating against the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from integration.metering.street import HOME, OTHER, Street, make_street
from integration.metering.town import day_row
from submeter.core.caller import Caller
from submeter.db.database import Database
from submeter.rating.actions import rate_agreement, rate_agreements
from submeter.rating.results import Outcome
from submeter.tariffs.actions import save_plan
from submeter.tariffs.agreement_actions import assign_plan
from submeter.tariffs.model import Band, Component, Plan, Rate

__all__ = ["HOME", "OTHER", "Lane", "flat", "make_lane", "rate_of", "time_of_use"]

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
_WEEK = frozenset[Any]({"mon", "tue", "wed", "thu", "fri"})


def rate_of(price: str, **more: Any) -> Rate:
    return Rate(more.pop("from_date", date(2026, 1, 1)), Decimal(price), **more)


def flat(code: str = "FLAT", price: str = "0.25", daily: str = "1.10", **more: Any) -> Plan:
    """A price a day and one a kWh, both with GST on top."""
    usage = Component(code="usage", kind="usage", rates=(rate_of(price),), tax_code="GST", name="Usage")
    supply = Component(
        code="supply", kind="supply", unit="day", rates=(rate_of(daily),), tax_code="GST", name="Daily supply"
    )
    return Plan(code=code, components=(supply, usage), **more)


def time_of_use(code: str = "TOU") -> Plan:
    """Peak on working days from 15 to 21, offpeak else."""
    bands = (Band("peak", 900, 1260, _WEEK), Band("offpeak"))
    rates = (rate_of("0.40", band="peak"), rate_of("0.20", band="offpeak"))
    usage = Component(code="usage", kind="usage", rates=rates, bands=bands, tax_code="GST")
    return Plan(code=code, components=(usage,))


@dataclass
class Lane:
    """Two homes of Melbourne, supplied since 2026 began."""

    street: Street

    @property
    def database(self) -> Database:
        return self.street.database

    @property
    def operator(self) -> Caller:
        return self.street.operator

    def agreement(self, home: str = HOME) -> str:
        query = "select id::text from submeter.agreements where account_id = %s"
        return str(self.street.town.value(query, self.street.accounts[home]))

    def load(
        self, home: str = HOME, first: date = JULY, days: int = 31, value: int = 100, **more: Any
    ) -> None:
        """Half-hours in market time, so that a month of the site reaches into the day before it."""
        rows = [day_row(home, value, first + timedelta(n - 1), line=n + 2) for n in range(days + 1)]
        report = self.street.town.load(rows, name=f"{home}-{first}-{value}.csv", **more)
        assert report.is_clean, report.as_text()

    def read(self, readings: Sequence[tuple[date, int | str, str]], home: str = HOME) -> None:
        self.street.post(*(self.street.row(value, on, kind, home=home) for on, value, kind in readings))

    def have(self, plan: Plan, *homes: str, first: date = date(2026, 1, 1)) -> None:
        """Keep a plan, and give it to homes."""
        save_plan(self.database, self.operator, plan)
        for home in homes:
            assign_plan(self.database, self.operator, UUID(self.agreement(home)), plan.code, first)

    def rate(self, home: str = HOME, first: date = JULY, end: date = AUGUST, **more: Any) -> Outcome:
        return rate_agreement(self.database, self.operator, self.agreement(home), first, end, **more)

    def rate_all(self, first: date = JULY, end: date = AUGUST, **more: Any) -> tuple[Outcome, ...]:
        return rate_agreements(self.database, self.operator, None, first, end, **more)

    def stored(self, where: str = "true") -> list[tuple[Any, ...]]:
        query = f"""select rating, band, quantity, amount, stands from public.rated_lines where {where}
          order by rating, place"""
        return self.street.town.rows(query)


def make_lane(database: Database) -> Lane:
    return Lane(make_street(database))
