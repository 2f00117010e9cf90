"""Every case of cases/*.txt against a real database; world.py says how a case is written."""

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.world import HERE, Case, read_cases, same
from rowgate.app import Gateway

CASES = [case for path in sorted((HERE / "cases").glob("*.txt")) for case in read_cases(path)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, owner: psycopg.Connection, gateway: Gateway, run: Run) -> None:
    walk(case, owner, gateway, run)


def walk(case: Case, owner: psycopg.Connection, gateway: Gateway, run: Run) -> None:
    """Ask what the case asks, step by step, and compare."""
    owner.execute("select books.fill()")
    for step in case.steps:
        answer = run(gateway.answer(step.incoming()))
        found = f"{step.method} {step.url}\n{answer.status} {dict(answer.headers)}\n{answer.body.decode()}"
        assert answer.status == step.status, found
        for name, value in step.answer_headers.items():
            values = [text for key, text in answer.headers if key.lower() == name.lower()]
            assert values == [] if value == "-" else value in values, found
        assert same(step.answer, answer.body), found


def test_a_wrong_answer_fails() -> None:
    """The comparison itself: what must not pass as the same."""
    assert same('[{"a": 1.50}]', b'[{"a":1.50}]')
    assert not same('[{"a": 1.50}]', b'[{"a":1.5}]')
    assert not same("", b"[]")
    assert not same('~ {"code": "42703"}', b'{"code":"42P01"}')


def test_all_cases_are_read() -> None:
    steps = [step for case in CASES for step in case.steps]
    texts = "".join(path.read_text(encoding="utf-8") for path in (HERE / "cases").glob("*.txt"))
    assert len(steps) == texts.count("\n--- ")
    assert len(CASES) == texts.count("\n=== ")
