"""Monthly figures of random tariffs are SAM's, not rounded, within 1e-9 of what the month's lines are about.

`make prove` compares thousands, at least 200 of each metering option. Where `nrel-pysam` cannot be installed
the tests of this file say so and are left out.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from bench.sam.case import UNITS, Case
from bench.sam.plan import METERING

from integration.rating.sam.compare import differences
from integration.rating.sam.generator import random_case

pytest.importorskip(
    "PySAM.Utilityrate5",
    reason="nrel-pysam is not installed (it has no wheel for every machine): nothing is compared with SAM",
)

PROVE = bool(os.environ.get("SUBMETER_PROVE"))
SEED = int(os.environ.get("SUBMETER_SEED", "20261122"))
COUNT = int(os.environ.get("SUBMETER_SAM", "0")) or (3_000 if PROVE else 70)
SHORT_INTERVALS = 70 if PROVE else 5
BITS, SHORT_BITS = 1e-9, 1e-7


@pytest.mark.proof
def test_hours_and_half_hours() -> None:
    check(COUNT, BITS)


@pytest.mark.proof
def test_five_minutes() -> None:
    """SAM keeps the twelfth of an hour as a 32-bit float, and is itself off by 3e-8."""
    check(SHORT_INTERVALS, SHORT_BITS, minutes=5, stride=17)


def test_that_a_difference_is_found() -> None:
    """A case that must fail: SAM is asked about a price that is a thousandth of a cent higher."""
    case = random_case(2, SEED)
    dearer = [tier._replace(buy=tier.buy + Decimal("0.00001")) for tier in case.energy]
    found = list(differences(case, BITS, against=replace(case, energy=tuple(dearer))))
    assert {one.figure for one in found} >= {"energy", "total"}


def check(count: int, most: float, minutes: int | None = None, stride: int = 1) -> None:
    seen: Counter[str] = Counter()
    wrong = []
    for number in range(0, count * stride, stride):
        case = random_case(number, SEED, minutes)
        seen.update(features(case))
        wrong += [(number, *one) for one in differences(case, most)]
    print(  # noqa: T201
        f"\nseed {SEED}, {count} tariffs, {seen['agreements']} agreement-years\n{coverage(seen)}"
    )
    assert not wrong, f"seed {SEED}: {len(wrong)} figures differ, the first: {wrong[:5]}"


def features(case: Case) -> Iterator[str]:
    """What is counted for the table of coverage: of each option, and of options met by units and demand."""
    option = METERING[case.option]
    yield from ["agreements"] * len(case.load)
    yield f"{option}|tariffs"
    yield f"{option}|{case.minutes} min"
    if len(case.periods) > 1:
        yield f"{option}|TOU"
    if len(case.energy) > len(case.periods):
        yield f"{option}|tiers {UNITS[case.unit]}"
        if len(case.periods) > 1:
            yield f"{option}|TOU x tiers"
    yield from (f"{option}|{name}" for name in _demand(case))
    yield from (f"{option}|{name}" for name, there in _rest(case) if there)


def _demand(case: Case) -> Iterator[str]:
    demand = case.demand
    if demand is None:
        return
    if demand.by_period:
        yield "demand TOU"
    if demand.flat:
        yield "demand flat"
    if len(demand.by_period) > len({tier.period for tier in demand.by_period}) or len(demand.flat) > 1:
        yield "demand tiers"
    if demand.ratchet:
        yield "ratchet"
        if any(demand.ratchet.year_zero):
            yield "ratchet, last year's peaks"
        if case.unit in {1, 3} and len(case.energy) > len(case.periods):
            yield "ratchet x kWh/kW"


def _rest(case: Case) -> Iterator[tuple[str, bool]]:
    yield "fixed", bool(case.fixed)
    yield "minimum month", bool(case.minimum_month)
    yield "minimum year", bool(case.minimum_year)
    yield "year ends not in December", case.true_up_month != 12
    yield "roll-over", case.rollover
    yield "credits expire", case.expires
    yield "credits in the same month", case.same_month
    yield "spot buy", case.spot_buy is not None
    yield "spot sell", case.spot_sell is not None


def coverage(seen: Counter[str]) -> str:
    """A row for each feature, a column for each option."""
    names = sorted(
        {key.split("|")[1] for key in seen if "|" in key}, key=lambda name: (name != "tariffs", name)
    )
    head = f"{'':28}" + "".join(f"{option:>19}" for option in METERING)
    rows = [
        f"{name:28}" + "".join(f"{seen[f'{option}|{name}']:>19}" for option in METERING) for name in names
    ]
    return "\n".join([head, *rows])
