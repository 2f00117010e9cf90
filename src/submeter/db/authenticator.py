"""The login role of the gateway: made, marked as ours, and given its password.

Roles belong to the whole server, so somebody else's `authenticator` (another PostgREST) may be there:
its password is never touched. Ours is known by its comment, which also tells by which secret it was set.
"""

import hashlib

import psycopg
from psycopg import sql

from submeter.core.problem import Problem, Refused
from submeter.db.database import AUTHENTICATOR, Database

_MARK = "Submeter: the login of the gateway; password made from secret "
_ROLE = sql.Identifier(AUTHENTICATOR)
_ELSEWHERE = "Set SUBMETER_AUTHENTICATOR_URL to a login of your own that may take Submeter's roles"


def claim_authenticator(
    connection: psycopg.Connection, database: Database, *, new_secret: bool = False
) -> None:
    """Make sure that `authenticator` exists, is ours and has our password. `connection` is the owner's.

    Raises Refused: DBS204 if the role is not ours, DBS207 if it has the password of another secret
    (`new_secret` replaces it; on the embedded server that is a matter of course), DBS208 if we may not.
    """
    password = database.authenticator_password
    if password is None:
        return
    comment = _find_comment(connection)
    wanted = mark_for(password)
    if comment == wanted:
        return
    if comment is not None:
        _check_ours(comment, replace=new_secret or database.lease is not None)
    try:
        _set(connection, password, wanted, create=comment is None)
    except psycopg.errors.InsufficientPrivilege as error:
        hint = f"Give the user of DATABASE_URL the attribute CREATEROLE. Or: {_ELSEWHERE}."
        raise Refused(Problem("DBS208", "The login role cannot be set up", str(error), hint)) from error


def mark_for(password: str) -> str:
    """The comment on our role: it tells two secrets apart and gives neither away."""
    return _MARK + hashlib.sha256(password.encode()).hexdigest()[:16]


def _find_comment(connection: psycopg.Connection) -> str | None:
    """The role's comment, empty if it has none; None if there is no role."""
    query = "select coalesce(shobj_description(oid, 'pg_authid'), '') from pg_roles where rolname = %s"
    row = connection.execute(query, (AUTHENTICATOR,)).fetchone()
    return str(row[0]) if row else None


def _check_ours(comment: str, *, replace: bool) -> None:
    if not comment.startswith(_MARK):
        detail = f"its comment is {comment!r}"
        raise Refused(
            Problem("DBS204", "The role authenticator is somebody else's", detail, f"{_ELSEWHERE}.")
        )
    if not replace:
        hint = (
            "If another Submeter shares this server, give both the same SUBMETER_JWT_SECRET."
            " If the secret was changed on purpose: `submeter migrate --new-secret`."
        )
        raise Refused(Problem("DBS207", "authenticator has the password of another secret", "", hint))


def _set(connection: psycopg.Connection, password: str, mark: str, *, create: bool) -> None:
    """The password travels as its SCRAM verifier, so that no log of the server can hold it."""
    verifier = connection.pgconn.encrypt_password(password.encode(), AUTHENTICATOR.encode(), b"scram-sha-256")
    with connection.transaction():
        if create:
            connection.execute(sql.SQL("create role {} login noinherit").format(_ROLE))
        change = sql.SQL("alter role {} login noinherit password {}")
        connection.execute(change.format(_ROLE, sql.Literal(verifier.decode())))
        connection.execute(sql.SQL("comment on role {} is {}").format(_ROLE, sql.Literal(mark)))
