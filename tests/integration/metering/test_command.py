"""`submeter import` and `submeter waiting` as they are typed, in a directory with a database of its own."""

import gzip
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from integration.metering.nem import nem12
from integration.metering.tables import MAP, PLAIN
from integration.metering.tables import PAGE as LOGGED
from integration.metering.town import make_town
from integration.typed import typed
from submeter.db import migrations
from submeter.db.database import open_database
from submeter.db.embedded.lease import stop_server
from submeter.settings import Settings

HOME, OTHER = "6001000001", "6001000002"
PAGE = nem12({HOME: 3})
Run = Callable[..., subprocess.CompletedProcess[str]]


def start(directory: Path, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("SUBMETER_", "DATABASE_"))
    }
    command = [sys.executable, "-m", "submeter", *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, cwd=directory, env=clean, text=True, **streams)


@pytest.fixture
def run(short_tmp: Path) -> Iterator[Run]:
    """Run the command line in a directory of its own."""
    yield partial(typed, short_tmp)
    stop_server(short_tmp / ".submeter")


@pytest.fixture
def town(run: Run, short_tmp: Path) -> Path:
    """The directory with a database of one ESCO and one home; the server stays for the commands."""
    with open_database(Settings(data_dir=short_tmp / ".submeter")) as database:
        migrations.apply(database)
        make_town(database, (HOME,))
    run("db", "start")
    return short_tmp


def refused(done: "subprocess.CompletedProcess[str]", code: str) -> None:
    assert (done.returncode, done.stderr.split(":")[0]) == (1, f"error {code}"), done
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_database(run: Run, short_tmp: Path) -> None:
    refused(run("import", "missing.csv"), "DBS111")
    assert not (short_tmp / ".submeter").exists()


def test_with_a_database_that_is_not_migrated(run: Run) -> None:
    run("db", "start")
    refused(run("import", "missing.csv"), "SRV102")
    refused(run("waiting"), "SRV102")


def test_mistakes_of_newcomers(run: Run, town: Path) -> None:
    (town / "empty.csv").touch()
    (town / "bill.pdf").write_bytes(b"%PDF-1.7\n" + bytes(99))
    (town / "page.csv").write_text(PAGE)
    refused(run("import", "missing.csv"), "MTR233")
    refused(run("import", "."), "MTR233")
    refused(run("import", "empty.csv"), "MTR142")
    refused(run("import", "bill.pdf"), "MTR143")
    refused(run("import", "page.csv", "--esco", "nobody"), "PTY101")
    refused(run("import", "page.csv", "--as", "nem21"), "MTR155")
    refused(run("import", "--watch", "nowhere"), "MTR239")
    refused(run("waiting", "--accept", "77"), "MTR263")
    refused(run("waiting", "--accept", "77", "--reason", "seen"), "MTR232")
    assert run("import").returncode == 2
    assert run("import", "page.csv", "--watch", ".").returncode == 2
    assert run("import", "--watch", ".", "--once", "--dry-run").returncode == 2
    assert (town / "page.csv").exists()


def test_reports_and_exit_codes(run: Run, town: Path) -> None:
    (town / "page.csv").write_text(PAGE)
    (town / "page.csv.gz").write_bytes(gzip.compress(PAGE.replace(",1.0,", ",2.0,").encode()))
    (town / "bad.csv").write_text(PAGE.replace(",1.0,", ",x,", 1))
    (town / "other.csv").write_text(nem12({OTHER: 2}))

    tried = run("import", "page.csv", "--dry-run")
    assert (tried.returncode, tried.stdout.splitlines()[0]) == (
        0,
        "page.csv: checked, nothing was loaded (nem12, UTC+10)",
    )
    nothing = run("import", "bad.csv", "--all-or-nothing")
    assert nothing.returncode == 1
    assert "nothing was loaded, because of what was found" in nothing.stdout

    bad = run("import", "bad.csv", "--json", "--esco", "town")
    report = json.loads(bad.stdout)
    assert (bad.returncode, report["status"], report["counts"]["stored"]) == (3, "loaded", 2)
    assert [(one["line"], one["column"], one["value"]) for one in report["findings"]] == [(3, 3, "x")]

    done = run("import", "page.csv", "page.csv.gz", "other.csv", "missing.csv", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [one["status"] for one in lines] == ["loaded", "loaded", "loaded", "refused"]
    assert [one["name"] for one in lines] == ["page.csv", "page.csv.gz", "other.csv", "missing.csv"]
    # The packed file is older than bad.csv, of which two days were good.
    kinds = ("stored", "repeated", "replaced", "older", "waiting")
    counts = [{kind: one["counts"].get(kind, 0) for kind in kinds} for one in lines[:3]]
    assert [tuple(one.values()) for one in counts] == [(1, 2, 0, 0, 0), (0, 0, 1, 2, 0), (0, 0, 0, 0, 2)]
    assert run("import", "page.csv").stdout.startswith("page.csv: the same bytes were loaded before")
    told = run("waiting").stdout
    assert told.count(OTHER) == 2
    assert told.count("other.csv, line 3") == 1


def test_a_person_decides(run: Run, town: Path) -> None:
    (town / "a.csv").write_text(PAGE)
    (town / "b.csv").write_text(
        nem12({HOME: 3}, made="20260402").replace(",A,", ",S14,").replace(",1.0,", ",2.0,")
    )
    assert run("import", "a.csv").returncode == 0
    later = run("import", "b.csv")
    assert later.returncode == 3
    assert "MTR220" in later.stdout
    numbers = [line.split()[0] for line in run("waiting").stdout.splitlines()]
    decided = run("waiting", "--accept", numbers[0], "--turn-down", numbers[1], "--reason", "seen")
    assert decided.stderr.splitlines() == [f"{numbers[0]}: replaced", f"{numbers[1]}: turned down"]
    assert [line.split()[0] for line in decided.stdout.splitlines()] == numbers[2:]


def test_a_bar_on_a_terminal(town: Path) -> None:
    (town / "page.csv").write_text(PAGE)
    ours, theirs = pty.openpty()
    process = start(town, "import", "page.csv", stderr=theirs)
    os.close(theirs)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "page.csv: loaded" in said
    assert b"100%" in os.read(ours, 65536)
    os.close(ours)


# A directory -----------------------------------------------------------------------------------------------------


@contextmanager
def watching(town: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = start(town, "import", "--watch", "inbox", "--every", "0.2", "--json", *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(path: Path) -> None:
    patience = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < patience, path
        time.sleep(0.02)


def test_files_that_arrive_are_loaded_and_moved(run: Run, town: Path) -> None:
    inbox = town / "inbox"
    inbox.mkdir()
    (inbox / "a.csv").write_text(PAGE)
    (inbox / "c.csv.part").write_text("not yet")
    (inbox / ".hidden").write_text("not for us")
    (inbox / "deep").mkdir()
    with watching(town) as process:
        wait_for(inbox / "archive" / "a.csv")
        (inbox / "bill.pdf").write_bytes(b"%PDF-1.7")
        wait_for(inbox / "errors" / "bill.pdf")
        (inbox / "a.csv").write_text(PAGE.replace(",1.0,", ",3.0,"))
        wait_for(inbox / "archive" / "a-2.csv")
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert [json.loads(line)["status"] for line in said.splitlines()] == ["loaded", "refused", "loaded"]
    report = json.loads((inbox / "errors" / "bill.pdf.report.json").read_text())
    assert (report["name"], report["code"]) == ("bill.pdf", "MTR143")
    assert json.loads((inbox / "archive" / "a.csv.report.json").read_text())["counts"]["stored"] == 3
    left = sorted(path.name for path in inbox.iterdir())
    assert left == [".hidden", "archive", "c.csv.part", "deep", "errors"]


def test_a_watcher_that_was_killed_loses_nothing_and_adds_nothing_twice(run: Run, town: Path) -> None:
    inbox = town / "inbox"
    inbox.mkdir()
    (inbox / "a.csv").write_text(PAGE)
    assert run("import", "inbox/a.csv").returncode == 0  # as if it was killed after loading, before moving
    (inbox / "b.csv").write_text(nem12({OTHER: 2}))
    with watching(town) as process:
        process.kill()
    done = run("import", "--watch", "inbox", "--every", "0.05", "--once", "--json")
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["repeated", "loaded"]
    assert done.returncode == 3
    assert sorted(path.name for path in inbox.iterdir()) == ["archive"]
    assert len(run("waiting").stdout.splitlines()) == 2


def test_column_maps_and_clocks(town: Path, run: Run) -> None:
    (town / "acme.toml").write_text(
        "\n".join(
            f"{name} = {json.dumps(value)}" for name, value in MAP.items() if name not in ("register", "unit")
        )
        + '\nregister = {value = "E1"}\nunit = {value = "Wh"}\n'
    )
    (town / "a.csv").write_text(LOGGED)
    done = run("import", "a.csv", "--columns", "acme.toml", "--dry-run")
    assert (done.returncode, "column-map, Australia/Melbourne" in done.stdout) == (3, True), done
    assert run("columns", "keep", "acme.toml").stdout == "Acme logger  intervals  not confirmed\n"
    assert run("columns", "list").stdout == "Acme logger  intervals  not confirmed\n"
    assert json.loads(run("columns", "show", "acme logger").stdout) == MAP
    assert json.loads(run("columns", "list", "--json").stdout)["settings"] == MAP
    inbox = town / "inbox"
    inbox.mkdir()
    (inbox / "b.csv").write_text(LOGGED)
    refused(run("import", "--watch", "inbox", "--once", "--every", "0.1", "--columns", "acme"), "MTR196")
    assert [path.name for path in inbox.iterdir()] == ["b.csv"]
    done = run("import", "--watch", "inbox", "--once", "--every", "0.1", "--columns", "Acme logger", "--json")
    assert json.loads(done.stdout)["counts"]["stored"] == 1
    in_kwh = (town / "acme.toml").read_text().replace('"Wh"}', '"kWh"}').replace("Acme", "Other")
    (town / "other.toml").write_text(in_kwh)
    done = run("import", "a.csv", "--columns", "other.toml")  # the same bytes, in an older file
    assert "1 days replaced" in done.stdout, done
    (town / "plain.csv").write_text(PLAIN)
    refused(run("import", "plain.csv"), "MTR170")
    done = run("import", "plain.csv", "--clock", "Australia/Melbourne")
    assert (done.returncode, "1 days replaced" in done.stdout) == (0, True), done
    refused(run("import", "plain.csv", "--clock", "Melborne"), "MTR193")
    refused(run("import", "a.csv", "--columns", "none.toml"), "MTR197")
    (town / "bad.toml").write_bytes(b"name = \xff")
    refused(run("import", "a.csv", "--columns", "bad.toml"), "MTR197")
    refused(run("columns", "keep", "a.csv"), "MTR190")
    assert run("columns", "drop", "Acme logger").returncode == 0
    refused(run("columns", "show", "Acme logger"), "MTR196")
    refused(run("columns", "drop", "Acme logger"), "MTR196")
