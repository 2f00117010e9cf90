"""`submeter tariff assign`, `rate`, `compare` and `preview` as they are typed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from integration.rating.lane import HOME, OTHER, Lane, flat, make_lane, time_of_use
from submeter.cli import app, rating, tariff_assign
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.tariffs.actions import save_plan

Run = Callable[..., Result]
JULY = ("--from", "2026-07-01", "--to", "2026-08-01")


@pytest.fixture
def lane(database: Database) -> Lane:
    return make_lane(database)


@pytest.fixture
def run(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> Run:
    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Database]:
        yield lane.database

    for module in (rating, tariff_assign):
        monkeypatch.setattr(module, "open_database", opened)
    return lambda *words: CliRunner().invoke(app, ["tariff", *words])


def code_of(result: Result) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, Refused), result.output
    return result.exception.problem.code


def account(lane: Lane, home: str = HOME) -> str:
    query = "select account_number from submeter.accounts where id = %s"
    return str(lane.street.town.value(query, lane.street.accounts[home]))


def plans_of(lane: Lane, home: str = HOME) -> list[tuple[Any, ...]]:
    return lane.street.town.rows(
        "select p.code, g.from_date::text, g.to_date::text, g.conditions, g.capacity::float"
        " from submeter.agreement_price_plans g join submeter.price_plans p on p.id = g.price_plan_id"
        " where g.agreement_id = %s order by g.from_date",
        lane.agreement(home),
    )  # fmt: skip


# Giving ---------------------------------------------------------------------------------------------------------


def test_a_plan_is_given_by_account_number_or_identifier(lane: Lane, run: Run) -> None:
    save_plan(lane.database, lane.operator, flat())
    save_plan(lane.database, lane.operator, flat("NEW"))
    name = account(lane)
    said = run("assign", name, "FLAT", "--from", "2026-01-01")
    assert (said.exit_code, said.stdout) == (0, f"{name}: FLAT from 2026-01-01 on, added\n")
    said = run("assign", name, "FLAT", "--from", "2026-01-01")
    assert said.stdout == f"{name}: FLAT from 2026-01-01 on, unchanged\n"
    words = (
        "--to",
        "2026-09-01",
        "--condition",
        "direct_debit",
        "--condition",
        "pensioner",
        "--capacity",
        "12.5",
    )
    (row,) = run("assign", HOME, "NEW", "--from", "2026-07-01", *words, "--json").stdout.splitlines()
    told = json.loads(row)
    assert (told["outcome"], told["begins"], told["ends"]) == ("changed", "2026-07-01", "2026-09-01")
    assert plans_of(lane) == [
        ("FLAT", "2026-01-01", "2026-07-01", [], None),
        ("NEW", "2026-07-01", "2026-09-01", ["direct_debit", "pensioner"], 12.5),
    ]
    assert plans_of(lane, OTHER) == []


def test_what_cannot_be_given_says_why(lane: Lane, run: Run) -> None:
    save_plan(lane.database, lane.operator, flat())
    assert code_of(run("assign", "NOBODY", "FLAT", "--from", "2026-07-01")) == "RTG200"
    assert code_of(run("assign", HOME, "NONE", "--from", "2026-07-01")) == "TRF140"
    assert (
        code_of(run("assign", HOME, "FLAT", "--from", "2025-12-31")) == "TRF134"
    )  # it is there, from 2026 on
    assert run("assign", HOME, "FLAT", "--from", "2026-07-01", "--capacity", "much").exit_code == 2
    lane.street.town.rows(
        "update submeter.agreements set account_id = %s returning 1", lane.street.accounts[HOME]
    )
    several = run("assign", account(lane), "FLAT", "--from", "2026-07-01")
    assert code_of(several) == "RTG228"
    assert isinstance(several.exception, Refused)
    assert lane.agreement() in several.exception.problem.detail
    assert run("assign", HOME, "FLAT", "--from", "2026-07-01").exit_code == 0


# Of which company -----------------------------------------------------------------------------------------------


def test_with_several_companies_one_is_named(lane: Lane, run: Run) -> None:
    """Their plans and agreements would be mixed: a plan of each may have the same code."""
    lane.load()
    lane.have(flat(), HOME)
    save_plan(lane.database, lane.operator, flat("NEW"))
    asked = (
        ("rate", HOME, *JULY), ("rate", "--all", *JULY), ("compare", HOME, *JULY), ("preview", "FLAT", "NEW", *JULY),
        ("assign", HOME, "FLAT", "--from", "2026-07-01"),
    )  # fmt: skip
    fine = (0, 3)  # the other home has no plan
    for words in asked:
        assert run(*words).exit_code in fine, words
    lane.street.town.value(
        "insert into submeter.escos (code, name, region) select 'other', 'Other', min(code) from submeter.regions"
        " returning id::text"
    )
    codes = [code for (code,) in lane.street.town.rows("select code from submeter.escos order by code")]
    for words in asked:
        said = run(*words)
        assert code_of(said) == "PTY105", words
        assert isinstance(said.exception, Refused)
        assert said.exception.problem.detail == ", ".join(codes)
        (mine,) = [code for code in codes if code != "other"]
        assert run(*words, "--esco", mine).exit_code in fine
        assert run(*words, "--esco", "other").exit_code == (0 if "--all" in words else 1)


# Exit codes -----------------------------------------------------------------------------------------------------


def test_the_exit_code_says_whether_all_or_some_or_nothing_could_be_said(lane: Lane, run: Run) -> None:
    lane.load()
    lane.have(flat(), HOME, OTHER)
    save_plan(lane.database, lane.operator, flat("NEW"))
    # Of the other home nothing is known.
    assert run("rate", "--all", *JULY).exit_code == 3
    assert run("preview", "FLAT", "NEW", *JULY).exit_code == 3
    assert run("compare", HOME, *JULY).exit_code == 0
    assert run("compare", OTHER, *JULY).exit_code == 1
    late = ("--from", "2026-08-01", "--to", "2026-08-03")
    assert run("rate", "--all", *late).exit_code == 1
    assert run("preview", "FLAT", "NEW", *late).exit_code == 1
    assert code_of(run("preview", "NEW", "FLAT", *JULY)) == "RTG227"
    lane.load(OTHER)
    assert run("preview", "FLAT", "NEW", *JULY).exit_code == 0
    assert run("rate", "--all", *JULY).exit_code == 0


def test_all_agreements_of_an_account_are_charged_in_order(lane: Lane, run: Run) -> None:
    lane.load()
    lane.load(OTHER, value=200)
    lane.have(flat(), HOME, OTHER)
    both = [json.loads(line) for line in run("rate", "--all", *JULY, "--json").stdout.splitlines()]
    assert [one["account_number"] for one in both] == sorted([account(lane), account(lane, OTHER)])
    lane.street.town.rows(
        "update submeter.agreements set account_id = %s returning 1", lane.street.accounts[HOME]
    )
    said = run("rate", account(lane), *JULY, "--json")
    assert said.exit_code == 0
    found = {one["agreement_id"]: one for one in map(json.loads, said.stdout.splitlines())}
    assert set(found) == {one["agreement_id"] for one in both}
    assert len(run("rate", HOME, *JULY, "--json").stdout.splitlines()) == 1
    assert len(run("rate", account(lane), *JULY, "--plan", "FLAT", "--json").stdout.splitlines()) == 1


def test_a_plan_of_which_nothing_can_be_said_among_others(lane: Lane, run: Run) -> None:
    lane.read([(date(2026, 6, 30), 0, "ACTUAL"), (date(2026, 7, 31), 310, "ACTUAL")])
    lane.have(flat(), HOME)
    lane.have(time_of_use())
    assert run("compare", HOME, *JULY).exit_code == 3
    assert run("compare", HOME, *JULY, "--plan", "TOU").exit_code == 1
    lane.street.town.rows("update submeter.price_plans set status = 'closed' returning 1")
    assert code_of(run("compare", HOME, *JULY)) == "RTG227"
