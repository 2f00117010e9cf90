"""The one way by which dial readings find their place: judged in the order of time, placed or left to wait.

Whatever is placed, the readings around it are looked at again: what waits of the register may pass now, and
the next accepted reading may not. So the order in which readings come does not matter in the end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.metering import reading_problems as problems
from submeter.metering import reading_store as store
from submeter.metering.dial import Dial, Held, is_beside, next_of
from submeter.metering.offers import Offer, Verdict, dated, failing, forced, in_doubt, judge, order
from submeter.metering.reading_checks import contradicts
from submeter.metering.readings import Reading

__all__ = ["Desk", "Settled"]


class Settled(NamedTuple):
    """What became of an offer."""

    kind: Literal["placed", "duplicate", "waiting", "confirmed"]
    reading_id: str | None
    """The accepted reading: this one, or the one that says the same."""
    waiting_id: int | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass
class Desk:
    """Takes readings within one transaction of a caller."""

    connection: psycopg.Connection
    caller: Caller
    now: datetime
    dials: dict[str, Dial] = field(default_factory=dict)
    to_place: list[Verdict] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    """Registers that got a reading, or lost one, since what waits of them was looked at."""
    doubtful: dict[str, str] = field(default_factory=dict)
    """Accepted readings that another came before, with their registers."""

    @property
    def is_customers(self) -> bool:
        return self.caller.role == "authenticated"

    def take(self, offers: Sequence[Offer]) -> list[Settled]:
        """Judge and settle offers, in the order of time; what became of each, in the order they were given.

        Raises Refused with the first thing wrong of one that may not wait.
        """
        self.know(offer.register_id for offer in offers if offer.register_id)
        at_site = [(number, self.dated(offer)) for number, offer in enumerate(offers)]
        settled: dict[int, Settled] = {}
        for number, offer in sorted(at_site, key=lambda pair: (*order(pair[1]), pair[0])):
            settled[number] = self.settle(offer)
        self.flush()
        self.look_around()
        return [settled[number] for number in range(len(offers))]

    def know(self, registers: Iterable[str]) -> None:
        """Lock the registers that are not known yet, then load what is held of them."""
        new = sorted(set(registers) - set(self.dials))
        if new:
            store.lock(self.connection, new)
            self.dials.update(store.load_dials(self.connection, new, for_customer=self.is_customers))

    def dial_of(self, offer: Offer) -> Dial | None:
        return self.dials[offer.register_id] if offer.register_id else None

    def dated(self, offer: Offer) -> Offer:
        dial = self.dial_of(offer)
        return offer if dial is None else dated(dial, offer)

    # --- one reading ---

    def settle(self, offer: Offer) -> Settled:
        """What becomes of a reading whose register is known to the desk."""
        dial = self.dial_of(offer)
        if dial and offer.reading_id is not None:
            return self.settle_held(dial, offer.reading_id, offer.waiting_id)
        return self.do(judge(dial, offer, self.now))

    def do(self, verdict: Verdict) -> Settled:
        """Place a reading, let it wait, or drop it."""
        offer, found = verdict.offer, (verdict.problems, verdict.warnings)
        if verdict.kind == "waiting":
            if not offer.may_wait:
                raise Refused(self.told(verdict))
            waiting_id = store.enqueue(self.connection, verdict)
            if self.is_customers:
                found = (tuple(problems.waiting_for_customers(one) for one in verdict.problems), ())
            return Settled("waiting", None, waiting_id, *found)
        if verdict.kind == "duplicate":
            self.refuse_twin(verdict)
        else:
            self.place(verdict)
        if offer.waiting_id is not None:
            store.remove_waiting(self.connection, [offer.waiting_id])
        stands = verdict.held_id if verdict.kind == "duplicate" else offer.id
        return Settled(verdict.kind, stands, None, *found)

    def told(self, verdict: Verdict) -> Problem:
        """Why it is refused, in words for the caller."""
        problem = verdict.problems[0]
        return problems.for_customers(problem) if self.is_customers else problem

    def refuse_twin(self, verdict: Verdict) -> None:
        """Whoever asks for all or nothing is told that a row is there already, as by a unique key."""
        dial = self.dial_of(verdict.offer)
        held = dial.find(verdict.held_id) if dial else None
        if held and not verdict.offer.may_wait and held.at == verdict.at:
            raise Refused(problems.in_the_way(verdict.offer.register_id, f"it was read at {held.at}"))

    def place(self, verdict: Verdict) -> None:
        """Hold the reading from now on; it is written with the next flush."""
        dial = self.dial_of(verdict.offer)
        assert dial
        self.to_place.append(verdict)
        self.touched.add(dial.register_id)
        if verdict.offer.reading.sub_type != "MISREAD":
            dial = dial.with_held(verdict.held, verdict.replaces)
            self.dials[dial.register_id] = dial
            self.doubt_next(dial, verdict.offer.reading)

    def doubt_next(self, dial: Dial, reading: Reading) -> None:
        """What follows was judged by another reading before it."""
        after = next_of(dial, reading)
        if after:
            self.doubtful[after.id] = dial.register_id

    def flush(self) -> None:
        """Write what is placed."""
        store.add_readings(self.connection, self.to_place, self.caller.signature())
        self.to_place.clear()

    # --- around it ---

    def look_around(self) -> None:
        """Look again at what waits of the registers that got a reading, and at what follows each reading.

        Not for a customer, who may see neither: staff's next look finds it.
        """
        if self.is_customers:
            return
        while self.touched:
            registers, self.touched = self.touched, set()
            waiting = [self.dated(one) for one in store.list_waiting(self.connection, registers=registers)]
            for offer in sorted(waiting, key=order):
                self.settle(offer)
            self.flush()
        for reading_id, register_id in self.doubtful.items():
            self.settle_held(self.dials[register_id], reading_id)
        self.doubtful.clear()

    def settle_held(self, dial: Dial, reading_id: str, waiting_id: int | None = None) -> Settled:
        """An accepted reading in doubt: it waits in the queue, and leaves it if it passes or is gone."""
        held = dial.find(reading_id)
        wrong = failing(dial, held, self.now) if held else ()
        if held and wrong:
            verdict = Verdict(
                "waiting", replace(in_doubt(dial, held), waiting_id=waiting_id), wrong, at=held.at
            )
            return Settled("waiting", reading_id, store.enqueue(self.connection, verdict), wrong)
        if waiting_id is not None:
            store.remove_waiting(self.connection, [waiting_id])
        return Settled("confirmed", reading_id)

    # --- what people decide ---

    def force(self, offer: Offer, reason: str) -> Settled:
        """Place what waits, as far as what failed may be overruled; else it waits on."""
        self.know([offer.register_id] if offer.register_id else [])
        offer = self.dated(offer)
        dial = self.dial_of(offer)
        if dial and offer.reading_id is not None:
            return self.confirm(offer, reason)
        verdict = judge(dial, offer, self.now)
        if dial is None or verdict.kind != "waiting" or not verdict.may_be_forced:
            return self.do(verdict)
        for held in _contradicted(dial, verdict):
            self.mark_misread(held, dial.register_id, reason)
        assert offer.waiting_id is not None
        store.decide(self.connection, [offer.waiting_id], "forced", reason)
        return self.do(forced(self.dials[dial.register_id], verdict, reason))

    def confirm(self, offer: Offer, reason: str) -> Settled:
        """An accepted reading stays as it is: a person says that it is right."""
        assert offer.waiting_id is not None
        store.decide(self.connection, [offer.waiting_id], "forced", reason)
        store.remove_waiting(self.connection, [offer.waiting_id])
        return Settled("confirmed", offer.reading_id)

    def mark_misread(self, held: Held, register_id: str, reason: str) -> str:
        """From now on the reading counts for nothing. The id of the row that says so."""
        marked = store.mark_misread(self.connection, held.id, reason, self.caller.signature())
        self.dials[register_id] = self.dials[register_id].without(held.id)
        self.touched.add(register_id)
        self.doubt_next(self.dials[register_id], held.reading)
        return marked


def _contradicted(dial: Dial, verdict: Verdict) -> list[Held]:
    """What is held for the same moment with another value, and is wrong if this one is right."""
    if not any(problem.code == "MTR312" for problem in verdict.problems):
        return []
    reading = verdict.offer.reading
    beside = [one for one in dial.held if is_beside(one.reading, reading) and not one.reading.is_estimate]
    return [one for one in beside if contradicts(reading, one.reading)]
