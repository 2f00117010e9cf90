"""The demonstration never moves into somebody else's database."""

import psycopg
import pytest

from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.demo import refuse_strangers


def test_a_database_of_another_program_is_refused_before_it_is_touched(database: Database) -> None:
    with database.connect_owner() as connection:
        connection.execute("drop schema submeter cascade")
        connection.execute("create table public.ledger (id int)")

    with pytest.raises(Refused) as caught:
        refuse_strangers(database)

    assert caught.value.problem.code == "DEM101"
    assert "public.ledger" in caught.value.problem.detail


def test_submeters_own_and_an_empty_one_are_welcome(database: Database) -> None:
    refuse_strangers(database)
    with psycopg.connect(database.owner_conninfo, autocommit=True) as connection:
        connection.execute("drop schema public, submeter, submeter_migrations cascade")
    refuse_strangers(database)
