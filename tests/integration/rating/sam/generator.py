"""Random tariffs and years of use, the same for the same seed. Metering options, units of tiers, ratchets, lengths
of interval and the rest are crossed by counting, so that each meets each; prices, limits and loads are drawn.

What SAM does not do as it says it does is left out, and said in docs/explanation/metering-options.md.
"""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from bench.sam.case import DAYS, Case, Demand, Grid, Ratchet, Tier, flat_grid
from numpy.random import Generator

from submeter.rating.model import IntArray

AGREEMENTS = 2
MINUTES = (60, 30, 60, 30, 60, 60, 30)


def random_case(number: int, seed: int, minutes: int | None = None) -> Case:
    """The `number`-th case. `number` alone decides which features meet, `seed` and it the figures."""
    draw = np.random.default_rng([seed, number])
    option = number % 5
    turn = number // 5
    unit, tiers, periods = turn % 4, 1 + (turn // 4 + turn) % 3, 1 + (turn // 2) % 4
    minutes = minutes or MINUTES[turn % len(MINUTES)]
    load, made = _load(draw, minutes), _made(draw, minutes)
    weekday, weekend = _grids(draw, periods, same_all_year=option == 0)
    spot = option > 1 and turn % 7 == 3
    per_kw = tiers > 1 and unit in {1, 3}
    demand = _demand(draw, turn, option, per_kw=per_kw)
    return Case(
        option=option,
        minutes=minutes,
        load=load,
        made=made,
        weekday=weekday,
        weekend=weekend,
        energy=_tiers(draw, _used(weekday, weekend), tiers, _LIMITS[unit]),
        unit=unit if tiers > 1 else 0,
        demand=demand,
        fixed=_price(draw, 40, 2) if turn % 3 else Decimal(0),
        minimum_month=_price(draw, 400, 2) if turn % 5 in {1, 3} else Decimal(0),
        minimum_year=_price(draw, 4000, 2) if turn % 5 in {2, 3} else Decimal(0),
        true_up_month=12 if turn % 2 else int(draw.integers(1, 13)),
        year_end_price=_price(draw, 0.1, 5) if option == 0 else Decimal(0),
        rollover=option == 0 and turn % 3 == 1,
        expires=option == 3 and turn % 3 == 1,
        same_month=option == 3 and turn % 2 == 1,
        spot_buy=_spot(draw, minutes) if spot else None,
        spot_sell=_spot(draw, minutes) if spot and turn % 2 else None,
    )


_LIMITS = ((50, 900), (20, 400), (2, 30), (1, 12))
"""Where the limits of tiers lie, by unit."""


def _price(draw: Generator, most: float, decimals: int) -> Decimal:
    return Decimal(int(draw.integers(1, int(most * 10**decimals) + 1))).scaleb(-decimals)


def _load(draw: Generator, minutes: int) -> IntArray:
    """Whole watt-hours: a base, mornings and evenings, chance, and now and then a peak. Never all zero in a month."""
    count = 365 * 1440 // minutes
    hour = (np.arange(count) * minutes // 60) % 24
    size = draw.choice([0.4, 2.0, 12.0])
    shape = 0.3 + (hour >= 17) * draw.uniform(0.2, 2) + ((hour >= 6) & (hour < 9)) * draw.uniform(0, 1)
    kw = size * shape * draw.exponential(1, (AGREEMENTS, count))
    kw *= draw.random((AGREEMENTS, count)) > draw.choice([0, 0.3])
    kw += (draw.random((AGREEMENTS, count)) < 0.001) * size * 10
    return np.asarray((kw * 1000 * minutes / 60).astype(np.int64))


def _made(draw: Generator, minutes: int) -> IntArray:
    """Whole watt-hours of the sun: none at night, more in the middle of the year; some have no sun at all."""
    count = 365 * 1440 // minutes
    at = np.arange(count) * minutes / 1440
    sun = np.maximum(np.sin((at % 1 - 0.25) * 2 * np.pi), 0) * (1 - 0.6 * np.cos(at / 365 * 2 * np.pi))
    size = draw.choice([0, 1.0, 4.0, 15.0], p=[0.1, 0.3, 0.4, 0.2])
    kw = size * sun * draw.uniform(0.1, 1, (AGREEMENTS, count))
    return np.asarray((kw * 1000 * minutes / 60).astype(np.int64))


def _spot(draw: Generator, minutes: int) -> IntArray:
    """Millionths of a dollar each kWh; below zero at times."""
    return draw.integers(-50_000, 400_000, 365 * 1440 // minutes)


def _grids(draw: Generator, periods: int, *, same_all_year: bool) -> tuple[Grid, Grid]:
    """Windows by season. Where energy is carried by period, each must be there every month at an hour SAM looks at."""
    if periods == 1:
        return flat_grid(), flat_grid()
    seasons = 1 if same_all_year else int(draw.integers(1, 4))
    edges = sorted(draw.choice(np.arange(1, 12), seasons - 1, replace=False).tolist())
    work, rest = [], []
    for first, end in zip([0, *edges], [*edges, 12], strict=True):
        day = _day(draw, periods, whole=same_all_year)
        free = day if draw.random() < 0.4 else tuple(int(draw.integers(1, periods + 1)) for _ in range(24))
        work += [day] * (end - first)
        rest += [free] * (end - first)
    return _numbered(work, rest), _numbered(rest, work)


def _numbered(grid: Sequence[tuple[int, ...]], also: Sequence[tuple[int, ...]]) -> Grid:
    """Periods that are used, counted from 1 without gaps: SAM takes numbers for places."""
    places = {old: new for new, old in enumerate(_used(grid, also), start=1)}
    return tuple(tuple(places[period] for period in month) for month in grid)


_PROBED = (0, 5, 11, 17)
"""The hours at which SAM looks for the period that a surplus goes to."""


def _day(draw: Generator, periods: int, *, whole: bool) -> tuple[int, ...]:
    cuts = sorted(draw.choice(np.arange(1, 24), 4, replace=False).tolist())
    day = np.zeros(24, int)
    for start, end in zip([0, *cuts], [*cuts, 24], strict=True):
        day[start:end] = draw.integers(1, periods + 1)
    if whole:
        day[list(_PROBED[:periods])] = np.arange(1, periods + 1)
    return tuple(day.tolist())


def _used(weekday: Sequence[tuple[int, ...]], weekend: Sequence[tuple[int, ...]]) -> list[int]:
    return sorted({period for grid in (weekday, weekend) for month in grid for period in month})


def _tiers(draw: Generator, periods: list[int], tiers: int, around: tuple[int, int]) -> tuple[Tier, ...]:
    limits = np.sort(draw.integers(*around, tiers - 1)) + np.arange(tiers - 1)
    ends: list[Decimal | None] = [Decimal(int(one)) for one in limits]
    return tuple(
        Tier(period, tier, end, _price(draw, 0.6, 5), _price(draw, 0.2, 5))
        for period in periods
        for tier, end in enumerate([*ends, None], start=1)
    )


def _demand(draw: Generator, turn: int, option: int, *, per_kw: bool) -> Demand | None:
    """None, of the month, by period, or both; with and without a ratchet."""
    how = ("", "flat", "period", "both", "ratchet flat", "ratchet period", "ratchet both")[turn % 11 % 7]
    if not how:
        return None
    by_period, flat = "flat" not in how, "period" not in how
    weekday, weekend = _grids(draw, 2, same_all_year=False) if by_period else (flat_grid(), flat_grid())
    used = _used(weekday, weekend)
    rule = _ratchet(draw, used[-1] if len(used) > 1 else 0, option) if "ratchet" in how else None
    if rule and rule.period and (per_kw or not all(rule.period in month for month in weekday)):
        rule = (
            None  # in a month without the period SAM compares nothing; our limits know one peak, not a band's
        )
    if rule and per_kw:
        rule = rule._replace(year_zero=(0,) * len(DAYS))  # for which SAM's window is another
    return Demand(
        weekday=weekday,
        weekend=weekend,
        by_period=_tiers(draw, used, int(draw.integers(1, 3)), (1, 10)) if by_period else (),
        flat=_tiers(draw, [1], int(draw.integers(1, 4)), (1, 10)) if flat else (),
        ratchet=rule,
    )


def _ratchet(draw: Generator, period: int, option: int) -> Ratchet:
    """With two meters SAM holds both to minimum and last year, also the one of what is sold: there, neither."""
    months = int(draw.integers(1, 13))
    counted = frozenset(range(1, 13) if draw.random() < 0.5 else draw.choice(12, 6, replace=False) + 1)
    before = draw.random() < 0.5 and option != 4
    return Ratchet(
        months=months,
        percent=int(draw.integers(10, 101)),
        counted=frozenset(int(month) for month in counted),
        minimum=Decimal(int(draw.integers(0, 4))) if option != 4 else Decimal(0),
        year_zero=tuple(int(one) for one in draw.integers(0, 40, len(DAYS))) if before else (0,) * len(DAYS),
        period=period,
    )
