"""`submeter db ...` and `submeter migrate` as they are typed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from submeter.db.embedded.lease import stop_server

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(short_tmp: Path) -> Iterator[Run]:
    """Run the command line in a directory of its own."""

    def run_one(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SUBMETER_", "DATABASE_"))
        }
        return subprocess.run(
            [sys.executable, "-c", "from submeter.cli import main; main()", *arguments],
            cwd=short_tmp,
            env={**clean, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    yield run_one
    stop_server(short_tmp / ".submeter")


def test_a_life_of_a_database(run: Run, short_tmp: Path) -> None:
    assert run("db", "status").stdout.split() == [
        "kind",
        "embedded",
        "state",
        "none",
        "data_dir",
        f"{short_tmp}/.submeter",
    ]
    pending = run("migrate", "--plan").stdout.split()
    assert pending[0] == "0001_roles.sql"
    assert run("migrate").stderr.splitlines()[-1] == f"{len(pending)} applied"
    assert run("migrate").stderr.splitlines() == ["nothing to do"]
    assert json.loads(run("db", "status", "--json").stdout)["state"] == "stopped"

    assert run("db", "start").returncode == 0
    status = json.loads(run("db", "status", "--json").stdout)
    wanted = {
        "kind": "embedded",
        "state": "running",
        "kept": True,
        "database": "submeter",
        "migrations": "up to date",
    }
    assert {name: status[name] for name in wanted} == wanted
    asked = run("db", "psql", "--tuples-only", "--no-align", "-c", "select current_user")
    assert (asked.returncode, asked.stdout) == (0, "submeter_owner\n")

    assert run("db", "backup", "all.dump").returncode == 0
    refused = run("db", "restore", "all.dump")
    assert (refused.returncode, refused.stderr.splitlines()) == (
        1,
        [
            "error DBS305: The database is not empty: submeter",
            "hint: Say --replace to give up what it holds now.",
        ],
    )
    assert run("db", "restore", "--replace", "all.dump").returncode == 0
    assert run("db", "stop").stderr == "the database is stopped\n"
    assert run("db", "stop").stderr == "no database was running\n"


@pytest.mark.parametrize(
    "command",
    [
        ("db", "backup", "all.dump"),
        ("db", "psql"),
        ("serve", "--port", "0"),
        ("token", "--role", "anon"),
        ("token", "--role", "operator", "--esco", "wlce"),
    ],
)
def test_in_the_wrong_directory_nothing_is_made(run: Run, short_tmp: Path, command: tuple[str, ...]) -> None:
    done = run(*command)

    assert (done.returncode, done.stderr[:14]) == (1, "error DBS111: ")
    assert "SUBMETER_DATA_DIR" in done.stderr
    assert list(short_tmp.iterdir()) == []


def test_an_address_that_is_none_is_not_repeated_with_its_password(run: Run) -> None:
    done = run("migrate", DATABASE_URL="mysql://me:mellon@host/db")

    assert (done.returncode, done.stderr[:14]) == (1, "error DBS201: ")
    assert "mellon" not in done.stderr


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout == f"submeter {metadata.version('submeter')}\n"


def test_refusals_and_wrong_usage_have_their_exit_codes(run: Run, short_tmp: Path) -> None:
    elsewhere = run("db", "start", DATABASE_URL="postgresql://localhost:1/none")
    assert (elsewhere.returncode, elsewhere.stderr.splitlines()[0][:14]) == (1, "error DBS209: ")
    unreachable = run("migrate", DATABASE_URL="postgresql://localhost:1/none")
    assert (unreachable.returncode, unreachable.stderr[:14]) == (1, "error DBS201: ")
    assert "Traceback" not in unreachable.stderr
    (short_tmp / "submeter.toml").write_text("prot = 1\n")
    unknown = run("db", "status")
    assert (unknown.returncode, unknown.stderr.splitlines()[1]) == (1, "hint: Did you mean 'port'?")
    assert run("db", "restart").returncode == 2


@pytest.mark.usefixtures("database_server")
def test_status_of_a_database_by_its_url(run: Run, database: object) -> None:
    from submeter.db.database import Database

    assert isinstance(database, Database)
    url = database.owner_conninfo
    status = json.loads(run("db", "status", "--json", DATABASE_URL=url).stdout)
    assert (status["kind"], status["migrations"]) == ("url", "up to date")
    asked = run("db", "psql", "-At", "-c", "select current_database()", DATABASE_URL=url)
    assert asked.stdout.strip() == database.name
