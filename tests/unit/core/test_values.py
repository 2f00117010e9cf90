"""The values that every room speaks."""

import dataclasses

import pytest

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused


def test_claims_leave_out_what_is_not_known() -> None:
    assert Caller("anon").claims() == {"role": "anon"}
    assert Caller("operator", esco_id="e").claims() == {"role": "operator", "esco_id": "e"}
    whole = Caller("authenticated", esco_id="e", customer_id="c", key="k").claims()
    assert whole == {"role": "authenticated", "esco_id": "e", "customer_id": "c", "key": "k"}


def test_a_refusal_tells_its_code_and_case() -> None:
    problem = Problem("DBS101", "The data directory cannot be used", "it is a file")
    assert str(Refused(problem)) == "DBS101: The data directory cannot be used: it is a file"
    assert str(Problem("DBS101", "Short")) == "DBS101: Short"


def test_values_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Caller("anon").role = "service_role"  # type: ignore[misc]
