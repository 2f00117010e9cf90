"""Clocks as people name them."""

import pytest

from submeter.metering.formats.clocks import clock_in_words, clock_named


@pytest.mark.parametrize("hours", [*range(-12, 0), *range(1, 15)])
def test_an_offset_is_told_as_it_is_said(hours: int) -> None:
    said = f"UTC{hours:+d}"
    clock = clock_named(said)
    assert clock == f"Etc/GMT{-hours:+d}"
    assert clock_in_words(clock) == said


@pytest.mark.parametrize("clock", ["UTC", "Europe/London", "Etc/GMT", "America/Argentina/Buenos_Aires"])
def test_any_other_clock_has_its_name(clock: str) -> None:
    assert clock_in_words(clock) == clock
