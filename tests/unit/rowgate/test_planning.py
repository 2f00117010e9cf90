"""A statement is planned once for all values where that was faster, and no longer when it was far off."""

from rowgate.execute.planning import (
    BETTER,
    EACH,
    FAR,
    FAR_S,
    FIRST_TRIAL,
    LATER,
    LATEST,
    MOST,
    TELLS,
    WORSE,
    Planning,
)


def runs(planning: Planning, count: int, *, once_s: float, else_s: float) -> int:
    """So many runs, which take as long as they do by the way they are planned; how many were planned once."""
    planned = 0
    for _ in range(count):
        once = planning.choose()
        planned += once
        planning.note(once=once, seconds=once_s if once else else_s, alone=True)
    return planned


def until_trial(planning: Planning) -> int:
    """The runs until the next trial, which begins with the choice for the one after them."""
    count, once = 0, planning.choose()
    while not planning.on_trial:
        planning.note(once=once, seconds=0.001, alone=True)
        once = planning.choose()
        count += 1
    assert once
    assert not planning.choose()  # the next is the first again
    return count


def after_trial(*, once_s: float, else_s: float) -> Planning:
    planning = Planning()
    until_trial(planning)
    runs(planning, 2 * EACH, once_s=once_s, else_s=else_s)
    assert not planning.on_trial
    return planning


def test_nothing_is_tried_with_a_shape_that_comes_rarely() -> None:
    planning = Planning()
    assert runs(planning, FIRST_TRIAL, once_s=0, else_s=1) == 0
    assert not planning.on_trial
    assert until_trial(planning) == 0


def test_a_trial_takes_both_ways_in_turns() -> None:
    planning = Planning()
    until_trial(planning)
    ways = []
    for _ in range(2 * EACH):
        ways.append(planning.choose())
        planning.note(once=ways[-1], seconds=0.001, alone=True)
    assert ways == [True, False] * EACH


def test_what_is_faster_stays() -> None:
    planning = after_trial(once_s=0.001, else_s=0.002)
    assert planning.once
    assert runs(planning, FIRST_TRIAL * LATER, once_s=0.001, else_s=0.002) == FIRST_TRIAL * LATER
    assert until_trial(planning) == 0


def test_what_is_hardly_faster_is_left_to_the_server() -> None:
    assert not after_trial(once_s=0.001 * (BETTER + 0.01), else_s=0.001).once
    assert not after_trial(once_s=0.002, else_s=0.001).once


def test_first_runs_that_plan_do_not_decide() -> None:
    """On every connection the first run plans, whichever way."""
    planning = Planning()
    until_trial(planning)
    seen = 0
    while planning.on_trial:
        once = planning.choose()
        seen += once
        planning.note(once=once, seconds=0.002 if not once or seen < EACH - TELLS else 0.001, alone=True)
    assert planning.once


def test_trials_come_less_and_less_often() -> None:
    planning, gaps = Planning(), []
    for _ in range(9):
        gaps.append(until_trial(planning))
        runs(planning, 2 * EACH, once_s=0.001, else_s=0.001)
    assert gaps == [min(FIRST_TRIAL * LATER**n, LATEST) for n in range(9)]


def test_a_run_far_off_ends_a_trial() -> None:
    planning = Planning()
    until_trial(planning)
    runs(planning, 6, once_s=0.001, else_s=0.001)
    planning.note(once=False, seconds=FAR_S, alone=True)  # the server's own way may be as slow as it is
    assert planning.on_trial
    planning.note(once=True, seconds=FAR_S * FAR + FAR_S * 1.01, alone=True)
    assert not planning.on_trial
    assert not planning.once


def test_a_run_far_off_ends_it_at_any_time() -> None:
    planning = after_trial(once_s=0.001, else_s=0.002)
    planning.note(once=False, seconds=60, alone=True)  # it began before the trial was over
    assert planning.once
    planning.note(once=True, seconds=FAR_S + FAR * 0.002 * 1.01, alone=True)
    assert not planning.once
    assert until_trial(planning) == FIRST_TRIAL * LATER**2


def test_those_under_way_beside_one_that_is_far_off_do_not_count_again() -> None:
    planning = after_trial(once_s=0.001, else_s=0.002)
    for _ in range(5):
        planning.note(once=True, seconds=60, alone=True)
    for _ in range(5):
        planning.failed()
    assert until_trial(planning) == FIRST_TRIAL * LATER**2 - 4


def test_what_took_longer_than_it_may_ends_it() -> None:
    planning = after_trial(once_s=0.001, else_s=0.002)
    planning.failed()
    assert not planning.choose()


def test_a_trial_in_which_nobody_may_be_planned_once_ends_too() -> None:
    planning = Planning()
    until_trial(planning)
    for _ in range(MOST):
        assert planning.on_trial
        planning.note(once=False, seconds=0.001, alone=True)
    assert not planning.on_trial
    assert not planning.once


def test_where_nobody_may_choose_nothing_is_tried() -> None:
    planning = Planning()
    for _ in range(LATEST):
        planning.note(once=False, seconds=0.001, alone=True)
    assert not planning.on_trial


def test_what_is_no_longer_faster_is_found_out() -> None:
    planning = after_trial(once_s=0.001, else_s=0.002)
    until_trial(planning)
    runs(planning, 2 * EACH, once_s=0.001 / BETTER * 1.01, else_s=0.001)
    assert not planning.once


def test_what_is_still_about_as_fast_stays() -> None:
    planning = after_trial(once_s=0.001, else_s=0.002)
    until_trial(planning)
    runs(planning, 2 * EACH, once_s=0.001 / BETTER * 0.99, else_s=0.001)
    assert planning.once


def test_what_is_better_for_some_values_only_is_left_to_the_server() -> None:
    planning = Planning()
    until_trial(planning)
    for number in range(EACH):
        planning.note(once=True, seconds=0.1 if number % 8 == 0 else 0.0001, alone=True)
        planning.note(once=False, seconds=0.002, alone=True)
    assert WORSE * 0.002 < 0.1 / 8
    assert not planning.on_trial
    assert not planning.once


def test_runs_among_others_tell_nothing_in_a_trial() -> None:
    planning = Planning()
    until_trial(planning)
    for _ in range(EACH):
        planning.note(once=True, seconds=0.002, alone=True)
        planning.note(once=True, seconds=0, alone=False)
        planning.note(once=False, seconds=0.001, alone=True)
    assert not planning.once
