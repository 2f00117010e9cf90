"""A schema that changes while Submeter serves it."""

import httpx
import psycopg

from integration.rowgate.served import served
from integration.rowgate.world import SECRET, token, wait_until
from submeter.app import Application
from submeter.db.database import Database
from submeter.settings import Settings

TABLE = """
create table public.noticed (id int primary key);
grant select on public.noticed to service_role;
"""
LISTENERS = """
select count(*) from pg_stat_activity
where datname = %s and application_name = 'rowgate listener' and query like 'LISTEN%%'
"""


def test_a_notice_makes_a_new_table_known(module_database: Database) -> None:
    key = token("service_role")
    headers = {"apikey": key, "authorization": f"Bearer {key}"}
    with served(Application(Settings(jwt_secret=SECRET), module_database)) as port:
        address = f"http://127.0.0.1:{port}/rest/v1/noticed"
        wait_until(lambda: _listeners(module_database) == 1)
        assert httpx.get(address, headers=headers).status_code == 404
        with psycopg.connect(module_database.owner_conninfo) as connection:
            connection.execute(TABLE)
            connection.execute("notify pgrst, 'reload schema'")
        wait_until(lambda: httpx.get(address, headers=headers).status_code == 200)
    wait_until(lambda: _listeners(module_database) == 0)


def _listeners(database: Database) -> int:
    with psycopg.connect(database.admin_conninfo(database.name)) as connection:
        found = connection.execute(LISTENERS, [database.name]).fetchone()
    assert found is not None
    return int(found[0])
