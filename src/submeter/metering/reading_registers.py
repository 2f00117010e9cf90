"""Whose dial a reading of a file means: the register that its names fit on its day."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from submeter.core.problem import Problem
from submeter.metering.model import Stream
from submeter.metering.offers import Offer, said_by_rule
from submeter.metering.placing import Candidate
from submeter.metering.problems import other_unit, several_of_reading

__all__ = ["with_register"]

_CLOCKS = timedelta(hours=14)
"""Clocks differ from UTC by so much at most: a local day lies within."""


def with_register(offer: Offer, candidates: Sequence[Candidate], *, site_known: bool) -> Offer:
    """The offer with its register, or with why it has none: MTR302, MTR303, MTR212, MTR215."""
    found = _register(offer, candidates, site_known=site_known)
    if isinstance(found, Problem):
        return replace(offer, problem=found)
    return replace(offer, register_id=str(found.register_id), problem=None)


def _register(offer: Offer, candidates: Sequence[Candidate], *, site_known: bool) -> Candidate | Problem:
    assert offer.stream
    fits = _on_the_day(offer, candidates) or _one_of_all(candidates)
    if not fits:
        code = "MTR303" if site_known else "MTR302"
        return said_by_rule(code, _said(offer.stream))
    if any(after.from_at < before.to_at for before, after in pairwise(fits)):
        return several_of_reading(offer.stream, offer.reading.read_on)
    # Where the meter was exchanged on the day: the last reading is the old one's, all others the new one's.
    chosen = fits[0] if offer.reading.sub_type == "CLOSING" else fits[-1]
    if offer.stream.unit not in ("", chosen.unit):
        return other_unit(offer.stream, chosen.unit, offer.reading.read_on)
    return chosen


def _on_the_day(offer: Offer, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those in place at the moment, or at any time of the day; one for each register."""
    first, end = _span(offer.reading.read_on, offer.reading.read_at)
    there = [one for one in candidates if one.from_at <= end and one.to_at >= first]
    return sorted({one.register_id: one for one in there}.values(), key=lambda one: one.from_at)


def _one_of_all(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The register that is meant though it was not in place: the checks say so."""
    registers = {one.register_id: one for one in candidates}
    return list(registers.values()) if len(registers) == 1 else []


def _span(day: date, at: datetime | None) -> tuple[datetime, datetime]:
    if at is not None:
        return at, at
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return noon - _CLOCKS, noon + _CLOCKS


def _said(stream: Stream) -> str:
    parts = (stream.scheme, stream.identifier, stream.register, stream.serial and f"meter {stream.serial}")
    return " ".join(part for part in parts if part)
