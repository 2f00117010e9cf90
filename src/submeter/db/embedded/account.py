"""The user that the server runs as. PostgreSQL refuses root, so root lends it an unprivileged one."""

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "submeter"


@dataclass(frozen=True)
class Account:
    """A user of the system, other than ourselves."""

    name: str
    uid: int
    gid: int

    def may_pass(self, directory: Path) -> bool:
        """Whether the user may walk to and through `directory`, by the mode bits of the whole path."""
        return all(self._has(step, 0o1) for step in (directory.resolve(), *directory.resolve().parents))

    def may_run(self, program: Path) -> bool:
        """Whether the user may run `program` and read it."""
        return self.may_pass(program.parent) and self._has(program.resolve(), 0o5)

    def popen_arguments(self) -> dict[str, Any]:
        """The arguments that make a subprocess run as this user, without any group of ours."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def _has(self, path: Path, bits: int) -> bool:
        try:
            stat = path.stat()
        except OSError:
            return False
        shift = 6 if stat.st_uid == self.uid else 3 if stat.st_gid == self.gid else 0
        return (stat.st_mode >> shift) & bits == bits


def account_for(cluster: Path) -> Account | None:
    """None where we run the server as ourselves; as root, the owner of the cluster or our system user."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and cluster.stat().st_uid != 0:
        return _owner_of(cluster)
    return _find(NAME) or _create() or _find("nobody")


def _owner_of(path: Path) -> Account:
    stat = path.stat()
    with contextlib.suppress(KeyError):
        return Account(pwd.getpwuid(stat.st_uid).pw_name, stat.st_uid, stat.st_gid)
    return Account(str(stat.st_uid), stat.st_uid, stat.st_gid)


def _find(name: str) -> Account | None:
    with contextlib.suppress(KeyError):
        found = pwd.getpwnam(name)
        return Account(found.pw_name, found.pw_uid, found.pw_gid)
    return None


def _create() -> Account | None:
    """Make the system user; None where the system has no `useradd` or forbids it."""
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command = ["useradd", *options, "--shell", "/usr/sbin/nologin", NAME]
    with contextlib.suppress(OSError):
        subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    return _find(NAME)
