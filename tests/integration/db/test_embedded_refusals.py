"""Each way in which the embedded server can be refused, with its code and a hint."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import embedded_database
from submeter.db.embedded import open_server, postmaster
from submeter.db.embedded.lease import stop_server
from submeter.db.transactions import transaction
from submeter.settings import Settings

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away and mount")
QUICK = ("fsync=off",)


@pytest.fixture
def made(short_tmp: Path) -> Iterator[Path]:
    """A data directory with a cluster that was stopped in order."""
    open_server(short_tmp / "db", options=QUICK).close()
    yield short_tmp / "db"
    stop_server(short_tmp / "db")


def refusal(data_dir: Path, bin_dir: Path | None = None, port: int | None = None) -> Refused:
    with pytest.raises(Refused) as refused, open_server(data_dir, bin_dir, port=port):
        pass
    assert refused.value.problem.hint
    return refused.value


def fake_programs(
    directory: Path, *, initdb: str = "exit 0", postgres: str = "exit 1", version: str = "18.6"
) -> Path:
    directory.mkdir()
    scripts = {
        "postgres": f'[ "$1" = --version ] && echo "postgres (PostgreSQL) {version}" && exit 0\n{postgres}',
        "initdb": initdb,
    }
    for name, text in scripts.items():
        (directory / name).write_text(f"#!/bin/sh\n{text}\n")
        (directory / name).chmod(0o755)
    return directory


def test_programs_that_are_missing_or_do_not_run(short_tmp: Path) -> None:
    assert refusal(short_tmp / "db", short_tmp).problem.code == "DBS102"
    broken = fake_programs(short_tmp / "bin")
    (broken / "postgres").write_text("#!/bin/sh\necho no such library >&2; exit 127\n")
    found = refusal(short_tmp / "db", broken).problem
    assert (found.code, "no such library" in found.detail) == ("DBS102", True)


@needs_root
def test_programs_that_the_servers_user_may_not_run(short_tmp: Path) -> None:
    (short_tmp / "closed").mkdir(0o700)
    programs = fake_programs(short_tmp / "closed" / "bin")
    assert refusal(short_tmp / "db", programs).problem.code == "DBS103"
    assert (short_tmp / "closed").stat().st_mode & 0o777 == 0o700


def test_another_major_version(made: Path, short_tmp: Path) -> None:
    programs = fake_programs(short_tmp / "bin", version="19.1")
    found = refusal(made, programs).problem
    assert found.code == "DBS104"
    assert found.context == {"made_by": "18", "programs": "19"}
    assert "backup" in found.hint
    assert "restore" in found.hint


def test_a_full_disk_at_initdb_leaves_nothing(short_tmp: Path) -> None:
    programs = fake_programs(
        short_tmp / "bin", initdb="echo 'could not write to file: No space left on device' >&2; exit 1"
    )
    assert refusal(short_tmp / "db", programs).problem.code == "DBS105"
    assert not list((short_tmp / "db").glob("cluster*"))
    with open_server(short_tmp / "db", options=QUICK) as lease:
        psycopg.connect(lease.conninfo()).close()


def test_a_full_disk_at_start(made: Path, short_tmp: Path) -> None:
    programs = fake_programs(
        short_tmp / "bin", postgres="echo 'FATAL:  x: No space left on device' >&2; exit 1"
    )
    assert refusal(made, programs).problem.code == "DBS105"


@pytest.fixture
def small_disk(short_tmp: Path) -> Iterator[Path]:
    disk = short_tmp / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m,mode=711", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill_up(file: Path) -> None:
    done = subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=64k"], capture_output=True, check=False)
    assert b"No space left" in done.stderr


@needs_root
def test_a_truly_full_disk_at_work_and_after(small_disk: Path) -> None:
    with open_server(small_disk / "db") as lease:
        database = embedded_database(lease, Settings(jwt_secret="x" * 40))
        with database.connect_owner() as owner:
            owner.execute(
                "create role filler; create role authenticator login noinherit; grant filler to authenticator"
            )
            owner.execute(f"alter role authenticator password '{database.authenticator_password}'")
            owner.execute(
                "create table heap (text text); grant all on heap to filler; insert into heap values ('kept')"
            )
        fill = "insert into heap select repeat(md5(i::text), 30) from generate_series(1, 100000) as i"
        with pytest.raises(Refused) as refused, transaction(database, Caller("filler")) as connection:
            connection.execute(fill)
        assert refused.value.problem.code == "DBS105"
        with transaction(database, Caller("filler")) as connection:
            assert connection.execute("select text from heap").fetchall() == [("kept",)]
        database.pool.close()
    fill_up(small_disk / "filler")
    assert refusal(small_disk / "db").problem.code == "DBS105"
    subprocess.run(["mount", "-o", "remount,size=300m", small_disk], check=True)
    with open_server(small_disk / "db") as lease, psycopg.connect(lease.conninfo("submeter")) as connection:
        assert connection.execute("select text from heap").fetchall() == [("kept",)]


def test_a_taken_port(made: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = refusal(made, port=taken.getsockname()[1]).problem
    assert (found.code, "SUBMETER_DB_PORT" in found.hint) == ("DBS106", True)


def test_a_port_that_was_asked_for_is_listened_at(made: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with open_server(made, port=port, options=QUICK) as lease:
        psycopg.connect(lease.conninfo(), host="127.0.0.1").close()
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(lease.conninfo(password="guessed"), host="127.0.0.1")


def test_a_server_that_will_not_start_tells_why(made: Path) -> None:
    with (made / "cluster" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    found = refusal(made).problem
    assert (found.code, "no_such_setting" in found.detail) == ("DBS107", True)


def test_a_cluster_that_is_open_to_others(made: Path) -> None:
    (made / "cluster").chmod(0o777)
    assert refusal(made).problem.code == "DBS101"


@needs_root
def test_a_cluster_that_belongs_to_root(made: Path) -> None:
    owner = (made / "cluster").stat()
    os.chown(made / "cluster", 0, 0)
    found = refusal(made).problem
    os.chown(made / "cluster", owner.st_uid, owner.st_gid)
    assert (found.code, "chown" in found.hint) == ("DBS101", True)


def test_a_data_directory_that_is_a_file(short_tmp: Path) -> None:
    (short_tmp / "db").write_text("in the way")
    assert refusal(short_tmp / "db").problem.code == "DBS101"


def test_a_server_that_lives_but_does_not_answer_is_left_alone(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "_PATIENCE", 0.5)
    with open_server(made, options=QUICK) as lease:
        lease.postmaster.socket.unlink()
        assert refusal(made).problem.code == "DBS108"
        os.kill(lease.postmaster.pid, 0)
        os.kill(lease.postmaster.pid, signal.SIGINT)


def test_a_cluster_that_was_put_elsewhere_and_is_gone(short_tmp: Path) -> None:
    (short_tmp / "db").mkdir()
    (short_tmp / "db" / "cluster.path").write_text(f"{short_tmp}/gone\n")
    assert refusal(short_tmp / "db").problem.code == "DBS109"


def test_a_lost_password(made: Path) -> None:
    kept = (made / "superuser-password").read_text()
    (made / "superuser-password").unlink()
    assert refusal(made).problem.code == "DBS110"
    (made / "superuser-password").write_text("another\n")
    assert refusal(made).problem.code == "DBS110"
    (made / "superuser-password").write_text(kept)
    open_server(made, options=QUICK).close()
    shutil.rmtree(made)
