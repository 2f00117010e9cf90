"""New prices from a day on: what a plan becomes when another version of it begins to hold."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from submeter.tariffs.model import Component, Plan, Rate

__all__ = ["in_order", "merge"]


def merge(stored: Plan, new: Plan, day: date) -> Plan:
    """The plan as it stood before `day` and as `new` has it from then on.

    A component that differs in its prices alone goes on with others; one that differs in more, or is gone,
    ends, and what is new begins. Merged again with the same, it stays as it is.
    """
    coming = [
        component for component in new.components if component.to_date is None or component.to_date > day
    ]
    went_on: list[Component] = []
    kept = [part for old in stored.components for part in _goes_on(old, coming, day, went_on)]
    begun = [_begun(component, day) for component in coming if component not in went_on]
    return replace(new, components=(*kept, *begun))


def _goes_on(
    old: Component, coming: Sequence[Component], day: date, went_on: list[Component]
) -> Iterator[Component]:
    """What remains of a stored component."""
    if old.to_date is not None and old.to_date <= day:
        yield old
        return
    heir = next((one for one in coming if _is_heir(old, one, day) and one not in went_on), None)
    if heir is not None:
        went_on.append(heir)
        rates = _spliced(old.rates, heir.rates, day)
        yield replace(heir, from_date=old.from_date, rates=rates)
    elif old.from_date is None or old.from_date < day:
        yield replace(old, to_date=day)


def _is_heir(old: Component, new: Component, day: date) -> bool:
    same_day = _first(new, day) == _first(old, day)
    return same_day and _shape(old) == _shape(new)


def _first(component: Component, day: date) -> date:
    return max(day, component.from_date or day)


def _shape(component: Component) -> Component:
    """All but the prices, the days and the words."""
    return replace(component, rates=(), from_date=None, to_date=None, name="", gl_code="")


def _begun(component: Component, day: date) -> Component:
    first = _first(component, day)
    return replace(component, from_date=first, rates=in_order(_after(component.rates, first)))


def _spliced(old: Sequence[Rate], new: Sequence[Rate], day: date) -> tuple[Rate, ...]:
    before = [rate for rate in old if rate.from_date < day]
    after = list(_after(new, day))
    for place, rate in enumerate(before):
        if rate.to_date is None or rate.to_date > day:
            same = next((one for one in after if _continues(rate, one, day)), None)
            before[place] = rate._replace(to_date=same.to_date if same else day)
            after = [one for one in after if one is not same]
    return in_order([*before, *after])


def _after(rates: Sequence[Rate], day: date) -> Iterator[Rate]:
    for rate in rates:
        if rate.to_date is None or rate.to_date > day:
            yield rate._replace(from_date=max(rate.from_date, day))


def _continues(rate: Rate, other: Rate, day: date) -> bool:
    """Whether what is new is the price that holds already."""
    return other.from_date == day and rate._replace(from_date=day, to_date=other.to_date) == other


def in_order(rates: Sequence[Rate] | Iterator[Rate]) -> tuple[Rate, ...]:
    """Prices by day, band and step: as they are kept."""
    return tuple(sorted(rates, key=lambda rate: (rate.from_date, rate.band, rate.step)))
