"""The goals, and whether a run met them: against PostgREST in the same run, or as it was recorded.

PostgREST 16.2 was recorded on another machine with two cores, 32 connections, a signed token and a tenant
policy, and beside it the database alone. Where no rival ran, two readings are shown. As it is: requests a
second here over those there. Scaled: how much of PostgreSQL's own speed is reached here, over how much
PostgREST reached there, so that a slower machine does not count against a gateway, nor a faster one for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.report import Row

CPU_BY_KEY = 60e-6
TAIL = 4.0


@dataclass(frozen=True)
class Goal:
    """So many times PostgREST, and what that did on the other machine, beside the database alone."""

    times: float
    recorded: float
    recorded_pipelined: float | None


GOALS = {
    "by key": Goal(5, 3_600, 37_800),
    "page": Goal(5, 2_000, 18_800),
    "embed": Goal(3, 1_270, 5_800),
    "series": Goal(4, 2_000, 14_000),
    "insert": Goal(2.5, 2_100, 9_800),
    "bulk": Goal(1.4, 214, 340),  # 260 to 420 were seen: the middle
    "patch": Goal(2.5, 1_950, None),  # never measured alone: the two machines compare as for the insert
    "function": Goal(5, 3_300, 43_400),
}


def judge(rows: Sequence[Row]) -> Iterator[str]:
    """Lines that say of each goal whether it is met."""
    if rows and rows[0].has_rival:
        yield f"{'kind':<12} {'goal':>6} {'times PostgREST, same run':>28}"
        for row in rows:
            yield _line(row, _same_run(row))
    else:
        yield f"{'kind':<12} {'goal':>6} {'times PostgREST recorded':>28} {'scaled to this machine':>28}"
        for row in rows:
            yield _line(row, row.own.rate / GOALS[row.kind].recorded, scaled(row, rows))
    yield from _others(rows)


def scaled(row: Row, rows: Sequence[Row]) -> float | None:
    """Times PostgREST, had it run here; None where too little was measured to say."""
    goal, there = GOALS[row.kind], GOALS["insert"].recorded_pipelined
    if goal.recorded_pipelined:
        share = row.middle(lambda turn: turn.gateways[0].rate / turn.pipelined)
        return share / (goal.recorded / goal.recorded_pipelined)
    insert = next((one for one in rows if one.kind == "insert"), None)
    return row.own.rate / insert.pipelined / (goal.recorded / there) if insert and there else None


def _same_run(row: Row) -> float | None:
    return row.middle(lambda turn: turn.gateways[0].rate / turn.gateways[1].rate) if row.has_rival else None


def _line(row: Row, *readings: float | None) -> str:
    goal = GOALS[row.kind].times
    verdicts = (f"{'-':>28}" if one is None else f"{one:>16.2f} {met(one >= goal):>11}" for one in readings)
    return f"{row.kind:<12} {goal:>6g} {' '.join(verdicts)}"


def _others(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.kind == "by key":
            cpu = row.own.cpu
            yield f"CPU by key: {cpu * 1e6:.0f} us of {CPU_BY_KEY * 1e6:.0f}: {met(cpu <= CPU_BY_KEY)}"
    worst = max(rows, key=lambda row: row.own.tail)
    tail = worst.own.tail
    yield f"p99 / p50: {tail:.1f} at most ({worst.kind}), of {TAIL:g}: {met(tail <= TAIL)}"


def met(reached: bool) -> str:  # noqa: FBT001 - a word for a truth
    return "met" if reached else "not met"
