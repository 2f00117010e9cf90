"""What looks like a slip in a plan, and what is none."""

from decimal import Decimal
from typing import Any

import pytest

from submeter.tariffs.model import Component, DemandRule, DiscountRule, Plan, Rate
from submeter.tariffs.remarks import USUAL_CONDITIONS, remarks_on
from unit.tariffs.plans import BEGIN


def found(
    *conditions: str, price: str = "5", how: Any = "percent", **more: Any
) -> list[tuple[str, str, str]]:
    rule = DiscountRule(how=how, condition=more.pop("condition", ""))
    kind = more.pop("kind", "discount")
    component = Component(
        code="cut", kind=kind, unit="percent", rates=(Rate(BEGIN, Decimal(price)),), discount=rule, **more
    )
    remarks = remarks_on(Plan(code="P", components=(component,)), conditions)
    return [(one.problem.code, one.problem.detail, one.problem.hint) for one in remarks]


@pytest.mark.parametrize("condition", ["", *USUAL_CONDITIONS])
def test_usual_conditions_are_no_slip(condition: str) -> None:
    assert found(condition=condition) == []


def test_a_condition_that_nobody_has_is_told_with_the_nearest() -> None:
    ((code, detail, hint),) = found(condition="direct_debt")
    assert (code, detail) == ("TRF121", "cut: direct_debt")
    assert hint.startswith("Is it direct_debit? ")
    ((_, _, hint),) = found(condition="pensioner")
    assert "Is it" not in hint


def test_what_agreements_have_is_no_slip() -> None:
    assert found("pensioner", condition="pensioner") == []


def test_a_percentage_is_of_a_hundred() -> None:
    assert found(price="0.05") == [
        ("TRF122", "cut, rate: 0.05 %", "Write 5 if 5 % is meant; 1 is one percent")
    ]
    assert found(price="-0.05")[0][0] == "TRF122"
    for price, how in (("1", "percent"), ("0", "percent"), ("0.05", "per_day")):
        assert found(price=price, how=how) == []


def test_so_are_shares_and_ratchets() -> None:
    green = Component(code="green", kind="green", rates=(), share=Decimal("0.2"))
    rule = DemandRule(lookback_months=12, lookback_percent=Decimal("0.8"))
    peak = Component(code="peak", kind="demand", unit="kW", rates=(), demand=rule)
    told = remarks_on(Plan(code="P", components=(green, peak)))
    assert [(one.component, one.problem.code, one.problem.detail) for one in told] == [
        ("green", "TRF122", "green, share: 0.2 %"),
        ("peak", "TRF122", "peak, lookback_percent: 0.8 %"),
    ]
