"""bench/rating: bills by a price plan, beside NREL's SAM (PySAM) in the same run.

The plan has two time bands with two steps each, demand by period and of the month, and a fixed price. Seconds
are those of the processor; both sides have one thread. The sides take turns; of each turn the best round
counts, and how many times as fast is the middle of the turns. Bills of both sides must be the same.

    make bench-rating                              all of it
    make bench-rating ARGS="--million 100000"      a shorter stream
    make bench-rating ARGS="--alone"               without PySAM; nothing is judged that needs it
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from bench.goals import met
from bench.sam.case import Case, Demand, Grid, Tier
from bench.sam.oracle import inputs, run
from bench.sam.plan import CALENDAR, METERING, MONTHS, plan_of, usage_of
from submeter.rating.engine import rate
from submeter.rating.model import Charges, IntArray, Stream, Usage
from submeter.tariffs.model import Metering

TIMES_AN_ACCOUNT_YEAR = 10.0
SHARE_OF_A_MONTH = 100.0
MEMORY_BYTES = 4e9
GROWTH = 1.25  # how much more an agreement may cost among eight times as many
USUAL: Metering = "net_billing"
"""The option that is judged, and whose rules the batches follow; the others are shown beside it."""
HALF_HOURS = 365 * 48
JULY = MONTHS[6]
SIZES = (5_000, 10_000, 20_000, 40_000)
TURNS = 5
BATCH = 20_000
CHUNK = 5_000


def case_of(option: int, load: IntArray, made: IntArray) -> Case:
    """The plan of the bench, by one of SAM's metering options."""
    peak = _windows(16, 21)
    first, second = Decimal(400), None
    energy = (
        Tier(1, 1, first, Decimal("0.21"), Decimal("0.05")),
        Tier(1, 2, second, Decimal("0.24"), Decimal("0.05")),
        Tier(2, 1, first, Decimal("0.38"), Decimal("0.09")),
        Tier(2, 2, second, Decimal("0.44"), Decimal("0.09")),
    )
    by_period = (Tier(1, 1, None, Decimal("2.5")), Tier(2, 1, None, Decimal("9.75")))
    demand = Demand(
        weekday=peak, weekend=_windows(0, 0), by_period=by_period, flat=(Tier(1, 1, None, Decimal("4.2")),)
    )
    return Case(
        option=option,
        minutes=30,
        load=load,
        made=made,
        weekday=peak,
        weekend=_windows(0, 0),
        energy=energy,
        demand=demand,
        fixed=Decimal("12.5"),
    )


def _windows(start: int, end: int) -> Grid:
    """Period 2 from an hour to an hour, else 1."""
    return (tuple(2 if start <= hour < end else 1 for hour in range(24)),) * 12


def a_year(count: int, seed: int = 1) -> tuple[IntArray, IntArray]:
    """Watt-hours of homes with the sun on their roofs."""
    draw = np.random.default_rng(seed)
    hour = np.arange(HALF_HOURS) / 2 % 24
    sun = np.maximum(np.sin((hour - 6) / 12 * math.pi), 0) * 1800
    load = draw.gamma(2, 220, (count, HALF_HOURS)) * (1 + (hour > 17))
    return load.astype(np.int64), (sun * draw.uniform(0.1, 1, (count, HALF_HOURS))).astype(np.int64)


def measure_account_year(rounds: int, *, alone: bool) -> float | None:
    """Prints a whole call of either side for each option. Returns SAM's seconds for net billing, if asked."""
    load, made = a_year(1)
    print("\nan account-year of half-hours, twelve bills\n")
    print(f"{'metering option':20} {'PySAM ms':>9} {'ours ms':>8} {'times':>6} {'first call ms':>14}")
    times: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for option, name in enumerate(METERING):
        case = case_of(option, load, made)
        plan, usage = plan_of(case), usage_of(case)
        ours = partial(rate, usage, plan, CALENDAR, MONTHS)
        first, _ = _timed(ours)
        if alone:
            own, _ = _best(ours, rounds)
            print(f"{name:20} {'-':>9} {own * 1e3:8.2f} {'-':>6} {first * 1e3:14.1f}")
            continue
        kilowatts = ((values[0] / 500).tolist() for values in (load, made))
        sams = partial(run, inputs(case), *kilowatts)
        turns = _in_turns(sams, ours, rounds)
        (theirs, figures), (own, charges) = (min(side, key=_seconds) for side in zip(*turns, strict=True))
        times[name] = median(a / b for (a, _), (b, _) in turns)
        _same(charges, figures.total, name)
        seconds[name] = theirs
        print(f"{name:20} {theirs * 1e3:9.2f} {own * 1e3:8.2f} {times[name]:6.1f} {first * 1e3:14.1f}")
    if alone:
        return None
    said = met(times[USUAL] >= TIMES_AN_ACCOUNT_YEAR)
    print(f"{USUAL}: {times[USUAL]:.1f} times (goal {TIMES_AN_ACCOUNT_YEAR:g}): {said}")
    return seconds[USUAL]


def _seconds(run: tuple[float, Any]) -> float:
    return run[0]


def _same(charges: Charges, totals: Sequence[float], name: str) -> None:
    """Ends the run where the two sides do not have the same bills."""
    ours = [float(int(one) * charges.unrounded_total.scale) for one in charges.unrounded_total.values[0]]
    for mine, sams in zip(ours, totals, strict=True):
        if not math.isclose(mine, sams, rel_tol=1e-9, abs_tol=1e-7):
            raise SystemExit(f"{name}: a bill of {mine} here is {sams} there")


def a_month(count: int, seed: int) -> Usage:
    """July of many homes, half-hours of what was taken; the meter has netted nothing."""
    draw = np.random.default_rng(seed)
    amounts = draw.integers(50, 1500, (count, JULY.days * 48), np.int32)
    return Usage(first=JULY.first, end=JULY.end, streams=(Stream(amounts=amounts, minutes=30),))


def batch_plan() -> Any:
    """The plan with rounded lines, as an operator has it, without export."""
    year = np.zeros((1, HALF_HOURS), np.int64)
    plan = plan_of(case_of(2, year, year))
    parts = tuple(part for part in plan.components if part.kind != "feed_in")
    return replace(plan, components=parts, rounding="line")


def measure_batch(rounds: int, year: float | None) -> None:
    """20,000 agreements for a month, and that twice as many cost twice as much."""
    plan = batch_plan()
    print(f"\na month of half-hours, by number of agreements\n\n{'agreements':>10} {'ms':>8} {'us each':>8}")
    each = {}
    for count in SIZES:
        usage = a_month(count, count)
        seconds, _ = _best(partial(rate, usage, plan, CALENDAR, [JULY]), rounds)
        each[count] = seconds / count
        print(f"{count:10} {seconds * 1e3:8.0f} {each[count] * 1e6:8.2f}")
    grown = each[SIZES[-1]] / each[SIZES[0]]
    said = met(grown <= GROWTH)
    print(f"each of {SIZES[-1]:,} costs {grown:.2f} of each of {SIZES[0]:,} ({GROWTH:g} at most): {said}")
    if year is not None:
        share = year / 12 / each[BATCH]
        said = met(share >= SHARE_OF_A_MONTH)
        print(f"{BATCH:,}: each 1/{share:.0f} of a twelfth of PySAM's year (1/{SHARE_OF_A_MONTH:g}): {said}")


def measure_stream(count: int) -> None:
    """In a process of its own, whose memory is measured: months of agreements, a chunk after the other."""
    command = [sys.executable, "-m", "bench.rating", "--stream", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=3600)
    seconds, total, peak = json.loads(done.stdout.splitlines()[-1])
    print(
        f"\n{count:,} agreement-months in a stream of {CHUNK:,}: {seconds:.1f} s, bills of {total / 100:,.2f}"
    )
    said = met(peak < MEMORY_BYTES)
    print(f"memory {peak / 1e9:.2f} GB at the most (goal under {MEMORY_BYTES / 1e9:g}): {said}")


def stream(count: int) -> None:
    """Seconds of rating alone, the sum of all bills in cents, and the most memory, as JSON."""
    plan, spent, total = batch_plan(), 0.0, 0
    for usage in _chunks(count):
        seconds, charges = _timed(partial(rate, usage, plan, CALENDAR, [JULY]))
        spent, total = spent + seconds, total + int(charges.total.sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([spent, total, peak]))


def _chunks(count: int) -> Iterator[Usage]:
    for place in range(0, count, CHUNK):
        yield a_month(min(CHUNK, count - place), place)


def _timed(what: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    found = what()
    return time.process_time() - began, found


def _in_turns(one: Callable[[], Any], other: Callable[[], Any], rounds: int) -> list[list[tuple[float, Any]]]:
    """The best of some calls of one, of some of the other, and again.

    What else the machine does slows both sides of a turn. Not call by call: each would find in the
    processor's cache what the other one left there.
    """
    return [[_best(one, rounds), _best(other, rounds)] for _ in range(TURNS)]


def _best(what: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    runs = [_timed(what) for _ in range(rounds)]
    return min(runs, key=lambda one: one[0])


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.stream:
        stream(options.stream)
        return 0
    year = measure_account_year(options.rounds, alone=options.alone)
    measure_batch(max(options.rounds // 3, 2), year)
    measure_stream(options.million)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.rating", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="of each, five times in turns")
    parser.add_argument("--alone", action="store_true", help="without PySAM")
    parser.add_argument("--million", type=int, default=1_000_000, help="agreement-months of the stream")
    parser.add_argument("--stream", type=int, default=0, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
