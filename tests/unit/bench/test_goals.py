import math

import pytest
from bench.goals import GOALS, judge, scaled
from bench.kinds import KINDS
from bench.report import Measured, Row, Turn


def row(kind: str, rate: float, pipelined: float = 10_000, rival: float | None = None) -> Row:
    own = Measured("rowgate", rate, p50=0.002, p99=0.004, cpu=50e-6, load_cpu=10e-6)
    rivals = [] if rival is None else [Measured("PostgREST", rival, 0.01, 0.02, 300e-6, 10e-6)]
    return Row(kind, [Turn([own, *rivals], 0.02, pipelined, pipelined / 2)])


def test_every_kind_has_a_goal() -> None:
    assert set(GOALS) == {kind.name for kind in KINDS}


def test_a_slower_machine_does_not_count_against_a_gateway() -> None:
    here = row("by key", rate=9_000, pipelined=18_900)  # half of 37,800, so PostgREST would make 1,800
    assert scaled(here, [here]) == pytest.approx(5)


def test_a_patch_is_scaled_as_the_insert() -> None:
    patch, insert = row("patch", 1_950, pipelined=1), row("insert", 1, pipelined=4_900)
    assert scaled(patch, [patch, insert]) == pytest.approx(2)
    assert scaled(patch, [patch]) is None


def test_without_a_rival_both_readings_are_judged() -> None:
    lines = list(judge([row("by key", rate=9_000, pipelined=18_900)]))
    assert lines[1].split() == ["by", "key", "5", "2.50", "not", "met", "5.00", "met"]


def test_a_rival_of_the_same_run_goes_before_what_was_recorded() -> None:
    lines = list(judge([row("page", rate=5_000, rival=1_000), row("bulk", rate=130, rival=100)]))
    assert lines[1].split() == ["page", "5", "5.00", "met"]
    assert lines[2].split() == ["bulk", "1.4", "1.30", "not", "met"]


def test_cpu_and_tail_are_judged() -> None:
    slow = Row("by key", [Turn([Measured("rowgate", 1, 0.001, 0.0041, 61e-6, 0)], 0.02, 1, 1)])
    assert list(judge([slow]))[-2:] == [
        "CPU by key: 61 us of 60: not met",
        "p99 / p50: 4.1 at most (by key), of 4: not met",
    ]


def test_a_ratio_is_the_middle_of_those_within_a_turn() -> None:
    """The machine was half as fast in the second turn: no reason to compare its gateway with another turn's database."""
    turns = [
        row("by key", rate, alone).turns[0]
        for rate, alone in ((9_000, 18_000), (4_000, 10_000), (9_000, 15_000))
    ]
    found = Row("by key", turns)
    assert found.middle(lambda turn: turn.gateways[0].rate / turn.pipelined) == 0.5
    assert (found.own.rate, found.pipelined) == (9_000, 15_000)
    assert scaled(found, [found]) == pytest.approx(0.5 / (3_600 / 37_800))


def test_what_was_not_measured_is_a_dash() -> None:
    assert row("page", 100, pipelined=math.nan).text().split()[3:7] == ["-"] * 4
