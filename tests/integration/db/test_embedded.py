"""The embedded server: joined, left, killed in every way, and there again."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from integration.db.processes import copy_programs, holder, python_for_everyone, run_as
from submeter.db.embedded import Lease, open_server
from submeter.db.embedded.account import Account
from submeter.db.embedded.lease import stop_server
from submeter.db.embedded.place import Place, drop_socket_dir, make_socket_dir
from submeter.db.embedded.processes import Postmaster, find_postmaster, is_alive, list_servers, listener_of

ROUNDS = 50 if os.environ.get("SUBMETER_PROVE") else 2
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


@pytest.fixture
def data_dir(short_tmp: Path) -> Iterator[Path]:
    yield short_tmp / "db"
    stop_server(short_tmp / "db")


def query(lease: Lease, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(lease.conninfo(), autocommit=True) as connection:
        found = connection.execute(text.encode())
        return found.fetchall() if found.description else []


def runs(lease: Lease) -> bool:
    return is_alive(lease.postmaster.pid) and listener_of(lease.postmaster.socket) is not None


def test_a_new_cluster_is_private_checked_and_the_same_everywhere(data_dir: Path) -> None:
    with open_server(data_dir) as lease:
        settings = dict(query(lease, "select name, setting from pg_settings"))
        locale = query(
            lease, "select datlocprovider::text, datlocale from pg_database where datname = 'postgres'"
        )
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(lease.conninfo(password="guessed"))
    wanted = {"data_checksums": "on", "fsync": "on", "listen_addresses": "", "server_encoding": "UTF8"}
    assert {name: settings[name] for name in wanted} == wanted
    assert locale == [("b", "C.UTF-8")]
    private = [lease.place.password_file, lease.place.cluster, lease.postmaster.socket_dir, lease.place.log]
    assert [stat.S_IMODE(path.stat().st_mode) & 0o077 for path in private] == [0, 0, 0, 0]


def test_the_first_in_starts_the_last_out_stops(data_dir: Path) -> None:
    with open_server(data_dir) as first:
        with holder(data_dir) as other, open_server(data_dir) as second:
            assert first.postmaster == second.postmaster
            first.close()
            second.close()
            assert runs(first)
            other.communicate("\n", timeout=60)
        assert not runs(first)
        assert find_postmaster(first.place.cluster) is None


def test_many_at_once_start_one_server(data_dir: Path) -> None:
    leases: list[Lease] = []
    threads = [threading.Thread(target=lambda: leases.append(open_server(data_dir))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pids = {lease.postmaster.pid for lease in leases}
    for lease in leases[1:]:
        lease.close()
    assert (len(leases), len(pids), runs(leases[0])) == (5, 1, True)
    leases[0].close()
    assert not runs(leases[0])


def test_a_kept_server_outlives_its_users_until_it_is_stopped(data_dir: Path) -> None:
    with open_server(data_dir) as lease:
        lease.keep()
    assert runs(lease)
    assert stop_server(data_dir)
    assert not runs(lease)
    assert not stop_server(data_dir)
    with open_server(data_dir) as again:
        pass
    assert not runs(again)


@pytest.mark.proof
def test_a_kill_of_the_postmaster_loses_no_acknowledged_row(data_dir: Path) -> None:
    with open_server(data_dir) as lease:
        query(lease, "create table kept (number bigint)")
    acknowledged = 0
    for _ in range(ROUNDS):
        with open_server(data_dir) as lease:
            acknowledged = _insert_until_killed(lease, acknowledged)
        with open_server(data_dir) as lease:
            (count, last), *_ = query(lease, "select count(*), max(number) from kept")
        assert isinstance(count, int)
        assert count == last
        assert acknowledged <= count <= acknowledged + 1
        acknowledged = count
    assert acknowledged > ROUNDS * 10


def _insert_until_killed(lease: Lease, start: int) -> int:
    acknowledged = start
    with psycopg.connect(lease.conninfo(), autocommit=True) as connection:
        killer = threading.Timer(0.3, os.kill, (lease.postmaster.pid, signal.SIGKILL))
        killer.start()
        try:
            while True:
                connection.execute("insert into kept values (%s)", (acknowledged + 1,))
                acknowledged += 1
                if not killer.is_alive():  # the backend notices late that its postmaster is gone
                    return acknowledged
        except psycopg.OperationalError:
            return acknowledged
        finally:
            killer.join()


def test_a_busy_orphan_of_a_killed_postmaster_does_not_keep_the_next_one_out(data_dir: Path) -> None:
    said: list[str] = []
    with open_server(data_dir) as lease, _busy(lease):
        os.kill(lease.postmaster.pid, signal.SIGKILL)
        with open_server(data_dir, say=said.append) as again:
            assert query(again, "select 1") == [(1,)]
            assert again.postmaster.pid != lease.postmaster.pid
    if list_servers(lease.place.cluster) is not None:
        assert any("earlier database server" in text for text in said)


@contextmanager
def _busy(lease: Lease) -> Iterator[None]:
    def work() -> None:
        with pytest.raises(psycopg.OperationalError):
            query(lease, "select count(*) from generate_series(1, 1000000000000)")

    thread = threading.Thread(target=work)
    thread.start()
    while not query(lease, "select 1 from pg_stat_activity where query like 'select count%'"):
        time.sleep(0.01)
    yield
    thread.join()


def test_a_killed_backend_leaves_a_server_that_serves_again(data_dir: Path) -> None:
    with open_server(data_dir) as lease:
        with psycopg.connect(lease.conninfo()) as connection:
            os.kill(connection.info.backend_pid, signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select pg_sleep(30)")
            connection.close()
        with open_server(data_dir) as again:
            assert again.postmaster == lease.postmaster
            assert query(again, "select 1") == [(1,)]


def test_a_killed_user_leaves_a_server_that_the_next_one_joins_and_stops(data_dir: Path) -> None:
    with holder(data_dir) as owner:
        owner.kill()
        owner.wait()
    orphan = find_postmaster(data_dir / "cluster")
    assert orphan
    assert is_alive(orphan.pid)
    with open_server(data_dir) as lease:
        assert lease.postmaster == orphan
    assert not runs(lease)


def test_a_killed_user_and_a_killed_server_are_both_got_over(data_dir: Path) -> None:
    with holder(data_dir) as owner:
        running = find_postmaster(data_dir / "cluster")
        assert running
        os.kill(running.pid, signal.SIGKILL)  # a zombie from now on: its parent does not bury it
        owner.kill()
        owner.wait()
    with open_server(data_dir) as lease:
        assert query(lease, "select 1") == [(1,)]


def test_a_zombie_is_not_taken_for_a_server(data_dir: Path) -> None:
    with holder(data_dir):
        running = find_postmaster(data_dir / "cluster")
        assert running
        os.kill(running.pid, signal.SIGKILL)
        with open_server(data_dir) as lease:
            assert lease.postmaster.pid != running.pid
            assert query(lease, "select 1") == [(1,)]


def test_a_reused_process_number_in_the_lock_file_is_not_believed(data_dir: Path) -> None:
    with open_server(data_dir) as lease:
        lock = (lease.place.cluster / "postmaster.pid").read_text().splitlines()
    stranger = {"user": lease.place.account.uid} if lease.place.account else {}
    with subprocess.Popen(["sleep", "60"], **stranger) as process:
        stale = lease.place.cluster / "postmaster.pid"
        stale.write_text("\n".join([str(process.pid), *lock[1:]]) + "\n")
        lease.place.give(stale)
        with open_server(data_dir) as again:
            assert query(again, "select 1") == [(1,)]
        assert process.poll() is None
        process.kill()


def test_half_a_cluster_is_made_anew(data_dir: Path) -> None:
    (data_dir / "cluster.tmp" / "base").mkdir(parents=True)
    data_dir.chmod(0o711)
    with open_server(data_dir) as lease:
        assert query(lease, "select 1") == [(1,)]
    assert not (data_dir / "cluster.tmp").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_program_stops_its_server_in_order(short_tmp: Path, number: signal.Signals) -> None:
    program = "import sys; sys.argv[1:] = ['db', 'psql', '-c', 'select pg_sleep(60)']; from submeter.cli import main; main()"
    environment = {**os.environ, "SUBMETER_DATA_DIR": str(short_tmp / "db")}
    open_server(short_tmp / "db").close()  # psql looks into a database that is there; it makes none
    (short_tmp / "db" / "server.log").unlink()
    if (
        number == signal.SIGINT
    ):  # at the terminal it is psql that gets it; here, a program that waits by itself
        program = (
            "import time; from pathlib import Path; from submeter.db.embedded import open_server\n"
            f"with open_server(Path({str(short_tmp / 'db')!r})): time.sleep(60)"
        )
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        running = _wait_for_server(short_tmp / "db")
        time.sleep(0.5)
        os.killpg(process.pid, number)
        process.wait(60)
    assert not is_alive(running.pid)
    assert "database system is shut down" in (short_tmp / "db" / "server.log").read_text()


def _wait_for_server(data_dir: Path) -> Postmaster:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        running = find_postmaster(data_dir / "cluster")
        if running and listener_of(running.socket):
            return running
        time.sleep(0.05)
    pytest.fail("no server came up")


def test_a_long_path_gets_its_socket_elsewhere(short_tmp: Path) -> None:
    home = short_tmp / ("long" * 30)
    home.mkdir()
    sockets = make_socket_dir(Place(home, home, None))
    try:
        assert not sockets.is_relative_to(home)
        assert len(str(sockets)) < 80
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    finally:
        drop_socket_dir(sockets)
    assert not sockets.exists()


def test_a_server_with_a_long_path_and_a_port_serves(short_tmp: Path) -> None:
    data_dir = short_tmp / ("long" * 30)
    with open_server(data_dir, options=("fsync=off",)) as lease:
        sockets = lease.postmaster.socket_dir
        assert query(lease, "select 1") == [(1,)]
    assert not sockets.exists()


_USE = """
import sys
from pathlib import Path
import psycopg
from submeter.db.embedded import open_server
for _ in range(2):
    with open_server(Path(sys.argv[1])) as lease:
        with psycopg.connect(lease.conninfo()) as connection:
            print(connection.execute("select 40 + 2").fetchone()[0], lease.place.home, lease.programs)
"""


@needs_root
@pytest.mark.skipif(python_for_everyone() is None, reason="no Python here that any user may run")
def test_a_normal_user_needs_nobody_else(short_tmp: Path) -> None:
    home = short_tmp / "home"
    home.mkdir(0o700)
    os.chown(home, 65534, 65534)
    told = run_as(65534, _USE, str(home / ".submeter")).splitlines()
    assert [line.split()[:2] for line in told] == [["42", str(home / ".submeter")]] * 2
    assert (home / ".submeter" / "cluster").stat().st_uid == 65534


@needs_root
@pytest.mark.skipif(python_for_everyone() is None, reason="no Python here that any user may run")
def test_root_serves_the_cluster_of_a_normal_user_as_that_user(short_tmp: Path) -> None:
    home = short_tmp / "home"
    home.mkdir(0o711)
    os.chown(home, 65534, 65534)
    run_as(65534, _USE, str(home / ".submeter"))
    (home / ".submeter").chmod(0o711)
    with open_server(home / ".submeter") as lease:
        assert query(lease, "select 1") == [(1,)]
        assert lease.place.account == Account("nobody", 65534, 65534)
    run_as(65534, _USE, str(home / ".submeter"))


@needs_root
def test_root_with_everything_under_a_closed_directory(short_tmp: Path) -> None:
    closed = short_tmp / "root"
    closed.mkdir(0o700)
    copy_programs(closed / "site")
    from integration.db.processes import SITE, SOURCE

    path = (closed / "site", SOURCE, SITE)
    told = [line.split() for line in run_as(0, _USE, str(closed / ".submeter"), path=path).splitlines()]
    homes, programs = ({Path(line[place]) for line in told} for place in (1, 2))
    try:
        assert [line[0] for line in told] == ["42", "42"]
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert homes == {Path((closed / ".submeter" / "cluster.path").read_text().strip())}
        assert not any(home.is_relative_to(short_tmp) for home in homes | programs)
    finally:
        for home in (*homes, *(bin_dir.parents[2] for bin_dir in programs)):
            assert home.parent == Path("/var/lib/submeter")
            shutil.rmtree(home)
