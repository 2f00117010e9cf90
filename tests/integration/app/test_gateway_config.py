"""What Submeter tells its gateway."""

from dataclasses import replace

import psycopg
import pytest

from submeter.app import gateway_config
from submeter.db.database import Database
from submeter.settings import Settings

SETTINGS = Settings(jwt_secret="a secret of the tests, long enough for HS256")


@pytest.mark.parametrize(("seconds", "shown"), [(60, "1min"), (7, "7s"), (0, "0")])
def test_a_statement_may_hold_a_connection_so_long_and_no_longer(
    module_database: Database, seconds: int, shown: str
) -> None:
    config = gateway_config(replace(SETTINGS, statement_timeout=seconds), module_database)

    with psycopg.connect(config.db_uri) as connection:
        assert connection.execute("show statement_timeout").fetchone() == (shown,)


def test_a_forgotten_filter_is_refused(module_database: Database) -> None:
    assert gateway_config(SETTINGS, module_database).require_where
