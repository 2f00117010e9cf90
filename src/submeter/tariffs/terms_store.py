"""What plans look at besides, in the database: calendars, tax, loss factors, conversions, spot prices."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

import psycopg

from submeter.db.queries import load_queries
from submeter.network.losses import FactorSpan, factor_spans
from submeter.network.store import list_losses
from submeter.tariffs.conversions import Conversion, ConversionSpan, as_span
from submeter.tariffs.model import Calendar, TaxRate
from submeter.tariffs.spot_series import SpotDay

__all__ = [
    "SiteCalendar",
    "load_calendars",
    "load_conversions",
    "load_loss_factors",
    "load_spot_days",
    "load_tax_rates",
]

_QUERIES = load_queries(__package__ or "")
_NAMES = {"internal": "LOSS"}
"""What components call a kind of loss factor that has another name in the network."""


class SiteCalendar(NamedTuple):
    """A site's days, and of which years the holidays are known."""

    calendar: Calendar
    code: str | None
    """Of the calendar that the site names; None: none, so no day is a holiday."""
    years: frozenset[int]


def load_calendars(connection: psycopg.Connection, sites: Iterable[UUID]) -> dict[UUID, SiteCalendar]:
    """The days of sites; one query."""
    found = {}
    for site, clock, market, starts, days, local, code, years in connection.execute(
        _QUERIES["calendars"], {"sites": list(sites)}
    ):
        calendar = Calendar(clock, market, frozenset(days), starts, local)
        found[site] = SiteCalendar(calendar, code, frozenset(years))
    return found


def load_tax_rates(connection: psycopg.Connection) -> tuple[TaxRate, ...]:
    """What every tax code means, over time."""
    return tuple(TaxRate(*row) for row in connection.execute(_QUERIES["tax_rates"]))


def load_loss_factors(
    connection: psycopg.Connection, points: Iterable[UUID], first: date, end: date
) -> dict[UUID, Mapping[str, tuple[FactorSpan, ...]]]:
    """Of supply points, by the names that components have for them (MLF, DLF, LOSS), on `[first, end)`."""
    return {
        point: {_NAMES.get(kind, kind): tuple(factor_spans(rows, first, end)) for kind, rows in kinds.items()}
        for point, kinds in list_losses(connection, points).items()
    }


def load_conversions(
    connection: psycopg.Connection, sites: Iterable[UUID]
) -> dict[UUID, dict[tuple[str, str, str], tuple[ConversionSpan, ...]]]:
    """Of sites, by product, unit measured and unit priced."""
    found: dict[UUID, dict[tuple[str, str, str], tuple[ConversionSpan, ...]]] = {}
    for site, product, unit, priced, *row in connection.execute(
        _QUERIES["conversions"], {"sites": list(sites)}
    ):
        spans = found.setdefault(site, {})
        key = (product, unit, priced)
        spans[key] = (*spans.get(key, ()), as_span(Conversion(*row)))
    return found


def load_spot_days(
    connection: psycopg.Connection, esco_id: UUID, series: Iterable[str], first: date, end: date
) -> dict[str, tuple[SpotDay, ...]]:
    """The prices of series on the days of `[first, end)` and one beyond either end, for clocks differ."""
    found: dict[str, tuple[SpotDay, ...]] = {}
    values = {"esco_id": esco_id, "series": list(series), "first": first, "end": end}
    for row in connection.execute(_QUERIES["spot_days"], values):
        one = SpotDay(*row)
        found[one.series] = (*found.get(one.series, ()), one)
    return found
