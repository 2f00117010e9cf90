"""A database of one's own by DATABASE_URL, and the login role that may be somebody else's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db import database as databases
from submeter.db.authenticator import claim_authenticator
from submeter.db.database import Database, open_database
from submeter.db.pool import Pool
from submeter.db.transactions import transaction
from submeter.settings import Settings

SECRET = "a secret of the tests, long enough for HS256"


def settings_for(database: Database, **changes: str) -> Settings:
    return Settings(database_url=make_conninfo(database.owner_conninfo, **changes), jwt_secret=SECRET)


def code_of(settings: Settings) -> str:
    with pytest.raises(Refused) as refused, open_database(settings):
        pass
    assert refused.value.problem.hint
    return refused.value.problem.code


@pytest.mark.system_postgres
def test_a_database_by_its_url_serves_a_caller(database: Database) -> None:
    with open_database(settings_for(database)) as found:
        assert found.name == database.name
        with transaction(found, Caller("anon")) as connection:
            assert connection.execute("select current_user").fetchone() == ("anon",)


def test_a_login_of_ones_own_for_the_gateway(database: Database) -> None:
    own = replace(
        settings_for(database), authenticator_url=database.authenticator_conninfo, jwt_secret="other" * 9
    )
    with open_database(own) as found, transaction(found, Caller("anon")) as connection:
        assert connection.execute("select session_user").fetchone() == ("authenticator",)
        assert found.authenticator_password is None


def test_an_address_where_nobody_answers(database: Database) -> None:
    assert code_of(settings_for(database, host="/tmp/no-such-directory")) == "DBS201"
    assert code_of(Settings(database_url="postgresql:/nonsense with spaces")) == "DBS201"


def test_a_wrong_password_a_wrong_user_a_wrong_name(database: Database) -> None:
    assert code_of(settings_for(database, password="wrong")) == "DBS202"
    assert code_of(settings_for(database, user="nobody_knows")) == "DBS202"
    assert code_of(settings_for(database, dbname="no_such_database")) == "DBS206"


def test_a_server_that_is_too_old(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "OLDEST", 99)
    assert code_of(settings_for(database)) == "DBS203"


def test_a_gateway_with_another_secret_is_told_to_migrate(database: Database) -> None:
    wrong = Pool(make_conninfo(database.authenticator_conninfo, password="wrong"))
    with pytest.raises(Refused) as refused, transaction(replace(database, pool=wrong), Caller("anon")):
        pass
    assert refused.value.problem.code == "DBS202"
    assert "migrate" in refused.value.problem.hint


@contextmanager
def passing(database: Database) -> Iterator[psycopg.Connection]:
    """A connection of the owner whose work is undone: roles belong to the server of all tests."""
    with database.connect_owner() as connection, connection.transaction(force_rollback=True):
        yield connection


def claim_code(connection: psycopg.Connection, database: Database, *, new_secret: bool = False) -> str:
    with pytest.raises(Refused) as refused, connection.transaction():
        claim_authenticator(connection, database, new_secret=new_secret)
    return refused.value.problem.code


@pytest.mark.system_postgres
def test_somebody_elses_authenticator_is_not_touched(database: Database) -> None:
    with passing(database) as connection:
        connection.execute("comment on role authenticator is 'of the shop next door'")
        assert claim_code(connection, database) == "DBS204"
        connection.execute("comment on role authenticator is null")
        assert claim_code(connection, database, new_secret=True) == "DBS204"


@pytest.mark.system_postgres
def test_another_secret_is_refused_on_a_shared_server_unless_it_is_new_on_purpose(database: Database) -> None:
    shared = replace(database, lease=None, authenticator_password="of another secret")
    with passing(database) as connection:
        assert claim_code(connection, shared) == "DBS207"
        claim_authenticator(connection, shared, new_secret=True)
        claim_authenticator(connection, shared)
        assert claim_code(connection, replace(database, lease=None)) == "DBS207"


@pytest.mark.system_postgres
def test_a_role_that_may_not_make_roles_is_told_so(database: Database) -> None:
    with passing(database) as connection:
        connection.execute("create role zz_plain; grant zz_plain to current_user; set role zz_plain")
        other = replace(database, authenticator_password="of another secret")
        assert claim_code(connection, other, new_secret=True) == "DBS208"
