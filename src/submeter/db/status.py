"""Where the database is and how it is, without starting or changing anything."""

from typing import Any

from submeter.core.problem import Refused
from submeter.db import migrations
from submeter.db.database import Database, embedded_database, url_database
from submeter.db.embedded.lease import open_server
from submeter.db.embedded.place import Place, find_place
from submeter.db.embedded.processes import find_postmaster, listener_of
from submeter.settings import Settings


def get_status(settings: Settings) -> dict[str, Any]:
    """Plain values by name: `kind` (embedded, url), `state` (none, stopped, running) and what is known.

    Raises Refused as `open_database` does, but a stopped embedded server is a state, not a refusal.
    """
    if settings.database_url:
        return {"kind": "url", "state": "running", **_inside(url_database(settings))}
    place = find_place(settings.data_dir)
    if place is None or not place.cluster.exists():
        return {"kind": "embedded", "state": "none", "data_dir": str(settings.data_dir)}
    found = {"kind": "embedded", "state": "stopped", **_outside(place)}
    running = find_postmaster(place.cluster)
    if running is None or listener_of(running.socket) is None:
        return found
    with open_server(settings.data_dir, settings.db_bin_dir) as lease:
        inside = _inside(embedded_database(lease, settings))
    socket = {"pid": running.pid, "socket_dir": str(running.socket_dir), "port": running.port}
    return {**found, "state": "running", **socket, **inside}


def _outside(place: Place) -> dict[str, Any]:
    return {
        "data_dir": str(place.data_dir),
        "cluster": str(place.cluster),
        "made_by": (place.cluster / "PG_VERSION").read_text().strip(),
        "server_user": place.account.name if place.account else None,
        "kept": place.kept.exists(),
    }


def _inside(database: Database) -> dict[str, Any]:
    with database.connect_owner() as connection:
        info = connection.info
        size = connection.execute("select pg_database_size(current_database())").fetchone()
        known = {
            "host": info.host,
            "database": info.dbname,
            "server_version": connection.execute("show server_version").fetchone(),
            "bytes": size,
        }
    plain = {name: value[0] if isinstance(value, tuple) else value for name, value in known.items()}
    return {**plain, **_migrations(database)}


def _migrations(database: Database) -> dict[str, Any]:
    """A database that does not fit this code is told of, not refused."""
    try:
        pending = migrations.plan(database)
    except Refused as refused:
        return {"migrations": str(refused.problem)}
    return {"migrations": f"{len(pending)} pending" if pending else "up to date"}
