"""Benchmarks by quarter, the discounts that were promised, and what the meters hold of the rates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from submeter.demo.company import ESTATES, TIME_ZONE, discount_of
from submeter.demo.days import first_of_quarter, instant
from submeter.demo.metering import list_meters
from submeter.demo.parties import Year
from submeter.demo.people import key_id
from submeter.demo.store import add_rows
from submeter.demo.weather import draws

_PUBLISHED = {
    ("south_west", date(2024, 4, 1)): ("0.2343", "0.6719"),
    ("south_west", date(2024, 7, 1)): ("0.2133", "0.6721"),
    ("south_west", date(2024, 10, 1)): ("0.2337", "0.6812"),
}
_FIRST_PUBLISHED = date(2024, 4, 1)
_SOURCE = "Ofgem energy price cap, South West, prepayment meter, single rate"
_MADE_UP = "made up for the demonstration"

_FORGOTTEN = frozenset({28})  # the meter was out of reach when the next tariff was sent
_OUTDATED = frozenset({14, 2})  # it still stores the quarter before


@dataclass(frozen=True)
class Rates:
    """Pounds per kWh and per day, of a customer from a day on."""

    unit_rate: Decimal
    standing_charge: Decimal


def list_quarters(first: date, today: date) -> tuple[date, ...]:
    """The quarters that need rates: from the one of `first` to the one after that of `today`."""
    quarters = [first_of_quarter(first)]
    while quarters[-1] <= today:
        quarters.append(first_of_quarter(quarters[-1], 1))
    return tuple(quarters)


def add_benchmarks(connection: psycopg.Connection, first: date, today: date) -> int:
    """The benchmarks of both regions; those that somebody loaded already stay as they are."""
    quarters = list_quarters(min(first, _FIRST_PUBLISHED), today)
    rows = [_benchmark(estate.region, quarter) for estate in ESTATES for quarter in quarters]
    insert = """
        insert into submeter.benchmark_tariffs
          (id, region, period_start, unit_rate, standing_charge, provenance, source)
        values (%(id)s, %(region)s, %(period_start)s, %(unit_rate)s, %(standing_charge)s, %(provenance)s,
          %(source)s)
        on conflict do nothing"""
    with connection.cursor() as cursor:
        cursor.executemany(insert, rows)
        return cursor.rowcount


def generate_tariffs(connection: psycopg.Connection, years: Sequence[Year], today: date) -> int:
    """Each ESCO's first rates and the promised discounts; all others follow by quarter. Returns how many."""
    first, *_ = quarters = list_quarters(years[0].first, today)
    # The rates are filled by trigger, from the discount.
    unknown = {"period_start": first, "unit_rate": 0, "standing_charge": 0}
    microgrids = [
        {"esco_id": y.estate.id, **unknown, "discount_percent": y.estate.discount_percent} for y in years
    ]
    add_rows(connection, "microgrid_tariffs", microgrids)
    add_rows(connection, "customer_tariffs", (row | unknown for year in years for row in _promised(year)))
    for quarter in quarters:
        connection.execute("select public.generate_new_quarter_tariffs(%s)", (quarter,))
    return _count(connection)


def add_shadows(connection: psycopg.Connection, years: Sequence[Year], today: date) -> int:
    """What each prepayment meter says of its tariffs; a few do not have the next one, or have a wrong one."""
    quarters = list_quarters(years[0].first, today)[-3:]
    before, now, coming = (_rates_from(connection, quarter) for quarter in quarters)
    rows = [row for year in years for row in _shadows(year, before, now, coming, quarters[2])]
    return add_rows(connection, "meter_shadows", rows)


def benchmark_rates(region: str, quarter: date) -> Rates:
    """The benchmark of a quarter: the published one where we know it, else a made-up one."""
    if known := _PUBLISHED.get((region, quarter)):
        return Rates(Decimal(known[0]), Decimal(known[1]))
    draw = draws(region, quarter, "benchmark")
    winter = 80 if quarter.month in (1, 10) else 0
    unit, standing = 2290 + winter + int(240 * draw()), 6150 + int(700 * draw())
    return Rates(Decimal(unit).scaleb(-4), Decimal(standing).scaleb(-4))


def _benchmark(region: str, quarter: date) -> dict[str, Any]:
    rates = benchmark_rates(region, quarter)
    published = (region, quarter) in _PUBLISHED
    return {
        "id": key_id("benchmark", region, quarter), "region": region, "period_start": quarter,
        "unit_rate": rates.unit_rate, "standing_charge": rates.standing_charge,
        "provenance": "published" if published else "illustrative",
        "source": _SOURCE if published else _MADE_UP,
    }  # fmt: skip


def _promised(year: Year) -> Iterator[dict[str, Any]]:
    for home in year.homes:
        for tenancy in home.tenancies:
            percent = discount_of(home, tenancy)
            if percent is not None:
                customer = {"customer_id": tenancy.people[0].id, "esco_id": year.estate.id}
                yield {**customer, "discount_percent": percent}


def _count(connection: psycopg.Connection) -> int:
    row = connection.execute(
        """select (select count(*) from submeter.microgrid_tariffs)
             + (select count(*) from submeter.customer_tariffs)"""
    ).fetchone()
    return int(row[0]) if row else 0


def _rates_from(connection: psycopg.Connection, quarter: date) -> dict[Any, Rates]:
    query = """select customer_id, unit_rate, standing_charge from submeter.customer_tariffs
               where period_start = %s"""
    return {
        customer: Rates(unit, standing) for customer, unit, standing in connection.execute(query, (quarter,))
    }


def _shadows(
    year: Year, before: dict[Any, Rates], now: dict[Any, Rates], coming: dict[Any, Rates], quarter: date
) -> Iterator[dict[str, Any]]:
    newest = max(year.estate.moves, key=lambda move: move.month).plot
    for home in year.homes:
        customer = home.tenancies[-1].people[0].id
        for meter in list_meters(home, year.first):
            if not meter.is_prepay or meter.removed_at or customer not in now:
                continue
            stored = (before if home.plot in _OUTDATED else coming).get(customer)
            if home.plot in _FORGOTTEN or home.plot == newest:
                stored = None
            yield {
                "meter_id": meter.id, "esco_id": year.estate.id,
                "tariffs_active": Jsonb(_on_meter(now[customer])),
                "tariffs_future": Jsonb(_on_meter(stored) | _activation(quarter)) if stored else None,
                "synced_at": instant(year.end, TIME_ZONE),
            }  # fmt: skip


def _on_meter(rates: Rates) -> dict[str, Any]:
    """As the meters' clients write them: numbers."""
    unit = float(rates.unit_rate)
    return {
        "standing_charge": float(rates.standing_charge),
        "unit_rate_element_a": unit,
        "unit_rate_element_b": unit,
    }


def _activation(quarter: date) -> dict[str, Any]:
    return {"activation_datetime": instant(quarter, TIME_ZONE).isoformat()}
