"""A caller's transaction over the real database."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.settings import Settings

pytestmark = pytest.mark.system_postgres


@pytest.fixture
def prepared(database: Database) -> Database:
    """A database with a table and a role of this test's own."""
    with database.connect_owner() as owner:
        owner.execute("""
            do $$ begin
                if to_regrole('tester') is null then create role tester; end if;
            end $$;
            grant tester to authenticator;
            create schema place; grant usage on schema place to tester;
            create table place.note (text text not null unique);
            grant select, insert on place.note to tester;
        """)
    return database


def test_role_claims_and_default_esco_hold_inside_and_end_with_the_transaction(prepared: Database) -> None:
    caller = Caller("tester", esco_id="e-1", customer_id="c-1")
    state = "select current_user, current_setting('request.jwt.claims', true)"
    with transaction(prepared, caller) as connection:
        inside = connection.execute(state).fetchone()
    with prepared.pool.connection() as connection:
        after = connection.execute(state).fetchone()
    assert inside == ("tester", '{"role": "tester", "esco_id": "e-1", "customer_id": "c-1"}')
    assert after in (("authenticator", ""), ("authenticator", None))


def test_a_transaction_is_kept_whole_or_not_at_all(prepared: Database) -> None:
    with transaction(prepared, Caller("tester")) as connection:
        connection.execute("insert into place.note values ('kept')")
    with pytest.raises(psycopg.errors.UniqueViolation), transaction(prepared, Caller("tester")) as connection:
        connection.execute("insert into place.note values ('lost'), ('kept')")
    with transaction(prepared, Caller("tester")) as connection:
        assert connection.execute("select text from place.note").fetchall() == [("kept",)]


@pytest.mark.parametrize("role", ["nobody_knows", "submeter_owner", "postgres"])
def test_a_role_that_authenticator_may_not_take_is_refused(prepared: Database, role: str) -> None:
    with pytest.raises(Refused, match="DBS401"), transaction(prepared, Caller(role)):
        pytest.fail("got inside")


def test_connections_are_used_again_and_broken_ones_replaced(prepared: Database) -> None:
    with transaction(prepared, Caller("tester")) as connection:
        first = connection.info.backend_pid
    with transaction(prepared, Caller("tester")) as connection:
        assert connection.info.backend_pid == first
    with prepared.connect_owner() as owner, transaction(prepared, Caller("tester")) as connection:
        owner.execute("select 1")
        admin = prepared.admin_conninfo(prepared.name)
    with psycopg.connect(admin, autocommit=True) as killer:
        killer.execute("select pg_terminate_backend(%s, 5000)", (first,))
    with transaction(prepared, Caller("tester")) as connection:
        assert connection.info.backend_pid != first


def test_more_threads_than_connections_wait_for_their_turn(prepared: Database) -> None:
    def write(number: int) -> None:
        with transaction(prepared, Caller("tester")) as connection:
            connection.execute("insert into place.note values (%s)", (str(number),))

    with ThreadPoolExecutor(24) as threads:
        list(threads.map(write, range(100)))
    with prepared.connect_owner() as owner:
        assert owner.execute("select count(*) from place.note").fetchone() == (100,)
        query = "select count(*) from pg_stat_activity where usename = 'authenticator' and datname = current_database()"
        found = owner.execute(query).fetchone()
    assert found
    assert 1 <= found[0] <= 8


def test_no_password_stands_in_a_traceback(database: Database) -> None:
    assert "password" not in repr(database)
    assert "top secret" not in repr(
        Settings(jwt_secret="top secret", database_url="postgresql://a:top secret@b")
    )
