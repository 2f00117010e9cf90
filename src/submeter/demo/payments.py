"""Monthly direct debits of flat amounts, with the failures and the waiting ones that every month has."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg

from submeter.demo.company import TIME_ZONE, discount_of
from submeter.demo.days import first_of_month, first_of_quarter, instant, list_months
from submeter.demo.parties import Account, Year, list_accounts
from submeter.demo.people import key_id
from submeter.demo.store import add_rows
from submeter.demo.tariffs import benchmark_rates
from submeter.demo.weather import draws

_DUE = 5
_SETTLED_AFTER = timedelta(days=4)


def add_payments(connection: psycopg.Connection, year: Year, today: date) -> int:
    """All payments of an estate: created first, then brought to where they stand: a history."""
    accounts = [a for home in year.homes for a in list_accounts(home) if a.kind == "supply"]
    rows = [row for account in accounts for row in _payments(year, account, today)]
    created = ({**row, "status": "created", "submitted_at": None} for row in rows)
    count = add_rows(connection, "payments", created)
    moved = [row for row in rows if row["status"] != "created"]
    columns = ([row[name] for row in moved] for name in ("id", "status", "submitted_at"))
    connection.execute(
        """update submeter.payments p set status = m.status, submitted_at = m.submitted_at
           from unnest(%s::uuid[], %s::text[], %s::timestamptz[]) as m (id, status, submitted_at)
           where p.id = m.id""",
        tuple(columns),
    )
    return count


def _payments(year: Year, account: Account, today: date) -> Iterator[dict[str, Any]]:
    for month in list_months(first_of_month(year.first, 1), first_of_month(today, 2)):
        due = month.replace(day=_DUE)
        if not _is_supplied(account, due):
            continue
        status = _status(account, due, today)
        yield _payment(year, account, due, status, today)
        again = due + timedelta(days=10)
        if status == "failed" and again + _SETTLED_AFTER < today:
            yield _payment(year, account, again, "succeeded", today)


def _is_supplied(account: Account, day: date) -> bool:
    tenancy = account.tenancy
    return tenancy.from_date < day and (tenancy.to_date is None or day <= tenancy.to_date)


def _status(account: Account, due: date, today: date) -> str:
    chance = draws(account.number, due, "payment")()
    if due > today:
        return "created"
    if first_of_month(due, 1) > _newest_due(today):
        # The newest collection: the bank has not answered for everybody.
        return "pending" if due + _SETTLED_AFTER >= today or account.home.plot % 7 == 2 else "succeeded"
    if chance < 0.04 or _is_certain_to_fail(account, due, today):
        return "failed"
    return "cancelled" if chance < 0.045 else "succeeded"


def _newest_due(today: date) -> date:
    return first_of_month(today, 0 if today.day >= _DUE else -1).replace(day=_DUE)


def _is_certain_to_fail(account: Account, due: date, today: date) -> bool:
    """One in each estate, so that the smallest one has a failure to show too."""
    return account.home.plot == account.home.estate.moves[0].plot and due == first_of_month(
        today, -4
    ).replace(day=_DUE)


def _payment(year: Year, account: Account, due: date, status: str, today: date) -> dict[str, Any]:
    scheduled_at = instant(due, TIME_ZONE, time(8))
    key = f"DD-{account.number}-{due:%Y%m%d}"
    return {
        "id": key_id("payment", key), "esco_id": year.estate.id, "account_id": account.id,
        "amount_pence": _monthly_pence(year, account), "status": status, "method": "direct_debit",
        "reference": key, "description": f"Monthly payment, {due:%B %Y}", "scheduled_at": scheduled_at,
        "submitted_at": None if status in ("created", "cancelled") else scheduled_at,
        "created_at": min(scheduled_at - timedelta(days=10), datetime.combine(today, time(), UTC)),
        "idempotency_key": key,
    }  # fmt: skip


def _monthly_pence(year: Year, account: Account) -> int:
    """A twelfth of a usual year at the first quarter's rates, up to the next pound."""
    home, rates = account.home, benchmark_rates(year.estate.region, first_of_quarter(year.first))
    percent = discount_of(home, account.tenancy)
    discount = year.estate.discount_percent if percent is None else percent
    kwh = int(home.annual_kwh + home.annual_heat_kwh)
    yearly = (kwh * rates.unit_rate + 365 * rates.standing_charge) * (100 - discount) / 100
    return int(yearly / 12 + 1) * 100
