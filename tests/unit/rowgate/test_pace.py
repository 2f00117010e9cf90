"""A shape is known as quick when it always was, and no longer when others had to wait for it."""

from rowgate.execute.pace import KNOWN_AFTER, MEAN_S, NOT_BEFORE, SHORT_S, Pace


def paced(*seconds: float) -> Pace:
    pace = Pace()
    for run in seconds:
        pace.note(run)
    return pace


def test_nothing_is_quick_before_it_is_known() -> None:
    quick = SHORT_S / 2
    assert not Pace().quick
    assert not paced(*[quick] * (KNOWN_AFTER - 1)).quick
    assert paced(*[quick] * KNOWN_AFTER).quick


def test_what_was_never_short_is_not_quick_however_even_it_is() -> None:
    assert not paced(*[SHORT_S * 1.1] * 100).quick


def test_what_is_short_for_some_values_only_is_not_quick() -> None:
    assert not paced(*[SHORT_S / 2, MEAN_S * 4] * 50).quick


def test_a_slow_run_among_many_is_forgiven() -> None:
    quick = [SHORT_S / 2] * KNOWN_AFTER
    pace = paced(*quick, MEAN_S * 9)
    assert not pace.quick
    for run in quick:
        pace.note(run)
    assert pace.quick


def test_who_held_up_others_has_to_earn_trust_again() -> None:
    pace = paced(*[SHORT_S / 2] * 1000)
    pace.held_up()
    for _ in range(KNOWN_AFTER - NOT_BEFORE - 1):
        pace.note(SHORT_S / 2)
        assert not pace.quick
    pace.note(SHORT_S / 2)
    assert pace.quick
