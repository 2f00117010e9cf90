"""The bench of rating: small, so that it goes on working; and it ends where the two sides have other bills."""

import pytest
from bench import rating as bench


def test_its_figures_beside_sam(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(
        "PySAM.Utilityrate5", reason="nrel-pysam is not installed: there is nothing beside it"
    )
    seconds = bench.measure_account_year(1, alone=False)
    said = capsys.readouterr().out
    assert seconds
    assert all(option in said for option in bench.METERING)
    assert "times (goal 10)" in said


def test_its_figures_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SIZES", (20, 40))
    monkeypatch.setattr(bench, "BATCH", 40)
    assert bench.measure_account_year(1, alone=True) is None
    bench.measure_batch(1, 0.01)
    bench.measure_stream(30)
    said = capsys.readouterr().out
    assert "of a twelfth of PySAM's year (1/100)" in said
    assert "30 agreement-months in a stream" in said


def test_another_bill_ends_it() -> None:
    load, made = bench.a_year(1)
    case = bench.case_of(2, load, made)
    charges = bench.rate(bench.usage_of(case), bench.plan_of(case), bench.CALENDAR, bench.MONTHS)
    with pytest.raises(SystemExit, match="net_billing: a bill of"):
        bench._same(charges, [0.0] * 12, "net_billing")
