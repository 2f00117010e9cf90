"""Parties in the database."""

from datetime import timedelta

import psycopg

from submeter.db.queries import load_queries

_QUERIES = load_queries(__package__ or "")


def find_esco(connection: psycopg.Connection, esco: str) -> str | None:
    """The id of the ESCO with this code or id."""
    row = connection.execute(_QUERIES["find_esco"], {"esco": esco}).fetchone()
    return row[0] if row else None


def list_escos(connection: psycopg.Connection) -> tuple[tuple[str, str], ...]:
    """Ids and codes of the ESCOs that the caller sees."""
    return tuple((key, code) for key, code in connection.execute(_QUERIES["list_escos"]))


def find_customer_esco(connection: psycopg.Connection, customer_id: str) -> str | None:
    """The id of the ESCO that the customer belongs to, if the caller may see the customer."""
    row = connection.execute(_QUERIES["find_customer"], {"customer_id": customer_id}).fetchone()
    return row[1] if row else None


def read_interval(connection: psycopg.Connection, interval: str) -> timedelta:
    """PostgreSQL's reading of an interval ('1 day', 'P1D'). Raises psycopg.DataError, OverflowError."""
    row = connection.execute(_QUERIES["seconds"], {"interval": interval}).fetchone()
    assert row
    return timedelta(seconds=row[0])
