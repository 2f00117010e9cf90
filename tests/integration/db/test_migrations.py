"""Migrations: applied once, in order, whole or not at all, by one process at a time."""

import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from submeter.core.problem import Refused
from submeter.db import migrations
from submeter.db.database import Database
from submeter.db.migrations import Migration, apply, list_migrations, plan

pytestmark = pytest.mark.system_postgres

OURS = list_migrations()
FIRST = Migration(len(OURS) + 1, "first", "create table public.zz_first (id int);")
SECOND = Migration(
    len(OURS) + 2, "second", "create table public.zz_second (id int);\ninsert into zz_second values (1);"
)


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.problem.code


def names(found: tuple[Migration, ...]) -> list[str]:
    return [migration.name for migration in found]


def has(database: Database, table: str) -> bool:
    with database.connect_owner() as connection:
        row = connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()
        return bool(row and row[0])


def test_what_comes_with_submeter_is_applied_already(database: Database) -> None:
    assert plan(database) == ()
    assert apply(database) == ()


def test_plan_changes_nothing_and_apply_follows_it(database: Database) -> None:
    wanted = (*OURS, FIRST, SECOND)
    assert names(plan(database, wanted)) == ["first", "second"]
    assert not has(database, "zz_first")
    said: list[str] = []
    assert names(apply(database, said.append, wanted)) == ["first", "second"]
    assert said == [f"applying {FIRST.file}", f"applying {SECOND.file}"]
    assert has(database, "zz_second")
    assert apply(database, said.append, wanted) == ()
    assert len(said) == 2


def test_an_edited_file_is_refused_and_nothing_is_applied(database: Database) -> None:
    apply(database, migrations=(*OURS, FIRST))
    edited = replace(FIRST, sql=FIRST.sql + " -- harmless")
    with pytest.raises(Refused) as refused:
        apply(database, migrations=(*OURS, edited, SECOND))
    assert code_of(refused) == "MIG101"
    assert FIRST.file in refused.value.problem.detail
    assert not has(database, "zz_second")


def test_a_database_from_the_future_is_refused(database: Database) -> None:
    apply(database, migrations=(*OURS, FIRST))
    with pytest.raises(Refused) as refused:
        plan(database, OURS)
    assert code_of(refused) == "MIG104"


def test_a_file_that_fails_leaves_nothing_and_names_its_line(database: Database) -> None:
    bad = replace(SECOND, sql="create table public.zz_second (id int);\n\nselect nonsense from zz_second;\n")
    with pytest.raises(Refused) as refused:
        apply(database, migrations=(*OURS, FIRST, bad))
    assert code_of(refused) == "MIG105"
    assert refused.value.problem.context["line"] == 3
    assert (has(database, "zz_first"), has(database, "zz_second")) == (True, False)
    assert names(apply(database, migrations=(*OURS, FIRST, SECOND))) == ["second"]


@pytest.mark.parametrize("ending", ["commit;", "commit; begin;", "rollback;"])
def test_a_file_that_ends_its_own_transaction_is_refused(database: Database, ending: str) -> None:
    bad = replace(FIRST, sql=f"select 1; {ending}")
    with pytest.raises(Refused) as refused:
        apply(database, migrations=(*OURS, bad))
    assert code_of(refused) == "MIG107"
    assert names(plan(database, (*OURS, FIRST))) == ["first"]


def test_what_a_file_sets_does_not_reach_the_next(database: Database) -> None:
    sets = replace(
        FIRST,
        sql="set search_path = pg_catalog; create role zz_other; grant zz_other to current_user; set role zz_other;",
    )
    apply(database, migrations=(*OURS, sets, SECOND))
    with database.connect_owner() as owner:
        found = owner.execute(
            "select tableowner = current_user from pg_tables where tablename = 'zz_second'"
        ).fetchone()
        owner.execute("drop role zz_other")
    assert found == (True,)


def test_of_two_at_once_the_second_waits_and_finds_nothing_to_do(database: Database) -> None:
    slow = replace(FIRST, sql="select pg_sleep(0.5); " + FIRST.sql)
    applied: list[tuple[Migration, ...]] = []
    said: list[str] = []

    def work() -> None:
        applied.append(apply(database, said.append, (*OURS, slow)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, applied)) == [0, 1]
    assert "waiting for another process that migrates" in said


def test_the_gateway_is_told_to_read_the_schema_again(database: Database) -> None:
    with psycopg.connect(database.owner_conninfo, autocommit=True) as listener:
        listener.execute("listen pgrst")
        apply(database)
        heard = [(notify.channel, notify.payload) for notify in listener.notifies(timeout=5, stop_after=1)]
    assert heard == [("pgrst", "reload schema")]


def write(directory: Path, *file_names: str) -> Path:
    for name in file_names:
        (directory / name).write_text("select 1;")
    return directory


@pytest.mark.parametrize(
    ("file_names", "code"),
    [
        (("0001_a.sql", "0003_c.sql"), "MIG102"),
        (("0002_b.sql",), "MIG102"),
        (("0001_a.sql", "0001_b.sql"), "MIG103"),
        (("0001_a.sql", "2_b.sql"), "MIG106"),
        (("0001_A.sql",), "MIG106"),
    ],
)
def test_files_that_do_not_make_a_row_are_refused(
    tmp_path: Path, file_names: tuple[str, ...], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        list_migrations(write(tmp_path, *file_names))
    assert code_of(refused) == code


def test_line_ends_of_a_checkout_are_no_edit(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_bytes(b"select 1;\nselect 2;\n")
    (unix,) = list_migrations(tmp_path)
    (tmp_path / "0001_a.sql").write_bytes(b"select 1;\r\nselect 2;\r\n")
    assert list_migrations(tmp_path) == (unix,)
    assert migrations.list_migrations(write(tmp_path, "README.md")) == (unix,)
