"""One caller's transaction: logged in as `authenticator`, with the caller's role and claims."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database, connection_refused
from submeter.db.problems import GIVEN_WAY, disk_full

T = TypeVar("T")
TRIES = 4
"""So often is work begun that has to give way to another's: each time the other has got on."""

# Local to the transaction, so that a pooled connection never carries one caller's rights to the next.
_ENTER = """
select set_config('role', %s, true),
       set_config('request.jwt.claims', %s, true),
       set_config('app.settings.default_esco', %s, true)
"""


@contextmanager
def transaction(database: Database, caller: Caller) -> Iterator[psycopg.Connection]:
    """A connection inside one transaction of `caller`: committed at the end, rolled back on an exception.

    Raises Refused: DBS401 for a role that `authenticator` may not take, DBS105 when the disk is full,
    DBS201 to DBS206 when the database cannot be reached.
    """
    try:
        with _borrowed(database) as connection, connection.transaction():
            _enter(connection, database, caller)
            yield connection
    except psycopg.errors.DiskFull as error:
        raise disk_full(str(error)) from error


def retried(work: Callable[[], T], before_again: Callable[[], None] = lambda: None) -> T:
    """Do work that may be begun anew, as one transaction may, again where the database ended it.

    It does where two wait for each other: nothing of the work was done then. `before_again` puts back what
    the caller remembers of it. The last time the error is raised as it is.
    """
    for _ in range(TRIES - 1):
        try:
            return work()
        except GIVEN_WAY:
            before_again()
    return work()


@contextmanager
def _borrowed(database: Database) -> Iterator[psycopg.Connection]:
    lent = database.pool.connection()
    try:
        connection = lent.__enter__()
    except psycopg.OperationalError as error:
        raise connection_refused(error, authenticator=True) from error
    try:
        yield connection
    finally:
        lent.__exit__(None, None, None)


def _enter(connection: psycopg.Connection, database: Database, caller: Caller) -> None:
    claims = json.dumps(caller.claims())
    try:
        connection.execute(_ENTER, (caller.role, claims, database.default_esco or ""))
    except (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege) as error:
        hint = "Run `submeter migrate`, or grant the role to authenticator."
        problem = Problem(
            "DBS401", "The caller's role cannot be taken", str(error), hint, {"role": caller.role}
        )
        raise Refused(problem) from error
