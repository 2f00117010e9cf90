"""The two servers of a soak: a database that is restarted by its own pid, and the gateway's processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from integration.rowgate.test_http import free_port
from integration.rowgate.test_process import clean
from integration.rowgate.world import SECRET, wait_until
from soak.shape import FIRST, create
from submeter.db.embedded import Lease, open_server

WORLD = (Path(__file__).parent / "world.sql").read_text(encoding="utf-8")
PATIENCE_S = 10  # how long a request waits for a connection of the pool


class OwnDatabase:
    """A server that nobody else uses. What it acknowledged survives a kill; of the machine nobody speaks."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._leases: list[Lease] = []
        self.start()
        with self.connect() as connection:
            connection.execute(WORLD + create(FIRST))

    def start(self) -> None:
        self._leases.append(open_server(self._directory, options=("fsync=off", "log_min_messages=fatal")))

    def end(self, number: signal.Signals) -> None:
        """Stop it: SIGINT ends its sessions and saves, SIGKILL does nothing of the kind."""
        pid = self._leases[-1].postmaster.pid
        os.kill(pid, number)
        wait_until(lambda: not alive(pid))

    def close(self) -> None:
        for lease in self._leases:
            lease.close()

    def conninfo(self, user: str = "postgres") -> str:
        return self._leases[-1].conninfo(user=user)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.conninfo(), autocommit=True)

    def make_login(self) -> None:
        password = self._leases[-1].password_of("soak_login")
        with self.connect() as connection:
            connection.execute(f"alter role soak_login password '{password}'")

    def backends(self) -> int:
        with self.connect() as connection:
            row = connection.execute(
                "select count(*) from pg_stat_activity where usename = 'soak_login'"
            ).fetchone()
        assert row
        return int(row[0])


class GatewayProcess:
    """``python -m rowgate.cli``, with one process or with workers."""

    def __init__(self, conninfo: str, log: Path, workers: int, **settings: str) -> None:
        self.port, self._workers, self._log = free_port(), workers, log
        values = {
            "PGRST_DB_URI": conninfo,
            "PGRST_DB_SCHEMAS": "api",
            "PGRST_JWT_SECRET": SECRET,
            "PGRST_SERVER_HOST": "127.0.0.1",
            "PGRST_SERVER_PORT": str(self.port),
            "PGRST_SERVER_WORKERS": str(workers),
            "PGRST_SERVER_PATIENCE": "5",
            "PGRST_DB_POOL": "10",
            "PGRST_DB_POOL_ACQUISITION_TIMEOUT": str(PATIENCE_S),
            "PGRST_DB_POOL_MAX_IDLETIME": "2",
            "PGRST_DB_TX_END": "commit-allow-override",
            "PGRST_LOG_LEVEL": "crit",
            **settings,
        }
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rowgate.cli"], env={**clean(), **values}, stdout=out, stderr=out
            )
        wait_until(lambda: self.process.poll() is not None or self.log().count("Listening for") == workers)
        assert self.process.poll() is None, self.log()

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def pids(self) -> list[int]:
        """Of the processes that serve."""
        if self._workers == 1:
            return [self.process.pid]
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sorted(map(int, children.split()))

    def memory(self) -> dict[int, int]:
        """Resident bytes of each."""
        pages = {pid: int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids()}
        return {pid: count * os.sysconf("SC_PAGESIZE") for pid, count in pages.items()}

    def descriptors(self) -> dict[int, int]:
        return {pid: len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.pids()}

    def stop(self) -> int:
        """End it in order; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def alive(pid: int) -> bool:
    """Whether the process is still at work; one that only waits to be buried is not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
