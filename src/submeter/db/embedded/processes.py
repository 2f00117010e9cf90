"""Which processes belong to a cluster. Process numbers are reused, so a number alone proves nothing."""

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Postmaster:
    """What `postmaster.pid` says: it may be stale."""

    pid: int
    socket_dir: Path
    port: int

    @property
    def socket(self) -> Path:
        return self.socket_dir / f".s.PGSQL.{self.port}"


def find_postmaster(cluster: Path) -> Postmaster | None:
    """The postmaster that the cluster's lock file names; None where there is no whole lock file."""
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8").splitlines()
        return Postmaster(int(lines[0]), Path(lines[4]), int(lines[3]))
    except (FileNotFoundError, IndexError, ValueError):
        return None


def listener_of(path: Path) -> int | None:
    """The process that listens at a unix socket: 0 where the system does not tell, None where nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            probe.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return None
        except TimeoutError:
            return 0
        if not hasattr(socket, "SO_PEERCRED"):
            return 0
        pid, _, _ = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return int(pid)


def is_alive(pid: int) -> bool:
    """Whether the process runs. A zombie, which nobody has buried yet, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return not _PROC.joinpath("self").exists()
    return state not in ("Z", "X")


def list_servers(cluster: Path) -> tuple[int, ...] | None:
    """The living postgres processes of this cluster (each works in its directory); None: cannot be told."""
    if not _PROC.joinpath("self", "cwd").exists():
        return None
    pids = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
    return tuple(pid for pid in pids if _serves(pid, cluster.resolve()))


def _serves(pid: int, cluster: Path) -> bool:
    try:
        process = _PROC / str(pid)
        named = (process / "comm").read_text(errors="replace").startswith("postgres")
        return named and (process / "cwd").readlink() == cluster and is_alive(pid)
    except OSError:
        return False
