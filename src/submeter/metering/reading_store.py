"""Dial readings in the database: offered, held, waiting."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row

from submeter.db.queries import load_queries
from submeter.metering.consumption import Multiplier
from submeter.metering.dial import Agreement, Dial, Held, Place, reading_at
from submeter.metering.model import Stream
from submeter.metering.offers import Offer, Verdict, finding_json
from submeter.metering.reading_rules import may_be_forced
from submeter.metering.readings import Reading, Tolerance, ToleranceRow

__all__ = [
    "add_readings",
    "decide",
    "enqueue",
    "find_register_of",
    "list_known_sites",
    "list_offered",
    "list_queue",
    "list_waiting",
    "load_counted",
    "load_dials",
    "lock",
    "mark_misread",
    "remove_waiting",
    "show",
]

_QUERIES = load_queries(__package__ or "", "reading_queries.sql")
_ANY_DAY = date(1970, 1, 1)


def list_offered(connection: psycopg.Connection, rows: Sequence[Mapping[str, Any]]) -> list[Offer]:
    """What a client sent, with register, time and kind found out.

    Raises psycopg.Error with the SQLSTATE of what can be no reading of the caller's.
    """
    said = json.dumps(list(rows), default=_number)
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_offered(row) for row in cursor.execute(_QUERIES["offered"], {"rows": said})]


def _number(value: object) -> Any:
    """A Decimal in JSON: as text, which PostgreSQL reads as exactly that number."""
    return str(value)


def _offered(row: Mapping[str, Any]) -> Offer:
    return Offer(
        row["esco_id"],
        row["register_id"],
        _reading(row, _ANY_DAY, row["timestamp"]),
        row["status"],
        row["kind"],
        row["id"],
        by_clock=True,
        replaces_id=row["replaces_id"],
        next_read_on=row["next_read_on"],
        source=row["source"],
        notes=row["notes"],
        may_wait=row["on_failure"] == "queue",
    )


def _reading(row: Mapping[str, Any], read_on: date, read_at: datetime | None) -> Reading:
    factors = (row["temperature_factor"], row["heating_value"])
    return Reading(read_on, row["reading"], row["sub_type"], read_at, row["add_factor"], *factors)


# Dials ----------------------------------------------------------------------------------------------------


def lock(connection: psycopg.Connection, registers: Iterable[str]) -> None:
    """Nobody else adds readings to these registers until the transaction ends."""
    connection.execute(_QUERIES["lock"], {"registers": [UUID(one) for one in registers]})


def load_dials(
    connection: psycopg.Connection, registers: Iterable[str], *, for_customer: bool = False
) -> dict[str, Dial]:
    """The dials of registers, with what is held of each. A customer's are those that measure them now."""
    name = "my_facts" if for_customer else "facts"
    values = None if for_customer else {"registers": [UUID(one) for one in registers]}
    return {row[0]: _dial(row[0], row[1]) for row in connection.execute(_QUERIES[name], values)}


def _dial(register_id: str, facts: Mapping[str, Any]) -> Dial:
    dial = Dial(
        register_id,
        facts["esco_id"],
        facts["meter_type"],
        facts["direction"],
        facts["unit"],
        facts["digits"],
        facts["esco_clock"],
        _multipliers(facts["multipliers"]),
        tuple(_places(facts)),
        tuple(_tolerance(row) for row in facts["tolerances"]),
    )
    return _holding(dial, facts["readings"])


def _holding(dial: Dial, rows: Iterable[Sequence[Any]]) -> Dial:
    held = []
    for reading_id, at, value, sub_type, add_factor, temperature, heating, findings in rows:
        moment = datetime.fromisoformat(at)
        factors = (_decimal(temperature), _decimal(heating))
        said = Reading(_ANY_DAY, Decimal(value), sub_type, moment, Decimal(add_factor), *factors)
        forced = frozenset(one["code"] for one in findings if one.get("forced"))
        held.append(Held(reading_id, moment, reading_at(dial, moment, said), forced))
    return replace(dial, held=tuple(held))


def _multipliers(rows: Iterable[Sequence[Any]]) -> tuple[Multiplier, ...]:
    return tuple(Multiplier(Decimal(value), _day(first), _date(end)) for value, first, end in rows)


def _places(facts: Mapping[str, Any]) -> Iterator[Place]:
    """Where the register was. One that is closed counts no longer, though its meter may be in place."""
    closed_at = _moment(facts["closed_at"])
    if closed_at is not None and not facts["places"]:
        yield Place(None, closed_at, "", facts["esco_clock"], unsupplied=True)
    for row in facts["places"]:
        place = _place(row)
        ends = [at for at in (place.removed_at, closed_at) if at is not None]
        yield replace(place, removed_at=min(ends, default=None))


def _place(row: Mapping[str, Any]) -> Place:
    return Place(
        _moment(row["installed_at"]),
        _moment(row["removed_at"]),
        row["site_id"],
        row["clock"],
        row["unsupplied"],
        row["closed"],
        tuple(Agreement(_day(first), _date(end), _date(billed)) for first, end, billed in row["agreements"]),
    )


def _tolerance(row: Sequence[Any]) -> ToleranceRow:
    meter_type, site_id, high, low, floor, gap, zeros, estimates, vacant, gas, usual = row
    tolerance = Tolerance(
        Decimal(high), Decimal(low), Decimal(floor), gap, zeros, estimates, vacant, gas, _decimal(usual)
    )
    return ToleranceRow(meter_type, site_id, tolerance)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


# What became of them --------------------------------------------------------------------------------------


def add_readings(connection: psycopg.Connection, verdicts: Iterable[Verdict], by: str) -> None:
    """Put accepted readings into place."""
    with connection.cursor() as cursor:
        cursor.executemany(_QUERIES["place"], [_placed(verdict, by) for verdict in verdicts])


def _placed(verdict: Verdict, by: str) -> dict[str, Any]:
    offer = verdict.offer
    return {
        **_values(offer),
        "id": offer.id,
        "read_at": verdict.at,
        "replaces_id": verdict.replaces,
        "findings": json.dumps(_kept(verdict, by)),
    }


def _kept(verdict: Verdict, by: str) -> list[dict[str, Any]]:
    forced = [
        finding_json(problem, forced=True, reason=verdict.reason, by=by) for problem in verdict.problems
    ]
    return forced + [finding_json(warning) for warning in verdict.warnings]


def _values(offer: Offer) -> dict[str, Any]:
    reading = offer.reading
    return {
        "esco_id": offer.esco_id,
        "register_id": offer.register_id,
        "reading": reading.value,
        "status": offer.status,
        "kind": offer.kind,
        "add_factor": reading.add_factor,
        "temperature_factor": reading.temperature_factor,
        "heating_value": reading.heating_value,
        "next_read_on": offer.next_read_on,
        "source": offer.source,
        "notes": offer.notes,
        "replaces_id": offer.replaces_id,
    }


def enqueue(connection: psycopg.Connection, verdict: Verdict) -> int:
    """Let a reading wait, or wait on with what is wrong now; its number. The same one waits once."""
    values = _waiting(verdict)
    waiting_id = verdict.offer.waiting_id
    if waiting_id is None:
        row = connection.execute(_QUERIES["enqueue"], values).fetchone()
        if row:
            return int(row[0])
        found = connection.execute(_QUERIES["find_waiting"], values).fetchone()
        assert found, "something was in the way, so it is there"
        return int(found[0])
    connection.execute(_QUERIES["update_waiting"], values)
    return waiting_id


def _waiting(verdict: Verdict) -> dict[str, Any]:
    offer, case = verdict.offer, verdict.case
    stream: Mapping[str, Any] = offer.stream._asdict() if offer.stream else dict.fromkeys(Stream._fields)
    findings = [
        finding_json(problem, may_force=problem.code == "MTR260" or may_be_forced(problem.code))
        for problem in verdict.problems
    ]
    findings += [finding_json(warning, warning=True) for warning in verdict.warnings]
    return {
        **_values(offer),
        **stream,
        "reading_id": offer.reading_id,
        "read_on": offer.reading.read_on,
        "read_at": verdict.at or offer.reading.read_at,
        "file_id": offer.file_id,
        "line": offer.line,
        "error_code": verdict.problems[0].code,
        "findings": json.dumps(findings),
        "waiting_id": offer.waiting_id,
        "previous_reading": case.previous.value if case and case.previous else None,
        "previous_read_on": case.previous.read_on if case and case.previous else None,
        "roll_over": case.roll_over if case else None,
    }


def list_waiting(
    connection: psycopg.Connection,
    ids: Sequence[int] | None = None,
    registers: Iterable[str] | None = None,
    *,
    unknown: bool = False,
) -> list[Offer]:
    """What waits: under these numbers, of these registers, or of those that are not known."""
    values = {
        "ids": None if ids is None else list(ids),
        "registers": None if registers is None else [UUID(one) for one in registers],
        "unknown": unknown,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_waiting_offer(row) for row in cursor.execute(_QUERIES["waiting"], values)]


def _waiting_offer(row: Mapping[str, Any]) -> Offer:
    stream = Stream(*(row[name] for name in Stream._fields)) if row["identifier"] is not None else None
    return Offer(
        row["esco_id"],
        row["register_id"],
        _reading(row, row["read_on"], row["read_at"]),
        row["status"],
        row["kind"],
        str(uuid4()),
        replaces_id=row["replaces_id"],
        next_read_on=row["next_read_on"],
        source=row["source"],
        notes=row["notes"],
        stream=stream,
        file_id=row["file_id"],
        line=row["line"],
        waiting_id=row["id"],
        reading_id=row["reading_id"],
    )


def decide(connection: psycopg.Connection, ids: Sequence[int], decision: str, reason: str) -> None:
    """Note what a person decided; the audit keeps it."""
    connection.execute(_QUERIES["decide"], {"ids": list(ids), "decision": decision, "reason": reason})


def remove_waiting(connection: psycopg.Connection, ids: Sequence[int]) -> None:
    """Take readings out of the queue."""
    connection.execute(_QUERIES["remove_waiting"], {"ids": list(ids)})


def list_queue(connection: psycopg.Connection, code: str | None, limit: int) -> list[dict[str, Any]]:
    """The queue as people see it, by what is wrong."""
    rows = connection.execute(_QUERIES["queue"], {"code": code, "limit": limit})
    return [row[0] for row in rows]


def show(connection: psycopg.Connection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Accepted readings as REST shows them, by id."""
    rows = connection.execute(_QUERIES["shown"], {"ids": list(ids)})
    shown = [json.loads(row[0], parse_float=Decimal) for row in rows]
    return {row["id"]: row for row in shown}


def list_known_sites(
    connection: psycopg.Connection, esco_id: str | UUID, identifiers: Iterable[str]
) -> set[str]:
    """Which of the identifiers any supply point or meter has."""
    values = {"esco_id": esco_id, "identifiers": sorted(set(identifiers))}
    return {row[0] for row in connection.execute(_QUERIES["known_sites"], values)}


def find_register_of(connection: psycopg.Connection, reading_id: str) -> tuple[str, str] | None:
    """Register and ESCO of an accepted reading that stands and counts."""
    row = connection.execute(_QUERIES["register_of_reading"], {"id": reading_id}).fetchone()
    return (row[0], row[1]) if row else None


def mark_misread(connection: psycopg.Connection, reading_id: str, reason: str, by: str) -> str:
    """Add the row that says that a reading counts for nothing; its id."""
    values = {"id": reading_id, "reason": reason, "by": by}
    row = connection.execute(_QUERIES["misread"], values).fetchone()
    assert row
    return str(row[0])


def load_counted(connection: psycopg.Connection, register_id: str) -> Dial | None:
    """A register's readings and multipliers as far as the caller sees them; None if not at all."""
    row = connection.execute(_QUERIES["counted"], {"register_id": register_id}).fetchone()
    if row is None:
        return None
    unit, clock, multipliers, readings = row
    dial = Dial(register_id, "", unit=unit, esco_clock=clock, multipliers=_multipliers(multipliers))
    return _holding(dial, readings)
