"""The clients from PyPI calling functions, and meeting errors."""

import asyncio

import postgrest
import pytest
from postgrest.exceptions import APIError

from clients.python_clients import CLIENTS, Client

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.mark.parametrize("get", [False, True], ids=["post", "get"])
def test_values(client: Client, get: bool) -> None:
    assert client.data(client.rpc("add_up", {"a": 2, "b": 3}, get=get)) == 5
    assert client.data(client.rpc("greeting", {}, get=get)) == "welcome"
    assert client.data(client.rpc("join_words", {"words": ["a", "b c", 'd,"e"']}, get=get)) == 'a b c d,"e"'
    payload = {"a": [1, {"b": None}]}
    assert client.data(client.rpc("echo", {"payload": payload}, get=get)) == payload
    assert client.data(client.rpc("totals", {}, get=get)) == {"concerts": 4, "artists": 4}


@pytest.mark.parametrize("get", [False, True], ids=["post", "get"])
def test_sets(client: Client, get: bool) -> None:
    assert client.data(client.rpc("prices", {}, get=get)) == [12.5, 20, 0, 5]
    found = (
        client.rpc("concerts_below", {"ceiling": 15}, get=get).select("title, venues(name)").gt("price", 0)
    )
    assert client.data(found.order("price", desc=True)) == [
        {"title": "Opening", "venues": {"name": "Barn"}},
        {"title": "Lost", "venues": None},
    ]
    page = client.run(
        client.rpc("concerts_below", {"ceiling": 15}, get=get, count="exact")
        .select("id")
        .order("id")
        .range(1, 1)
    )
    assert (page.data, page.count) == ([{"id": 3}], 3)
    assert client.data(
        client.rpc("concerts_below", {"ceiling": 15}, get=get).select("id").eq("id", 3).single()
    ) == {"id": 3}


def test_a_row(client: Client) -> None:
    first = client.data(client.rpc("first_concert", {}))
    assert (first["id"], first["title"], first["days"]) == (1, "Opening", "[2026-07-01,2026-07-03)")
    assert client.data(client.rpc("first_concert", {}).select("title, artists(name)")) == {
        "title": "Opening",
        "artists": {"name": "Ann Lee"},
    }
    assert client.run(client.rpc("concerts_below", {"ceiling": 0}).maybe_single()) is None


def test_only_the_count(client: Client) -> None:
    head = client.run(client.rpc("concerts_below", {"ceiling": 15}, head=True, count="exact"))
    assert (head.data, head.count) == ([], 3)


def test_csv(client: Client) -> None:
    query = client.rpc("concerts_below", {"ceiling": 6}).select("id, title").order("id").csv()
    assert client.data(query) == "id,title\n3,Encore\n4,Lost"


def test_nothing(client: Client) -> None:
    assert client.data(client.rpc("tidy_up", {})) == []


def test_a_function_that_writes(client: Client) -> None:
    sold = {"concert_id": 1, "seat": "A2", "holder": "Ivy"}
    order = {"concert": 1, "place": "A2", "buyer": "Ivy"}
    assert client.error(client.rpc("sell", order, get=True)).code == "25006"
    assert client.data(client.rpc("sell", order)) == sold
    taken = client.error(client.rpc("sell", {**order, "buyer": "Jo"}))
    assert (taken.code, taken.message) == ("P0001", "seat A2 is taken")
    assert (taken.details, taken.hint) == ("It was sold before.", "Choose another seat.")


def test_a_function_that_writes_a_few_at_most(client: Client) -> None:
    assert client.error(client.rpc("free_seats", {"concert": 1}).max_affected(1)).code == "PGRST124"
    held = client.table("tickets").select("seat").not_.is_("holder", "null").order("seat")
    assert client.data(held) == [{"seat": "A1"}, {"seat": "B1"}]


def test_names_that_are_not_there(client: Client) -> None:
    table = client.error(client.table("concrts").select("*"))
    assert (table.code, table.message) == (
        "PGRST205",
        "Could not find the table 'festival.concrts' in the schema cache",
    )
    assert table.hint == "Perhaps you meant the table 'festival.concerts'"
    column = client.error(client.table("concerts").select("titel"))
    assert (column.code, column.message) == ("42703", "column concerts.titel does not exist")
    function = client.error(client.rpc("add_upp", {"a": 1, "b": 2}))
    assert function.code == "PGRST202"
    assert function.message == "Could not find the function festival.add_upp(a, b) in the schema cache"
    assert function.hint == "Perhaps you meant to call the function festival.add_up"
    argument = client.error(client.rpc("add_up", {"a": 1, "c": 2}))
    assert argument.hint == "Perhaps you meant to call the function festival.add_up(a, b)"
    embed = client.error(client.table("concerts").select("journeys(*)"))
    assert embed.code == "PGRST200"
    assert (
        embed.message == "Could not find a relationship between 'concerts' and 'journeys' in the schema cache"
    )
    payload = client.error(client.table("venues").insert([{"id": 9, "nmae": "x"}]))
    assert (payload.code, payload.message) == (
        "PGRST204",
        "Could not find the 'nmae' column of 'venues' in the schema cache",
    )
    schema = client.error(client.schema("attic").table("concerts").select("*"))
    assert (schema.code, schema.message) == ("PGRST106", "Invalid schema: attic")
    assert schema.hint == "Only the following schemas are exposed: festival, archive"


def test_two_ways_to_embed(client: Client) -> None:
    error = client.error(client.table("journeys").select("venues(*)"))
    assert error.code == "PGRST201"
    assert [way["relationship"] for way in error.details] == [
        "journeys_from_venue_fkey using journeys(from_venue) and venues(id)",
        "journeys_to_venue_fkey using journeys(to_venue) and venues(id)",
    ]
    assert "'venues!journeys_from_venue_fkey', 'venues!journeys_to_venue_fkey'" in error.hint


def test_what_the_database_refuses(client: Client) -> None:
    twin = client.error(client.table("venues").insert({"id": 1, "name": "Barn II", "capacity": 1}))
    assert (twin.code, twin.details) == ("23505", "Key (id)=(1) already exists.")
    orphan = client.error(client.table("concerts").update({"venue_id": 99}).eq("id", 1))
    assert (orphan.code, orphan.details) == ("23503", 'Key (venue_id)=(99) is not present in table "venues".')
    small = client.error(client.table("venues").update({"capacity": 0}).eq("id", 1))
    assert (small.code, "venues_capacity_check" in small.message) == ("23514", True)
    typed = client.error(client.table("venues").select("*").eq("capacity", "many"))
    assert (typed.code, typed.message) == ("22P02", 'invalid input syntax for type integer: "many"')


def test_what_cannot_be_read(client: Client) -> None:
    operator = client.error(client.table("venues").select("*").filter("id", "equals", "1"))
    assert (operator.code, "equals.1" in operator.message) == ("PGRST100", True)
    tree = client.error(client.table("venues").select("*").or_("id.eq.1,"))
    assert tree.code == "PGRST100"


def test_an_error_without_a_body(client: Client) -> None:
    error = client.error(client.table("concrts").select("*", head=True))
    assert error.code == "PGRST205"


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_token_that_is_none(kind: str, festival: str) -> None:
    with CLIENTS[kind](festival, "header.payload.signature") as stranger:
        error = stranger.error(stranger.table("venues").select("*"))
    assert error.code == "PGRST301"


def test_a_visitor_only_reads(festival: str) -> None:
    with postgrest.SyncPostgrestClient(festival, schema="festival") as visitor:
        assert len(visitor.table("venues").select("*").execute().data) == 3
        with pytest.raises(APIError, match="permission denied for table venues") as refused:
            visitor.table("venues").delete().eq("id", 1).execute()
    assert refused.value.code == "42501"


def test_requests_at_the_same_time(festival: str, staff: str) -> None:
    async def read() -> list[int]:
        async with postgrest.AsyncPostgrestClient(festival, schema="festival").auth(staff) as client:
            tables = [client.table("artists").select("id").limit(n).execute() for n in (1, 2, 3, 4)]
            return [len(answer.data) for answer in await asyncio.gather(*tables)]

    assert asyncio.run(read()) == [1, 2, 3, 4]
