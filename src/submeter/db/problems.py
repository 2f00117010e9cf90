"""The refusals of the database that more than one module words."""

import errno
import re

import psycopg

from submeter.core.problem import Problem, Refused

GIVEN_WAY = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
"""The database has ended a transaction for the sake of another; begun anew, it may well succeed."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def disk_full(where: str) -> Refused:
    """No room left, whoever noticed it: us, initdb, the server at start or at work."""
    hint = "Free some space and repeat; nothing that was confirmed is lost."
    return Refused(Problem("DBS105", "The disk is full", where, hint))


def not_usable(detail: str, hint: str) -> Refused:
    """The data directory is there, but permissions or ownership keep it from us."""
    return Refused(Problem("DBS101", "The data directory cannot be used", detail, hint))


def from_os_error(error: OSError) -> Refused:
    """The coded refusal for a file operation in the data directory that failed."""
    detail = f"{error.filename or ''}: {error.strerror}".lstrip(": ")
    if error.errno in NO_SPACE:
        return disk_full(detail)
    return not_usable(detail, "Check who owns the data directory, and run as that user or as root.")


def unreachable(
    detail: str, hint: str = "Check DATABASE_URL: host, port, and that the server runs."
) -> Refused:
    """Nobody answers at the address of the database."""
    return Refused(Problem("DBS201", "The database cannot be reached", detail, hint))


def gave_way(error: psycopg.Error) -> Refused:
    """Two transactions waited for each other, and the database ended this one; nothing of it was done."""
    hint = "Run it again: nothing was done by halves."
    return Refused(Problem("DBS402", "Another change was in the way", error.diag.message_primary or "", hint))


_CODED = re.compile(r"([A-Z]{3}[0-9]{3}): (.+)")


def coded(error: psycopg.Error) -> Problem | None:
    """The refusal that the database worded itself, by `submeter.refuse`; None for any other error."""
    found = _CODED.fullmatch(error.diag.message_primary or "")
    if found is None:
        return None
    return Problem(found[1], found[2], error.diag.message_detail or "", error.diag.message_hint or "")
