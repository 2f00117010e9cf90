"""A backup holds everything; a restore that fails loses nothing."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from integration.db.test_embedded_refusals import fake_programs
from submeter.core.problem import Refused
from submeter.db import backup as backups
from submeter.db import clients
from submeter.db.backup import backup, restore
from submeter.db.clients import get_client, run_client
from submeter.db.database import Database, embedded_database
from submeter.db.embedded import open_server
from submeter.db.migrations import plan
from submeter.settings import Settings

pytestmark = pytest.mark.system_postgres

_SHAPE = """
select 'table' as kind, n.nspname || '.' || c.relname as name, c.relacl::text as rights
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema)' and c.relkind in ('r', 'v', 'p')
union all select 'function', p.oid::regprocedure::text, p.proacl::text
from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '^(pg_|information_schema)'
union all select 'policy', polrelid::regclass || ' ' || polname, pg_get_expr(polqual, polrelid) from pg_policy
union all select 'default', defaclnamespace::regnamespace || ' ' || defaclobjtype::text, defaclacl::text from pg_default_acl
order by 1, 2, 3
"""


def shape(database: Database) -> list[tuple[object, ...]]:
    with database.connect_owner() as owner:
        return owner.execute(_SHAPE.encode()).fetchall()


def by_url(database: Database) -> Database:
    """The same database as a DATABASE_URL would give it: no superuser, no launcher."""
    return replace(database, lease=None)


def fill(database: Database) -> None:
    with database.connect_owner() as owner:
        owner.execute("""
            create table public.zz_note (id int primary key, text text);
            insert into public.zz_note select i, 'note ' || i from generate_series(1, 1000) as i;
            alter table public.zz_note enable row level security;
            alter table public.zz_note force row level security;
            create policy everything on public.zz_note to service_role using (true);
        """)


def notes(database: Database) -> tuple[object, ...] | None:
    with psycopg.connect(database.admin_conninfo(database.name)) as connection:
        return connection.execute("select count(*), sum(id) from public.zz_note").fetchone()


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    assert refused.value.problem.hint
    return refused.value.problem.code


@pytest.mark.parametrize("seen", [lambda database: database, by_url], ids=["embedded", "url"])
def test_a_round_trip_brings_back_everything(database: Database, tmp_path: Path, seen: object) -> None:
    assert callable(seen)
    fill(database)
    before = shape(database)
    file = backup(seen(database), tmp_path / "all.dump")
    assert file.stat().st_mode & 0o077 == 0
    with database.connect_owner() as owner:
        owner.execute("drop table public.zz_note")
    if seen is by_url:
        with psycopg.connect(database.admin_conninfo("postgres"), autocommit=True) as admin:
            admin.execute("alter role submeter_owner createdb")
    restore(seen(database), file, replace_existing=True)
    assert notes(database) == (1000, 500500)
    assert shape(database) == before
    assert plan(database) == ()


def test_a_new_server_is_filled_from_a_backup(database: Database, tmp_path: Path, short_tmp: Path) -> None:
    fill(database)
    file = backup(database, tmp_path / "all.dump")
    assert database.lease
    with open_server(short_tmp / "db", database.lease.programs, options=("fsync=off",)) as lease:
        fresh = embedded_database(lease, Settings(jwt_secret="another secret, as long as it must be"))
        restore(fresh, file)
        assert notes(fresh) == (1000, 500500)
        assert shape(fresh) == shape(database)
        assert _databases(fresh) == {"postgres", "submeter", "template0", "template1"}


def test_what_is_there_is_only_replaced_on_demand(database: Database, tmp_path: Path) -> None:
    file = backup(database, tmp_path / "all.dump")
    fill(database)
    with pytest.raises(Refused) as refused:
        restore(database, file)
    assert code_of(refused) == "DBS305"
    assert notes(database) == (1000, 500500)


def test_a_restore_that_fails_loses_nothing(database: Database, tmp_path: Path) -> None:
    fill(database)
    file = backup(database, tmp_path / "all.dump")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1500])  # the list of contents is at its head, and whole
    before = _databases(database)
    with pytest.raises(Refused) as refused:
        restore(database, file, replace_existing=True)
    assert code_of(refused) == "DBS302"
    assert notes(database) == (1000, 500500)
    assert _databases(database) == before


def test_an_exchange_that_may_not_be_made_loses_nothing(database: Database, tmp_path: Path) -> None:
    fill(database)
    file = backup(database, tmp_path / "all.dump")
    with psycopg.connect(database.admin_conninfo("postgres"), autocommit=True) as admin:
        admin.execute("alter role submeter_owner nocreatedb")
    with pytest.raises(Refused) as refused:
        restore(by_url(database), file, replace_existing=True)
    assert code_of(refused) == "DBS306"
    assert notes(database) == (1000, 500500)


def test_a_file_that_is_there_is_not_overwritten(database: Database, tmp_path: Path) -> None:
    (tmp_path / "all.dump").write_text("precious")
    with pytest.raises(Refused) as refused:
        backup(database, tmp_path / "all.dump")
    assert code_of(refused) == "DBS303"
    assert (tmp_path / "all.dump").read_text() == "precious"


def test_a_file_that_is_no_backup(database: Database, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a backup")
    (tmp_path / "magic").write_bytes(b"PGDMP and nothing more")
    for name in ("missing", "text", "magic"):
        with pytest.raises(Refused) as refused:
            restore(database, tmp_path / name, replace_existing=True)
        assert code_of(refused) == "DBS304"


def test_an_empty_dump_does_not_empty_the_database(database: Database, tmp_path: Path) -> None:
    fill(database)
    empty = tmp_path / "empty.dump"
    with database.connect_owner() as owner:
        program = get_client(database, "pg_dump", owner)
    postgres = make_conninfo(database.owner_conninfo, dbname="postgres")
    assert run_client(program, ["--format=custom", f"--file={empty}"], postgres).returncode == 0

    with pytest.raises(Refused) as refused:
        restore(database, empty, replace_existing=True)

    assert code_of(refused) == "DBS304"
    assert notes(database) == (1000, 500500)


def test_a_backup_into_a_directory_that_is_not_there(database: Database, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        backup(database, tmp_path / "nowhere" / "all.dump")
    assert code_of(refused) == "DBS308"


def test_rows_that_a_policy_hides_from_the_owner_stop_the_backup(database: Database, tmp_path: Path) -> None:
    fill(database)
    with database.connect_owner() as owner:
        owner.execute("drop policy everything on public.zz_note")
        owner.execute("create policy a_few on public.zz_note to service_role using (id < 500)")
    with pytest.raises(Refused) as refused:
        backup(by_url(database), tmp_path / "all.dump")
    assert code_of(refused) == "DBS307"
    assert list(tmp_path.iterdir()) == []
    backup(database, tmp_path / "all.dump")


def test_a_program_that_is_too_old_is_not_used(
    database: Database, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fake_programs(short_tmp / "bin", version="14.9")
    (old / "pg_dump").write_text("")
    monkeypatch.setattr(clients, "_directories", lambda name: iter([old]))
    with database.connect_owner() as connection, pytest.raises(Refused) as refused:
        get_client(by_url(database), "pg_dump", connection)
    assert code_of(refused) == "DBS301"
    assert "14" in refused.value.problem.detail


def test_a_dump_program_that_fails_leaves_no_file(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "get_client", lambda *_: Path("/bin/false"))
    with pytest.raises(Refused) as refused:
        backup(database, tmp_path / "all.dump")
    assert code_of(refused) == "DBS302"
    assert list(tmp_path.iterdir()) == []


def _databases(database: Database) -> set[object]:
    with psycopg.connect(database.admin_conninfo("postgres")) as connection:
        return {row[0] for row in connection.execute("select datname from pg_database")}
