"""Agreements that are alike in all but their amounts, as the arrays of one batch."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from submeter.rating.counting import Count, Register, Window
from submeter.rating.model import Dated, IntArray, Stream, Usage
from submeter.rating.parts import Part

__all__ = ["Form", "Member", "Shared", "capacity_of", "forms_of", "usage_of"]

_MOST = 1 << 30


class Form(NamedTuple):
    """What makes quantities of registers one stream."""

    product: str
    unit: str
    register_type: str
    direction: str
    minutes: int


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """An agreement's part in a batch: what its registers counted."""

    part: Part
    counted: tuple[tuple[Register, Count], ...]

    def by_form(self) -> Mapping[Form, list[Count]]:
        found: dict[Form, list[Count]] = defaultdict(list)
        for register, count in self.counted:
            found[_form(register, count)].append(count)
        return found


def _form(register: Register, count: Count) -> Form:
    return Form(register.product, register.unit, register.type, register.direction, count.minutes)


class Shared(NamedTuple):
    """Terms that all agreements of a batch have, as what they are grouped by."""

    loss_factors: tuple[tuple[str, tuple[Dated, ...]], ...] = ()
    conversions: tuple[tuple[tuple[str, str, str], tuple[Dated, ...]], ...] = ()
    conditions: frozenset[str] = frozenset()


def forms_of(member: Member) -> tuple[Form, ...]:
    """The streams that an agreement has, in one order for all."""
    return tuple(sorted(member.by_form()))


def usage_of(members: Sequence[Member], forms: Sequence[Form], window: Window) -> Usage:
    """What the agreements used, a row each. Registers of one form are added up, exactly."""
    by_form = [member.by_form() for member in members]
    streams = tuple(_stream(form, [one[form] for one in by_form]) for form in forms)
    return Usage(first=window.first, end=window.end, streams=streams)


def _stream(form: Form, rows: Sequence[Sequence[Count]]) -> Stream:
    decimals = max(count.decimals for row in rows for count in row)
    values = np.stack([_sum(row, decimals) for row in rows])
    small = not values.size or (int(values.max()) < _MOST and int(values.min()) > -_MOST)
    return Stream(
        amounts=values.astype(np.int32) if small else values,
        minutes=form.minutes,
        decimals=decimals,
        unit=form.unit,
        product=form.product,
        register_type=form.register_type,
        direction="export" if form.direction == "export" else "import",
    )


def _sum(counts: Sequence[Count], decimals: int) -> IntArray:
    scaled = [count.values * 10 ** (decimals - count.decimals) for count in counts]
    return scaled[0] if len(scaled) == 1 else np.asarray(np.sum(scaled, axis=0))


def capacity_of(members: Sequence[Member]) -> IntArray | None:
    """Agreed kW or kVA in thousandths; None where one of them has none."""
    held = [member.part.capacity for member in members]
    if any(one is None for one in held):
        return None
    return np.array([int((one or Decimal(0)).scaleb(3)) for one in held], np.int64)
