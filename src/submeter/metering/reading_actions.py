"""What people ask for about dial readings: add them, look after the queue, mark a misread."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import reading_problems as problems
from submeter.metering import reading_store, store
from submeter.metering.model import Stream
from submeter.metering.offers import Offer, finding_json, said_by_rule
from submeter.metering.placing import Candidate
from submeter.metering.reading_desk import Desk, Settled
from submeter.metering.reading_registers import with_register

__all__ = [
    "Outcome",
    "add_readings",
    "delete_readings",
    "force_readings",
    "list_queue",
    "mark_misread",
    "process_readings",
    "retry_unknown",
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a reading of the queue: placed, duplicate, confirmed, deleted, or waiting (on)."""

    waiting_id: int
    outcome: str
    reading_id: str | None = None
    codes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "waiting_id": self.waiting_id,
            "outcome": self.outcome,
            "reading_id": self.reading_id,
            "codes": list(self.codes),
        }


def add_readings(
    database: Database, caller: Caller, rows: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Add rows of `meter_readings`; as they stand then, or with `waiting_id` and `findings` where they wait.

    All of them or none: the first that a check does not let pass is refused with the code of the check,
    unless the row says `on_failure: queue`. Raises Refused, and psycopg.Error for what the database refuses.
    """
    with transaction(database, caller) as connection:
        offers = reading_store.list_offered(connection, rows)
        for offer in offers:
            _refuse_no_turn(offer.reading.add_factor)
        _refuse_twins(offers)
        settled = Desk(connection, caller, now).take(offers)
        placed = reading_store.show(connection, [one.reading_id for one in settled if one.reading_id])
    return [
        placed[one.reading_id] if one.reading_id in placed else _as_row(offer, one)
        for offer, one in zip(offers, settled, strict=True)
    ]


def _refuse_twins(offers: Sequence[Offer]) -> None:
    """All or nothing: two rows for one moment are refused as by a unique key, whatever they say."""
    seen = set()
    for offer in offers:
        reading = offer.reading
        change = reading.sub_type if reading.sub_type in ("OPENING", "CLOSING", "MISREAD") else ""
        moment = (offer.register_id, reading.read_at, change)
        if moment in seen and not offer.may_wait and change != "MISREAD":
            raise Refused(problems.in_the_way(offer.register_id, f"two rows are about {reading.read_at}"))
        seen.add(moment)


def _as_row(offer: Offer, settled: Settled) -> dict[str, Any]:
    """A reading that waits, in the columns of meter_readings. It has no id: it is none yet."""
    reading = offer.reading
    return {
        "esco_id": offer.esco_id,
        "register_id": offer.register_id,
        "timestamp": reading.read_at,
        "reading": reading.value,
        "status": offer.status,
        "kind": offer.kind,
        "sub_type": reading.sub_type,
        "add_factor": reading.add_factor,
        "source": offer.source,
        "notes": offer.notes,
        "waiting_id": settled.waiting_id,
        "findings": [finding_json(problem) for problem in settled.problems],
    }


# The queue ------------------------------------------------------------------------------------------------


def list_queue(
    database: Database, caller: Caller, code: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """What waits, by what is wrong, each with the reading before it: rows of `reading_queue`."""
    with transaction(database, caller) as connection:
        return reading_store.list_queue(connection, code, limit)


def process_readings(
    database: Database,
    caller: Caller,
    ids: Sequence[int] | None,
    now: datetime,
    add_factor: Decimal | None = None,
) -> list[Outcome]:
    """Check what waits again: under these numbers, or all of it. `add_factor` notes a dial that passed zero.

    Raises Refused: MTR261 for a number under which nothing waits, MTR317 for what no dial turns by.
    """
    if add_factor is not None:
        _refuse_no_turn(add_factor)
    with transaction(database, caller) as connection:
        desk = Desk(connection, caller, now)
        offers = _at_desk(desk, ids)
        if add_factor is not None:
            offers = [_rolled(offer, add_factor) for offer in offers]
        settled = desk.take(offers)
    return [_outcome(offer, one) for offer, one in zip(offers, settled, strict=True)]


def _refuse_no_turn(add_factor: Decimal) -> None:
    """What is no number, or less than nothing, is refused before anything is worked out with it."""
    if not add_factor.is_finite() or add_factor < 0:
        raise Refused(said_by_rule("MTR317", str(add_factor)))


def _rolled(offer: Offer, add_factor: Decimal) -> Offer:
    return replace(offer, reading=replace(offer.reading, add_factor=add_factor))


def force_readings(
    database: Database, caller: Caller, ids: Sequence[int], reason: str, now: datetime
) -> list[Outcome]:
    """Accept what waits, although checks failed; what may not be overruled waits on.

    What is held for the same moment with another value is marked as MISREAD. Raises Refused: MTR261, MTR263
    without a reason, MTR262 where it is one reading and it may not be forced.
    """
    _demand(reason, "a reading is forced")
    with transaction(database, caller) as connection:
        desk = Desk(connection, caller, now)
        offers = _at_desk(desk, ids)
        settled = [desk.force(offer, reason) for offer in offers]
        desk.flush()
        desk.look_around()
        if len(settled) == 1 and settled[0].kind == "waiting":
            raise Refused(problems.may_not_force(ids[0], settled[0].problems))
    return [_outcome(offer, one) for offer, one in zip(offers, settled, strict=True)]


def delete_readings(
    database: Database, caller: Caller, ids: Sequence[int], reason: str, now: datetime
) -> list[Outcome]:
    """Take readings out of the queue; the audit keeps them. An accepted one in doubt becomes a MISREAD.

    Raises Refused: MTR261, MTR263 without a reason.
    """
    _demand(reason, "a reading is deleted")
    with transaction(database, caller) as connection:
        offers = _at_desk(Desk(connection, caller, now), ids)
        for offer in offers:
            if offer.reading_id:
                _mark(connection, caller, offer.reading_id, reason, now)
        reading_store.decide(connection, ids, "deleted", reason)
        reading_store.remove_waiting(connection, ids)
    return [Outcome(offer.waiting_id or 0, "deleted", offer.reading_id) for offer in offers]


def _demand(reason: str, what: str) -> None:
    if not reason.strip():
        raise Refused(problems.no_reason(what))


def _at_desk(desk: Desk, ids: Sequence[int] | None) -> list[Offer]:
    """What waits, with its registers locked first: whoever adds a reading locks in the same order."""
    offers = find_registers(desk.connection, _waiting(desk.connection, ids))
    desk.know(offer.register_id for offer in offers if offer.register_id)
    still = {offer.waiting_id for offer in _waiting(desk.connection, ids)}
    return [offer for offer in offers if offer.waiting_id in still]


def _waiting(connection: psycopg.Connection, ids: Sequence[int] | None) -> list[Offer]:
    found = reading_store.list_waiting(connection, ids)
    missing = sorted(set(ids or ()) - {offer.waiting_id for offer in found})
    if missing:
        raise Refused(problems.nothing_waits(missing))
    return found


def _outcome(offer: Offer, settled: Settled) -> Outcome:
    codes = tuple(problem.code for problem in settled.problems) if settled.kind == "waiting" else ()
    return Outcome(offer.waiting_id or 0, settled.kind, settled.reading_id, codes)


# Whose they are -------------------------------------------------------------------------------------------


def find_registers(connection: psycopg.Connection, offers: Sequence[Offer]) -> list[Offer]:
    """The offers with the registers that their names mean now, as far as they are known."""
    found: dict[tuple[str, Stream], tuple[tuple[Candidate, ...], bool]] = {}
    unknown = [offer for offer in offers if offer.register_id is None]
    for esco_id in {offer.esco_id for offer in unknown}:
        streams = {offer.stream for offer in unknown if offer.esco_id == esco_id and offer.stream}
        known = resolve(connection, esco_id, streams)
        found |= {(esco_id, stream): fits for stream, fits in known.items()}
    return [_with_register(offer, found) for offer in offers]


def resolve(
    connection: psycopg.Connection, esco_id: str, streams: Iterable[Stream]
) -> dict[Stream, tuple[tuple[Candidate, ...], bool]]:
    """For each stream the registers that it may mean, and whether anything has its identifier."""
    wanted = list(streams)
    candidates = store.resolve(connection, UUID(esco_id), wanted)
    lost = [stream.identifier for stream in wanted if not candidates[stream]]
    known = reading_store.list_known_sites(connection, esco_id, lost) if lost else set()
    return {
        stream: (candidates[stream], bool(candidates[stream]) or stream.identifier in known)
        for stream in wanted
    }


def _with_register(
    offer: Offer, found: Mapping[tuple[str, Stream], tuple[tuple[Candidate, ...], bool]]
) -> Offer:
    if offer.register_id is not None or offer.stream is None:
        return offer
    candidates, site_known = found[offer.esco_id, offer.stream]
    return with_register(offer, candidates, site_known=site_known)


def retry_unknown(connection: psycopg.Connection, caller: Caller, now: datetime) -> int:
    """Try again what waits for its supply point or meter, in the caller's transaction; how many found it."""
    desk = Desk(connection, caller, now)
    waiting = reading_store.list_waiting(connection, unknown=True)
    found = [offer for offer in find_registers(connection, waiting) if offer.register_id]
    desk.know(offer.register_id for offer in found if offer.register_id)
    if found:
        still = {offer.waiting_id for offer in reading_store.list_waiting(connection, unknown=True)}
        found = [offer for offer in found if offer.waiting_id in still]
        desk.take(found)
    return len(found)


# Misreads -------------------------------------------------------------------------------------------------


def mark_misread(
    database: Database, caller: Caller, reading_id: str, reason: str, now: datetime
) -> list[dict[str, Any]]:
    """Mark an accepted reading as MISREAD: a new row that names it, and counts for nothing. That row.

    Raises Refused: MTR263 without a reason, MTR264 where no such reading stands and counts.
    """
    _demand(reason, "a reading is marked as MISREAD")
    with transaction(database, caller) as connection:
        marked = _mark(connection, caller, reading_id, reason, now)
        return list(reading_store.show(connection, [marked]).values())


def _mark(connection: psycopg.Connection, caller: Caller, reading_id: str, reason: str, now: datetime) -> str:
    found = reading_store.find_register_of(connection, reading_id)
    if found is None:
        raise Refused(problems.no_such_reading(reading_id))
    desk = Desk(connection, caller, now)
    desk.know([found[0]])
    held = desk.dials[found[0]].find(reading_id)
    if held is None:  # somebody else was quicker
        raise Refused(problems.no_such_reading(reading_id))
    marked = desk.mark_misread(held, found[0], reason)
    desk.look_around()
    return marked
