"""A meter is taken away and another put in its place: all of it in one transaction, or nothing.

Agreements stay as they are: the supply point is supplied on, only what measures it is another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn
from uuid import UUID, uuid4

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.problems import coded
from submeter.db.transactions import transaction
from submeter.metering import values_store
from submeter.metering.days import DAY, day_of, starts_at
from submeter.metering.exchange import check_exchange, check_readings, no_final, no_opening
from submeter.metering.offers import STATUS_OF, Offer, Verdict, dated
from submeter.metering.reading_desk import Desk
from submeter.metering.readings import Reading, RegisterFacts
from submeter.network import store
from submeter.network.model import MeterPlace

__all__ = ["Exchange", "Exchanged", "exchange_meter", "exchange_of"]

_FACTORS = ("multiplier", "ct_ratio", "vt_ratio", "pulse_weight")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is asked. One of `at`, a moment, and `on`: a day, which is the new meter's from its start."""

    meter_id: UUID
    new_serial: str
    at: datetime | None
    on: date | None
    final: Mapping[str, Decimal]
    """What the old meter showed last, by name of register."""
    opening: Mapping[str, Decimal]
    """What the new one showed first."""
    turns: Mapping[str, Decimal] = field(default_factory=dict)
    """Of final readings before which the dial passed zero: one turn of it, 10^digits."""
    new_meter: Mapping[str, Any] = field(default_factory=dict)
    """name, hardware, manufacturer, approval_mark, location, hazards, attributes."""
    new_registers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By name of register, what changes: digits, decimals, multiplier or ct_ratio, vt_ratio, pulse_weight."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What became of it: `exchanged`, or `repeated` where it was done before."""

    outcome: str
    old_meter_id: UUID
    new_meter_id: UUID
    at: datetime


def exchange_of(arguments: Mapping[str, Any]) -> Exchange:
    """What a request asks for, as a value. Raises Refused (NET132) where it cannot be one."""
    serial = str(arguments.get("new_serial") or "").strip()
    at, on = arguments.get("exchanged_at"), arguments.get("exchanged_on")
    if not serial:
        _cannot_be("new_serial is empty")
    if (at is None) == (on is None):
        _cannot_be("exchanged_at or exchanged_on: one of the two")
    try:
        moment = None if at is None else datetime.fromisoformat(str(at))
        day = None if on is None else date.fromisoformat(str(on))
        meter_id = UUID(str(arguments["meter_id"]))
    except (KeyError, ValueError) as error:
        _cannot_be(str(error))
    if moment is not None and moment.tzinfo is None:
        _cannot_be("exchanged_at without its offset from UTC")
    told = {
        name: arguments.get(name) or {}
        for name in ("final_readings", "opening_readings", "add_factors", "new_meter", "new_registers")
    }
    for name, value in told.items():
        if not isinstance(value, Mapping):
            _cannot_be(f"{name} is no object")
    final, opening = _numbers(told["final_readings"]), _numbers(told["opening_readings"])
    turns = _numbers(told["add_factors"])
    if unread := sorted(set(turns) - set(final)):
        _cannot_be(f"add_factors without a final reading: {', '.join(unread)}")
    return Exchange(
        meter_id, serial, moment, day, final, opening, turns, told["new_meter"], told["new_registers"]
    )


def _numbers(told: Mapping[str, Any]) -> dict[str, Decimal]:
    try:
        numbers = {name: Decimal(str(value)) for name, value in told.items()}
    except InvalidOperation:
        _cannot_be(f"readings that are no numbers: {dict(told)}")
    if not all(number.is_finite() and number >= 0 for number in numbers.values()):
        _cannot_be(f"readings that no dial shows: {dict(told)}")
    return numbers


def _cannot_be(detail: str) -> NoReturn:
    hint = 'Send meter_id, new_serial, exchanged_at or exchanged_on, and readings as {"register": number}'
    raise Refused(Problem("NET132", "This cannot be an exchange", detail, hint))


def exchange_meter(database: Database, caller: Caller, asked: Exchange, now: datetime) -> Exchanged:
    """Close the old meter with its final readings, install the new one with its opening readings.

    The new one has the same registers; circuits and virtual registers count on with them, and what multiplies
    them stays unless said otherwise. Done again with the same values it changes nothing.

    Raises Refused: NET131 to NET137, MTR330 to MTR332, what the checks of readings find in a final or opening
    reading, and what the database refuses (NET107, NET108, NET110).
    """
    try:
        with transaction(database, caller) as connection:
            return _Exchanging(connection, asked, now, Desk(connection, caller, now)).do()
    except psycopg.Error as error:
        problem = coded(error)
        if problem is None:
            raise
        raise Refused(problem) from error


@dataclass
class _Exchanging:
    connection: psycopg.Connection
    asked: Exchange
    now: datetime
    desk: Desk
    """Readings stand by it: what is around them is looked at again."""

    def do(self) -> Exchanged:
        old = store.find_meter(self.connection, meter_id=self.asked.meter_id)
        if old is None:
            hint = "GET /meters lists those that you may see"
            raise Refused(Problem("NET131", "There is no such meter", str(self.asked.meter_id), hint))
        at = self._moment(old)
        if old.installation_id is None or old.point_id is None or old.removed_at is not None:
            return self._repeated(old, at)
        self._refuse_moment(old, at)
        store.lock_point(self.connection, old.point_id)
        registers = store.list_registers_of(self.connection, old.id)
        self._refuse_names([one.name for one in registers])
        pairs = [(one, *self._judged(old, one, at)) for one in registers]
        store.remove_meter(self.connection, old.installation_id, at)
        new_id = self._new_meter(old, at)
        for one, final, opening in pairs:
            self._pass_on(old, one, new_id, (final, opening), at)
        self.desk.flush()
        self.desk.look_around()
        return Exchanged("exchanged", old.id, new_id, at)

    # --- when ---

    def _moment(self, old: MeterPlace) -> datetime:
        if self.asked.at is not None:
            return self.asked.at
        assert self.asked.on
        return starts_at(self.asked.on, old.clock)

    def _refuse_moment(self, old: MeterPlace, at: datetime) -> None:
        assert old.installed_at
        if old.installed_at < at <= self.now:
            return
        detail = f"exchanged at {at}, installed at {old.installed_at}, now {self.now:%Y-%m-%d %H:%M %Z}"
        hint = "Give the moment at which it was done; one that is planned is entered when it is done"
        raise Refused(
            Problem("NET134", "The exchange is not at a time when the meter is in place", detail, hint)
        )

    # --- readings ---

    def _refuse_names(self, names: Sequence[str]) -> None:
        told = {*self.asked.final, *self.asked.opening, *self.asked.new_registers}
        if told - set(names):
            _cannot_be(
                f"the meter has no register {', '.join(sorted(told - set(names)))}; it has {', '.join(names)}"
            )

    def _judged(
        self, old: MeterPlace, one: store.RegisterFacts, at: datetime
    ) -> tuple[Decimal | None, Decimal | None]:
        """Final and opening reading of a register; a register that nobody reads may have neither."""
        final, opening = self.asked.final.get(one.name), self.asked.opening.get(one.name)
        held = values_store.list_readings(self.connection, one.id, old.clock)
        if final is None and opening is None and not held:
            return None, None
        if final is None:
            raise Refused(no_final(f"register {one.name}"))
        if opening is None:
            raise Refused(no_opening(f"register {one.name}"))
        self._check(old, one, at, (final, opening), held)
        return final, opening

    def _check(
        self,
        old: MeterPlace,
        one: store.RegisterFacts,
        at: datetime,
        readings: tuple[Decimal, Decimal],
        held: Sequence[Reading],
    ) -> None:
        day = day_of(at, old.clock)
        assert old.installed_at
        was = RegisterFacts(
            one.type or "ALLDAY", one.direction, one.digits, day_of(old.installed_at, old.clock), day
        )
        digits = self.asked.new_registers.get(one.name, {}).get("digits", one.digits)
        comes = replace(was, digits=digits, installed_on=day, removed_on=None)
        last = Reading(day, readings[0], "CLOSING", at, self._turn(one.name))
        first = Reading(day, readings[1], "OPENING", at)
        billed = Reading(old.billed_to - DAY, readings[0]) if old.billed_to is not None else None
        before = [reading for reading in held if reading.read_at and reading.read_at < at]
        problems = check_exchange(was, last, comes, first)
        problems += check_readings(was, last, comes, first, before, billed, day_of(self.now, old.clock))
        if problems:
            raise Refused(problems[0])

    def _turn(self, name: str) -> Decimal:
        return self.asked.turns.get(name, Decimal(0))

    # --- what is done ---

    def _new_meter(self, old: MeterPlace, at: datetime) -> UUID:
        """The new meter in the old one's place: made, or taken from the shelf."""
        assert old.point_id
        known = store.find_meter(self.connection, esco_id=old.esco_id, serial=self.asked.new_serial)
        if known is not None and (known.installation_id is not None or known.id == old.id):
            hint = "Compare the serial number; a meter that hung elsewhere is moved by meter_installations"
            raise Refused(
                Problem("NET135", "The new meter is known, and was in place before", known.serial, hint)
            )
        about = {"location": old.location, "hazards": old.hazards, **self.asked.new_meter}
        new_id = (
            known.id if known else store.add_meter(self.connection, old.esco_id, self.asked.new_serial, about)
        )
        if known and store.names_of(self.connection, known.id):
            hint = "Take its registers away first, or enter the exchange by meter_installations"
            raise Refused(Problem("NET137", "The new meter has registers already", known.serial, hint))
        store.install(self.connection, old.esco_id, new_id, old.point_id, at)
        return new_id

    def _pass_on(
        self,
        old: MeterPlace,
        one: store.RegisterFacts,
        new_id: UUID,
        readings: tuple[Decimal | None, Decimal | None],
        at: datetime,
    ) -> None:
        """A register of the old meter ends, and one of the new goes on for it."""
        about, (final, opening) = self.asked.new_registers.get(one.name, {}), readings
        if final is not None:
            self._read(old, one.id, at, Reading(at.date(), final, "CLOSING", at, self._turn(one.name)))
        store.close_register(self.connection, one.id, at)
        register_id = store.copy_register(self.connection, one.id, new_id, about)
        day = day_of(at, old.clock)
        if any(name in about for name in _FACTORS):
            store.add_multiplier(self.connection, old.esco_id, register_id, about, day)
        else:
            store.copy_multiplier(self.connection, one.id, register_id, day)
        store.move_register(self.connection, one.id, register_id, at)
        if opening is not None:
            self._read(old, register_id, at, Reading(at.date(), opening, "OPENING", at))

    def _read(self, old: MeterPlace, register_id: UUID, at: datetime, reading: Reading) -> None:
        there = values_store.find_reading(self.connection, register_id, at)
        if there is not None:
            if there == (reading.value, reading.add_factor):
                return
            hint = "Correct it over REST (replaces_id), or enter the exchange with the reading that is there"
            detail = f"{_in_words(there)} at {at}"
            raise Refused(Problem("NET136", "Another reading or exchange stands there", detail, hint))
        self.desk.know([str(register_id)])
        status, kind = STATUS_OF[reading.sub_type]
        offer = Offer(
            str(old.esco_id), str(register_id), reading, status, kind, str(uuid4()), by_clock=True,
            source=f"exchange of meter {old.serial}",
        )  # fmt: skip
        # Judged already, with both meters in view.
        self.desk.place(Verdict("placed", dated(self.desk.dials[str(register_id)], offer), at=at))

    # --- again ---

    def _repeated(self, old: MeterPlace, at: datetime) -> Exchanged:
        """The same exchange, done before. Another one is refused: the meter is gone."""
        found = None
        if old.installation_id is not None:
            found = store.find_exchange(self.connection, old.installation_id, self.asked.new_serial)
        if found is None or found[1] != at:
            detail = f"meter {old.serial}" + (f", removed at {old.removed_at}" if old.removed_at else "")
            hint = "Look at meter_installations; an exchange that was entered wrong is corrected there"
            raise Refused(Problem("NET133", "The meter is not in place", detail, hint))
        self._refuse_other_readings(old.id, self.asked.final, self.asked.turns, at)
        self._refuse_other_readings(found[0], self.asked.opening, {}, at)
        return Exchanged("repeated", old.id, found[0], at)

    def _refuse_other_readings(
        self, meter_id: UUID, told: Mapping[str, Decimal], turns: Mapping[str, Decimal], at: datetime
    ) -> None:
        names = store.names_of(self.connection, meter_id)
        for name, value in told.items():
            there = values_store.find_reading(self.connection, names[name], at) if name in names else None
            now = (value, turns.get(name, Decimal(0)))
            if there != now:
                hint = "Correct the reading over REST (replaces_id), if the exchange was entered wrong"
                detail = f"register {name}: {_in_words(there)} at {at}, now {_in_words(now)}"
                raise Refused(Problem("NET136", "Another reading or exchange stands there", detail, hint))


def _in_words(reading: tuple[Decimal, Decimal] | None) -> str:
    if reading is None:
        return "nothing"
    return f"{reading[0]}" + (f" after a turn of {reading[1]}" if reading[1] else "")
