"""The clients from PyPI writing: insert, update, delete, upserts, and what comes back."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from clients.python_clients import Client

pytestmark = pytest.mark.usefixtures("fresh")

TENT = {"id": 4, "name": "Tent", "capacity": 30, "address": {"city": "Hull"}, "opened": "2026-07-01"}


def venues(client: Client, columns: str = "id, name, capacity") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.data(client.table("venues").select(columns).order("id"))
    return found


BARN, CELLAR, DOME = (
    {"id": 1, "name": "Barn", "capacity": 200},
    {"id": 2, "name": "Cellar", "capacity": 80},
    {"id": 3, "name": "Dome", "capacity": 5000},
)


def test_insert_one_and_get_it_back(client: Client) -> None:
    assert client.data(client.table("venues").insert(TENT)) == [TENT]
    assert client.data(client.table("venues").select("*").eq("id", 4)) == [TENT]


def test_insert_many(client: Client) -> None:
    rows = [{"id": 5, "name": "E", "capacity": 1}, {"id": 6, "name": 'F "6", (é)', "capacity": 2}]
    added = client.run(client.table("venues").insert(rows, count="exact").select("id", "name"))
    assert (added.data, added.count) == ([{"id": 5, "name": "E"}, {"id": 6, "name": 'F "6", (é)'}], 2)


def test_insert_values_of_python(client: Client) -> None:
    row = {"id": 7, "name": "G", "capacity": 1, "opened": date(2026, 7, 1)}
    assert client.data(client.table("venues").insert(row))[0]["opened"] == "2026-07-01"


def test_insert_with_nothing_back(client: Client) -> None:
    added = client.run(client.table("venues").insert(TENT, returning="minimal"))
    assert (added.data, added.count) == ([], None)
    assert venues(client, "id")[-1] == {"id": 4}


def test_insert_with_defaults(client: Client) -> None:
    rows = [{"title": "Late", "artist_id": 2}, {"title": "Later", "artist_id": 2, "price": 7}]
    null = client.error(client.table("concerts").insert(rows))
    assert (null.code, 'column "price"' in null.message) == ("23502", True)
    added = client.data(client.table("concerts").insert(rows, default_to_null=False))
    assert [(row["title"], row["price"], row["venue_id"]) for row in added] == [
        ("Late", 10, None),
        ("Later", 7, None),
    ]


def test_insert_and_embed_what_it_belongs_to(client: Client) -> None:
    row = {"title": "Late", "artist_id": 2, "venue_id": 3}
    query = client.table("concerts").insert(row).select("title, venues(name), artists(name, genres(name))")
    assert client.data(query) == [
        {
            "title": "Late",
            "venues": {"name": "Dome"},
            "artists": {"name": "Brass & Co", "genres": [{"name": "jazz"}]},
        }
    ]


def test_update(client: Client) -> None:
    changed = client.run(client.table("venues").update({"capacity": 90}, count="exact").lt("capacity", 100))
    assert (changed.count, changed.data[0]["capacity"]) == (1, 90)
    assert venues(client) == [BARN, {**CELLAR, "capacity": 90}, DOME]
    assert client.data(client.table("venues").update({"capacity": 1}).eq("id", 9)) == []


def test_update_by_a_filter_of_json(client: Client) -> None:
    query = client.table("venues").update({"address": {"city": "Hull"}}).eq("address->>city", "York")
    assert client.data(query.select("id, city:address->>city")) == [{"id": 2, "city": "Hull"}]


def test_update_one_row_or_nothing(client: Client) -> None:
    one = client.data(
        client.table("venues").update({"capacity": 1}).eq("id", 1).select("id, capacity").single()
    )
    assert one == {"id": 1, "capacity": 1}
    refused = client.error(client.table("venues").update({"capacity": 2}).gt("id", 1).select("*").single())
    assert refused.code == "PGRST116"
    assert venues(client) == [{**BARN, "capacity": 1}, CELLAR, DOME]


def test_update_of_a_few_at_most(client: Client) -> None:
    refused = client.error(client.table("venues").update({"capacity": 1}).gt("id", 1).max_affected(1))
    assert (refused.code, refused.details) == ("PGRST124", "The query affects 2 rows")
    assert venues(client) == [BARN, CELLAR, DOME]
    assert len(client.data(client.table("venues").update({"capacity": 1}).gt("id", 1).max_affected(2))) == 2


def test_update_with_nothing_back(client: Client) -> None:
    done = client.run(
        client.table("venues").update({"capacity": 1}, returning="minimal", count="exact").eq("id", 2)
    )
    assert (done.data, done.count) == ([], 1)


def test_delete(client: Client) -> None:
    removed = client.run(
        client.table("tickets").delete(count="exact").eq("concert_id", 1).is_("holder", "null")
    )
    assert (removed.data, removed.count) == ([{"concert_id": 1, "seat": "A2", "holder": None}], 1)
    assert client.data(client.table("tickets").select("seat").order("seat")) == [
        {"seat": "A1"},
        {"seat": "B1"},
    ]
    assert client.data(client.table("tickets").delete().eq("seat", "A2")) == []
    assert client.data(client.table("tickets").delete(returning="minimal").gt("concert_id", 0)) == []
    assert client.data(client.table("tickets").select("*")) == []


def test_upsert_merges_by_the_key(client: Client) -> None:
    merged = client.data(
        client.table("venues").upsert([{**BARN, "capacity": 210}, {"id": 9, "name": "Nook", "capacity": 9}])
    )
    assert [(row["id"], row["capacity"]) for row in merged] == [(1, 210), (9, 9)]
    assert merged[0]["address"]["city"] == "Leeds"
    assert venues(client) == [
        {**BARN, "capacity": 210},
        CELLAR,
        DOME,
        {"id": 9, "name": "Nook", "capacity": 9},
    ]


def test_upsert_of_one(client: Client) -> None:
    assert client.data(
        client.table("venues").upsert({**BARN, "capacity": 210}).select("capacity").single()
    ) == {"capacity": 210}
    assert (
        client.data(client.table("venues").insert({**BARN, "capacity": 220}, upsert=True))[0]["capacity"]
        == 220
    )


def test_upsert_passes_over_what_is_there(client: Client) -> None:
    rows = [{**BARN, "capacity": 210}, {"id": 9, "name": "Nook", "capacity": 9}]
    added = client.data(client.table("venues").upsert(rows, ignore_duplicates=True))
    assert [row["id"] for row in added] == [9]
    assert venues(client)[0] == BARN


def test_upsert_by_other_columns(client: Client) -> None:
    row = {"title": "Grand opening", "artist_id": 1, "code": "OPEN"}
    assert client.data(
        client.table("concerts").upsert(row, on_conflict="code").select("id, title, price, venue_id")
    ) == [{"id": 1, "title": "Grand opening", "price": 12.5, "venue_id": 1}]
    twin = client.error(client.table("concerts").upsert({**row, "id": 2}, on_conflict="id"))
    assert twin.code == "23505"
    none = client.error(client.table("concerts").upsert(row, on_conflict="title"))
    assert none.code == "42P10"


def test_upsert_by_a_key_of_two_columns(client: Client) -> None:
    rows = [{"concert_id": 1, "seat": "A2", "holder": "Ivy"}, {"concert_id": 2, "seat": "B2", "holder": "Jo"}]
    assert client.data(client.table("tickets").upsert(rows)) == rows
    seats = client.data(client.table("tickets").select("*").order("concert_id").order("seat"))
    assert [row["holder"] for row in seats] == ["Zoe", "Ivy", "Max", "Jo"]


def test_upsert_with_defaults(client: Client) -> None:
    rows = [
        {"id": 1, "title": "Opening", "artist_id": 1, "price": 13},
        {"id": 8, "title": "New", "artist_id": 1},
    ]
    query = client.table("concerts").upsert(rows, default_to_null=False).select("id, price").order("id")
    assert client.data(query) == [{"id": 1, "price": 13}, {"id": 8, "price": 10}]


def test_numbers_keep_their_digits(client: Client) -> None:
    assert client.data(
        client.table("concerts").update({"price": str(Decimal("19.99"))}).eq("id", 1).select("price")
    ) == [{"price": 19.99}]


def test_another_schema(client: Client) -> None:
    archive = client.schema("archive").table("concerts")
    assert client.data(archive.insert({"id": 3, "title": "The third", "year": 2023}).select("id")) == [
        {"id": 3}
    ]
    assert client.data(archive.select("id", count="exact").gte("year", 2021).order("id")) == [
        {"id": 2},
        {"id": 3},
    ]
