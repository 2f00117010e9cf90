"""What there is to walk, by the gateway's own catalog, so that nothing new is left out."""

import asyncio

import psycopg

from journeys.tenancy.reading import Relations
from rowgate.catalog.load import load_catalog
from rowgate.catalog.model import Catalog, Relationship


def gateway_catalog(conninfo: str) -> Catalog:
    """The catalog as the gateway reads it."""

    async def load() -> Catalog:
        async with await psycopg.AsyncConnection.connect(conninfo) as connection:
            return await load_catalog(connection, ("public",))

    return asyncio.run(load())


def list_relations(catalog: Catalog) -> Relations:
    """Every way from one resource to another, direct or through a junction, with the hint that makes it plain."""
    every = [one for ways in catalog.relationships.values() for one in ways if _can_be_named(one)]
    return tuple(sorted({(one.origin.name, one.target.name, _named(one)) for one in every}))


def _can_be_named(way: Relationship) -> bool:
    """Backwards along a one-to-one to itself there is no name that would not mean forwards as well."""
    return not (way.self_referencing and way.backward and not way.cardinality.to_many)


def _named(way: Relationship) -> str:
    if way.self_referencing:
        return (
            way.pairs[0].origin if not way.cardinality.to_many else f"{way.target.name}!{way.pairs[0].target}"
        )
    return f"{way.target.name}!{way.junction.relation.name if way.junction else way.constraint}"
