"""Who may be given a token, and for whom."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.parties.actions import create_customer_token, issue_token
from submeter.parties.tokens import Token

SECRET = "a secret of the tests, long enough for HS256"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class World:
    """Two ESCOs with a customer each."""

    database: Database
    esco: str
    customer: str
    other_esco: str
    other_customer: str


@pytest.fixture(scope="module")
def world(module_database: Database) -> World:
    ids: list[str] = []
    with transaction(module_database, Caller("service_role")) as connection:
        for code in ("lane", "hill"):
            esco = connection.execute(
                "insert into public.escos (code, name) values (%s, %s) returning id::text",
                (code, code.title()),
            ).fetchone()
            assert esco
            customer = connection.execute(
                "insert into public.customers (esco_id, name) values (%s, 'Ann') returning id::text", esco
            ).fetchone()
            assert customer
            ids += [esco[0], customer[0]]
    return World(module_database, *ids)


def code_of(action: Callable[[], Token]) -> str:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.problem.code


def issue(world: World, wanted: Caller) -> Token:
    return issue_token(world.database, wanted, SECRET, NOON, DAY)


def create(world: World, caller: Caller, customer: str, valid_for: str = "1 day") -> Token:
    return create_customer_token(world.database, caller, customer, valid_for, SECRET, NOON)


def test_an_operator_is_named_by_code_and_the_token_holds_the_id(world: World) -> None:
    assert issue(world, Caller("operator", "lane")).text == issue(world, Caller("operator", world.esco)).text


def test_an_operator_without_an_esco_or_with_an_unknown_one_is_refused(world: World) -> None:
    assert code_of(lambda: issue(world, Caller("operator"))) == "PTY103"
    assert code_of(lambda: issue(world, Caller("operator", "LANE"))) == "PTY101"


def test_a_customer_must_exist_in_the_esco_that_is_named(world: World) -> None:
    assert issue(world, Caller("authenticated", None, world.customer)).text
    assert issue(world, Caller("authenticated", "lane", world.customer)).text
    assert code_of(lambda: issue(world, Caller("authenticated"))) == "PTY103"
    assert code_of(lambda: issue(world, Caller("authenticated", "hill", world.customer))) == "PTY102"
    assert code_of(lambda: issue(world, Caller("authenticated", None, "not a uuid"))) == "PTY102"


def test_an_operator_lets_in_customers_of_their_own_esco_only(world: World) -> None:
    operator = Caller("operator", world.esco)

    assert create(world, operator, world.customer).expires_at == NOON + DAY
    assert code_of(lambda: create(world, operator, world.other_customer)) == "PTY102"


@pytest.mark.parametrize("valid_for", ["no time", "-1 day", "0", "91 days", "1 year", "infinity"])
def test_a_token_ends_within_90_days(world: World, valid_for: str) -> None:
    operator = Caller("operator", world.esco)

    assert code_of(lambda: create(world, operator, world.customer, valid_for)) == "PTY104"


@pytest.mark.parametrize(("valid_for", "length"), [("P1D", DAY), ("12:00", DAY / 2), ("90 days", 90 * DAY)])
def test_an_interval_is_what_postgresql_reads(world: World, valid_for: str, length: timedelta) -> None:
    token = create(world, Caller("service_role"), world.customer, valid_for)

    assert token.expires_at == NOON + length
