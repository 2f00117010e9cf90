"""An import that is killed at any moment, and begun again, ends as if it had never been killed."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from integration.metering.importer import DAYS, items, run
from integration.metering.town import DAY, Town, make_town
from submeter.db.database import Database
from submeter.metering.checking import check_due

KILLS = 50 if os.environ.get("SUBMETER_PROVE") else 3
HOMES = tuple(f"60010000{number:02}" for number in range(8))
ROOT = Path(__file__).parents[3]


def kill_after(town: Town, seconds: float) -> None:
    """Start an import in a process of its own, and kill it after a while (or let it end)."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])}
    command = [sys.executable, "-m", "integration.metering.importer"]
    arguments = [town.database.authenticator_conninfo, town.esco_id, ",".join(HOMES)]
    with subprocess.Popen([*command, *arguments], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        time.sleep(seconds)
        process.kill()


def state(town: Town) -> tuple[object, ...]:
    """What is there of the file, without numbers and times that another run gives anew."""
    return (
        town.rows(
            "select register_id::text, day, total, line from submeter.register_intervals order by 1, 2"
        ),
        town.rows("select line, value, code from submeter.import_findings order by 1, 2, 3"),
        town.rows("select identifier, day from submeter.import_waiting order by 1, 2"),
        town.rows("select status, items_done, counts from submeter.import_files"),
        town.rows(
            "select register_id::text, code, day, first, last, status from submeter.interval_findings order by 1, 2, 3, 4"
        ),
        town.value("select count(*) from submeter.register_interval_versions"),
    )


@pytest.mark.proof
def test_kill_9_at_any_moment(database: Database) -> None:
    town = make_town(database, HOMES)
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    began = time.monotonic()
    run(town.database.authenticator_conninfo, town.esco_id, HOMES)
    span = time.monotonic() - began
    expected = state(town)
    assert len(expected[0]) == len(HOMES) * DAYS  # type: ignore[arg-type]
    assert len(expected[4]) == len(HOMES)  # type: ignore[arg-type]
    assert sum(1 for _ in items(HOMES)) == expected[3][0][1]  # type: ignore[index]
    half_way = 0
    for _ in range(KILLS):
        _forget(town)
        kill_after(town, chance.uniform(0, 1.2 * span))
        done = town.rows("select items_done from submeter.import_files where status = 'loading'")
        half_way += bool(done and done[0][0])
        # What is there is whole: days are stored with the note of how far the file is.
        assert (
            town.value("select count(*) from submeter.register_intervals where length(amounts) <> 192") == 0
        )
        run(town.database.authenticator_conninfo, town.esco_id, HOMES)
        check_all(town)
        assert state(town) == expected, f"seed {seed}"
    sys.stdout.write(
        f"{KILLS} kills, {half_way} of them half-way, seed {seed}: every day of {DAY} and after exactly once\n"
    )


def check_all(town: Town) -> None:
    """What the killed process was just checking is due again once the server has noticed that it is gone."""
    deadline = time.monotonic() + 60
    while town.value("select count(*) from submeter.interval_checks_due"):
        assert time.monotonic() < deadline
        check_due(town.database, town.operator)


def _forget(town: Town) -> None:
    """Back to the beginning, which only a test may do."""
    tables = "register_intervals, submeter.register_interval_versions, submeter.import_waiting, submeter.import_findings, submeter.reading_queue, submeter.import_files, submeter.interval_findings, submeter.interval_checks_due"
    with town.database.connect_owner() as owner:
        for table in ("register_intervals", "register_interval_versions", "import_findings", "import_files"):
            owner.execute(f"alter table submeter.{table} disable trigger user")
        owner.execute(f"truncate submeter.{tables}")
        for table in ("register_intervals", "register_interval_versions", "import_findings", "import_files"):
            owner.execute(f"alter table submeter.{table} enable trigger user")
