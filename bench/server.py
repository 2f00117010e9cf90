"""A gateway as a process of its own: started on PGRST_* settings, awaited, measured, ended."""

import http.client
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 30


@dataclass(frozen=True)
class Server:
    """A running gateway."""

    name: str
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time that its processes have taken so far."""
        ticks = sum(int(field) for pid in self.pids() for field in _stat(pid)[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Memory of all its processes; what they share counts once for each."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids())
        return pages * os.sysconf("SC_PAGE_SIZE")

    def pids(self) -> Sequence[int]:
        """The process and its descendants."""
        parents = {pid: int(_stat(pid)[1]) for pid in _all_pids()}
        found = [self.pid]
        for pid in found:  # grows while we go
            found += [child for child, parent in parents.items() if parent == pid]
        return found


def _all_pids() -> Iterator[int]:
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (path / "stat").exists():
            yield int(path.name)


def _stat(pid: int) -> Sequence[str]:
    """The fields of /proc/PID/stat behind the command, which may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ["0"] * 50  # it has just ended


@dataclass(frozen=True)
class Start:
    """How a gateway is started, and what it answers with 200 as soon as it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    port: int
    headers: Mapping[str, str]
    path: str = "/"
    directory: Path | None = None


@contextmanager
def serving(start: Start) -> Iterator[Server]:
    """Run a gateway until the block ends."""
    with tempfile.TemporaryFile("w+") as log:
        environment = {**os.environ, **start.environment}
        process = subprocess.Popen(
            start.command, env=environment, stdout=log, stderr=log, cwd=start.directory
        )
        try:
            if not _is_ready(process, start):
                log.seek(0)
                raise SystemExit(f"{start.command} was not ready:\n{log.read()}")
            yield Server(start.name, start.port, process.pid)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(process: subprocess.Popen[bytes], start: Start) -> bool:
    """Wait until it is; False when it has ended, or taken too long."""
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        if _status(start) == 200:
            return True
        time.sleep(0.1)
    return False


def _status(start: Start) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", start.port, timeout=5)
    try:
        connection.request("GET", start.path, headers=dict(start.headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
