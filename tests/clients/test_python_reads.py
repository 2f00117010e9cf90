"""The clients from PyPI reading: filters, order, pages, JSON paths, embeds, counts, shapes of the answer."""

from typing import Any

import pytest

from clients.python_clients import Client

ANN, BRASS, COLD, STRINGS = "Ann Lee", "Brass & Co", "Cold Tea", "D, E (and F)"
OPENING, NIGHT, ENCORE, LOST = "Opening", "Night", "Encore", "Lost"


class Said:
    """Takes a case's calls and keeps how they read, as the case's name."""

    def __init__(self, text: str = "") -> None:
        self.text = text

    def __getattr__(self, name: str) -> "Said":
        return Said(f"{self.text} {name}".strip())

    def __call__(self, *given: Any, **named: Any) -> "Said":
        return Said(
            " ".join([self.text, *map(str, given), *(f"{key}={value}" for key, value in named.items())])
        )


def cases(*pairs: tuple[Any, list[str]]) -> pytest.MarkDecorator:
    """Pairs of what to do with a query, and what it must find."""
    return pytest.mark.parametrize(
        ("build", "found"), [pytest.param(*pair, id=pair[0](Said()).text) for pair in pairs]
    )


def filtered(client: Client, table: str, build: Any) -> list[str]:
    """The names, or titles, of the rows that a filter leaves, in the order of their keys."""
    column = "title" if table == "concerts" else "name"
    rows = client.data(build(client.table(table).select(column)).order("id"))
    return [row[column] for row in rows]


@cases(
    (lambda q: q.eq("name", BRASS), [BRASS]),
    (lambda q: q.eq("name", STRINGS), [STRINGS]),
    (lambda q: q.eq("active", True), [ANN, BRASS]),
    (lambda q: q.neq("name", ANN), [BRASS, COLD, STRINGS]),
    (lambda q: q.gt("founded", 1990), [BRASS, STRINGS]),
    (lambda q: q.gte("founded", 1990), [ANN, BRASS, STRINGS]),
    (lambda q: q.lt("founded", 2005), [ANN]),
    (lambda q: q.lte("founded", 2005), [ANN, BRASS]),
    (lambda q: q.gt("founded", 1990).lt("founded", 2015), [BRASS]),
    (lambda q: q.is_("active", None), [STRINGS]),
    (lambda q: q.is_("active", "null"), [STRINGS]),
    (lambda q: q.is_("active", True), [ANN, BRASS]),
    (lambda q: q.is_("active", False), [COLD]),
    (lambda q: q.not_.is_("founded", "null"), [ANN, BRASS, STRINGS]),
    (lambda q: q.not_.eq("name", ANN), [BRASS, COLD, STRINGS]),
    (lambda q: q.like("name", "%Lee"), [ANN]),
    (lambda q: q.like("name", "*o*"), [BRASS, COLD]),
    (lambda q: q.like("name", "ann%"), []),
    (lambda q: q.ilike("name", "ann%"), [ANN]),
    (lambda q: q.not_.ilike("name", "%e%"), [BRASS]),
    (lambda q: q.like_all_of("name", "%o%,%C%"), [BRASS, COLD]),
    (lambda q: q.like_any_of("name", "A%,%Tea"), [ANN, COLD]),
    (lambda q: q.ilike_all_of("name", "%O%,%L%"), [COLD]),
    (lambda q: q.ilike_any_of("name", "a%,%TEA"), [ANN, COLD]),
    (lambda q: q.in_("name", [COLD, STRINGS]), [COLD, STRINGS]),
    (lambda q: q.in_("id", [1, 3, 9]), [ANN, COLD]),
    (lambda q: q.in_("id", []), []),
    (lambda q: q.not_.in_("id", [1, 3]), [BRASS, STRINGS]),
    (lambda q: q.match({"active": True, "founded": 2005}), [BRASS]),
    (lambda q: q.filter("name", "match", "^[AB]"), [ANN, BRASS]),
    (lambda q: q.filter("name", "imatch", "TEA$"), [COLD]),
    (lambda q: q.filter("founded", "isdistinct", "1990"), [BRASS, COLD, STRINGS]),
    (lambda q: q.cs("tags", ["band"]), [BRASS, COLD]),
    (lambda q: q.contains("tags", ["band", "rock"]), [COLD]),
    (lambda q: q.cd("tags", ["folk", "solo", "jazz"]), [ANN, STRINGS]),
    (lambda q: q.contained_by("tags", ["rock", "band"]), [COLD, STRINGS]),
    (lambda q: q.ov("tags", ["jazz", "rock"]), [BRASS, COLD]),
    (lambda q: q.overlaps("tags", ["folk"]), [ANN]),
    (lambda q: q.fts("search", "sing & sea"), [ANN]),
    (lambda q: q.plfts("search", "singing trumpets"), [BRASS]),
    (lambda q: q.phfts("search", "cold harbour"), [COLD]),
    (lambda q: q.wfts("search", '"cold harbour" or trumpets'), [BRASS, COLD]),
    (lambda q: q.text_search("search", "ships", {"type": "plain", "config": "english"}), [ANN, COLD]),
    (lambda q: q.text_search("search", "sea | loud"), [ANN, BRASS]),
    (lambda q: q.text_search("search", "ships -sea", {"type": "web_search"}), [COLD]),
    (lambda q: q.text_search("biography", "loud trumpets", {"type": "phrase"}), [BRASS]),
    (lambda q: q.or_("founded.lt.2000,name.eq.Cold Tea"), [ANN, COLD]),
    (lambda q: q.or_('name.eq."D, E (and F)",and(active.is.true,founded.gt.2000)'), [BRASS, STRINGS]),
    (lambda q: q.or_("active.is.null,active.is.false").gt("id", 3), [STRINGS]),
    (lambda q: q.not_.or_("id.eq.1,id.eq.2"), [COLD, STRINGS]),
)
def test_filters(client: Client, build: Any, found: list[str]) -> None:
    assert filtered(client, "artists", build) == found


@cases(
    (lambda q: q.sl("days", ("2026-07-08", "2026-07-10")), [OPENING, NIGHT]),
    (lambda q: q.range_lt("days", ("2026-07-03", "2026-07-05")), [OPENING, NIGHT]),
    (lambda q: q.sr("days", ("2026-07-01", "2026-07-09")), [ENCORE, LOST]),
    (lambda q: q.range_gt("days", ("2026-07-01", "2026-07-12")), [LOST]),
    (lambda q: q.nxl("days", ("2026-07-02", "2026-07-30")), [NIGHT, ENCORE, LOST]),
    (lambda q: q.range_gte("days", ("2026-07-03", "2026-07-30")), [ENCORE, LOST]),
    (lambda q: q.nxr("days", ("2026-07-01", "2026-07-04")), [OPENING, NIGHT]),
    (lambda q: q.range_lte("days", ("2026-07-01", "2026-07-12")), [OPENING, NIGHT, ENCORE]),
    (lambda q: q.adj("days", ("2026-07-03", "2026-07-10")), [NIGHT, ENCORE]),
    (lambda q: q.range_adjacent("days", ("2026-07-11", "2026-07-15")), [ENCORE]),
    (lambda q: q.ov("days", "[2026-07-02,2026-07-04)"), [OPENING, NIGHT]),
    (lambda q: q.contains("days", "[2026-07-02,2026-07-02]"), [OPENING]),
    (lambda q: q.contained_by("days", "[2026-07-03,2026-07-15)"), [NIGHT, ENCORE]),
)
def test_filters_of_ranges(client: Client, build: Any, found: list[str]) -> None:
    # The client writes pairs with both bounds exclusive: ("2026-07-08", "2026-07-10") is the 9th alone.
    assert filtered(client, "concerts", build) == found


@cases(
    (lambda q: q.eq("address->>city", "Leeds"), ["Barn"]),
    (lambda q: q.lt("address->geo->floor", 0), ["Cellar"]),
    (lambda q: q.eq("address->doors->>0", "east"), ["Cellar"]),
    (lambda q: q.contains("address", {"geo": {"floor": 0}}), ["Barn"]),
    (lambda q: q.contained_by("address", {"city": "York", "geo": {"floor": -1}, "doors": ["east"]}), ["Cellar"]),
    (lambda q: q.is_("address->>city", "null"), ["Dome"]),
)  # fmt: skip
def test_filters_inside_json(client: Client, build: Any, found: list[str]) -> None:
    assert filtered(client, "venues", build) == found


def test_json_paths_in_columns_and_order(client: Client) -> None:
    rows = client.data(
        client.table("venues")
        .select("name", "city:address->>city", "floor:address->geo->floor", "address->doors->>-1")
        .order("address->>city", desc=True, nullsfirst=True)
    )
    assert rows == [
        {"name": "Dome", "city": None, "floor": None, "doors": None},
        {"name": "Cellar", "city": "York", "floor": -1, "doors": "east"},
        {"name": "Barn", "city": "Leeds", "floor": 0, "doors": "south"},
    ]


def test_columns_renamed_and_cast(client: Client) -> None:
    row = client.data(client.table("concerts").select("id::text, what: title, price").eq("id", 1))
    assert row == [{"id": "1", "what": "Opening", "price": 12.5}]


def test_aggregates(client: Client) -> None:
    rows = client.data(client.table("concerts").select("venue_id, count(), price.sum()").order("venue_id"))
    assert rows == [
        {"venue_id": 1, "count": 1, "sum": 12.5},
        {"venue_id": 2, "count": 2, "sum": 20},
        {"venue_id": None, "count": 1, "sum": 5},
    ]


@cases(
    (lambda q: q.order("price"), [ENCORE, LOST, OPENING, NIGHT]),
    (lambda q: q.order("price", desc=True), [NIGHT, OPENING, LOST, ENCORE]),
    (lambda q: q.order("code"), [NIGHT, OPENING, ENCORE, LOST]),
    (lambda q: q.order("code", nullsfirst=True).order("id", desc=True), [LOST, ENCORE, NIGHT, OPENING]),
    (lambda q: q.order("code", desc=True, nullsfirst=False).order("id"), [OPENING, NIGHT, ENCORE, LOST]),
    (lambda q: q.order("venue_id").order("price", desc=True), [OPENING, NIGHT, ENCORE, LOST]),
    (lambda q: q.order("id").limit(2), [OPENING, NIGHT]),
    (lambda q: q.order("id").limit(2).offset(1), [NIGHT, ENCORE]),
    (lambda q: q.order("id").range(2, 3), [ENCORE, LOST]),
    (lambda q: q.order("id").range(3, 9), [LOST]),
    (lambda q: q.order("id").limit(0), []),
)
def test_order_and_pages(client: Client, build: Any, found: list[str]) -> None:
    rows = client.data(build(client.table("concerts").select("title")))
    assert [row["title"] for row in rows] == found


def test_embeds_to_one_and_to_many(client: Client) -> None:
    concert = client.data(
        client.table("concerts")
        .select("title, venues(name), artist:artists(name)")
        .in_("id", [1, 4])
        .order("id")
    )
    assert concert == [
        {"title": "Opening", "venues": {"name": "Barn"}, "artist": {"name": "Ann Lee"}},
        {"title": "Lost", "venues": None, "artist": {"name": "Cold Tea"}},
    ]
    venues = client.data(
        client.table("venues")
        .select("name, concerts(title, tickets(seat))")
        .order("id")
        .order("price", desc=True, foreign_table="concerts")
        .order("seat", foreign_table="concerts.tickets")
    )
    assert venues == [
        {"name": "Barn", "concerts": [{"title": "Opening", "tickets": [{"seat": "A1"}, {"seat": "A2"}]}]},
        {"name": "Cellar", "concerts": [{"title": "Night", "tickets": [{"seat": "B1"}]}, {"title": "Encore", "tickets": []}]},
        {"name": "Dome", "concerts": []},
    ]  # fmt: skip


def test_embeds_through_a_junction_and_one_to_one(client: Client) -> None:
    rows = client.data(
        client.table("artists")
        .select("name, genres(name), websites(address)")
        .lte("id", 3)
        .order("id")
        .order("id", foreign_table="genres")
    )
    assert rows == [
        {"name": ANN, "genres": [{"name": "folk"}, {"name": "jazz"}], "websites": {"address": "ann.example"}},
        {"name": BRASS, "genres": [{"name": "jazz"}], "websites": {"address": "brass.example"}},
        {"name": COLD, "genres": [], "websites": None},
    ]


def test_an_inner_embed_filters_its_parents(client: Client) -> None:
    outer = client.table("venues").select("name, concerts(title)").eq("concerts.price", 0).order("id")
    assert client.data(outer) == [
        {"name": "Barn", "concerts": []},
        {"name": "Cellar", "concerts": [{"title": "Encore"}]},
        {"name": "Dome", "concerts": []},
    ]
    inner = client.table("venues").select("name, concerts!inner(title)").eq("concerts.price", 0)
    assert client.data(inner) == [{"name": "Cellar", "concerts": [{"title": "Encore"}]}]
    either = client.table("venues").select("name, concerts!inner(title)")
    either = either.or_("title.eq.Opening,price.eq.0", reference_table="concerts").order("id")
    assert client.data(either) == [
        {"name": "Barn", "concerts": [{"title": "Opening"}]},
        {"name": "Cellar", "concerts": [{"title": "Encore"}]},
    ]
    without = client.table("venues").select("name, concerts()").is_("concerts", "null")
    assert client.data(without) == [{"name": "Dome"}]


def test_spreads(client: Client) -> None:
    concerts = client.table("concerts").select("title, ...venues(venue:name, capacity)").order("id").limit(1)
    assert client.data(concerts) == [{"title": "Opening", "venue": "Barn", "capacity": 200}]
    venues = client.table("venues").select("name, ...concerts(titles:title)").order("id")
    assert client.data(venues.order("id", foreign_table="concerts")) == [
        {"name": "Barn", "titles": ["Opening"]},
        {"name": "Cellar", "titles": ["Night", "Encore"]},
        {"name": "Dome", "titles": []},
    ]


def test_pages_inside_an_embed(client: Client) -> None:
    query = client.table("venues").select("concerts(title)").eq("id", 2).order("id", foreign_table="concerts")
    assert client.data(query.limit(1, foreign_table="concerts")) == [{"concerts": [{"title": "Night"}]}]
    query = client.table("venues").select("concerts(title)").eq("id", 2).order("id", foreign_table="concerts")
    assert client.data(query.range(1, 1, foreign_table="concerts")) == [{"concerts": [{"title": "Encore"}]}]


def test_a_hint_chooses_between_two_ways(client: Client) -> None:
    query = client.table("journeys").select(
        "from:venues!journeys_from_venue_fkey(name), to:venues!to_venue(name)"
    )
    assert client.data(query) == [{"from": {"name": "Barn"}, "to": {"name": "Cellar"}}]


def test_order_by_what_is_embedded(client: Client) -> None:
    query = (
        client.table("concerts")
        .select("title, venues()")
        .order("venues(capacity)", desc=False, nullsfirst=True)
    )
    assert [row["title"] for row in client.data(query.order("id"))] == [LOST, NIGHT, ENCORE, OPENING]


def test_counts(client: Client) -> None:
    some = client.run(client.table("concerts").select("title", count="exact").order("id").limit(1))
    assert (some.data, some.count) == ([{"title": "Opening"}], 4)
    planned = client.run(client.table("concerts").select("title", count="planned").eq("id", 2))
    assert (planned.data, planned.count) == ([{"title": "Night"}], 1)
    estimated = client.run(client.table("concerts").select("id", count="estimated").lt("price", 15))
    assert estimated.count == 3
    head = client.run(client.table("concerts").select("*", count="exact", head=True).gt("price", 5))
    assert (head.data, head.count) == ([], 2)
    assert client.run(client.table("concerts").select("*")).count is None


def test_one_row_or_none(client: Client) -> None:
    venues = client.table("venues")
    assert client.data(venues.select("name").eq("id", 3).single()) == {"name": "Dome"}
    assert client.data(venues.select("name").eq("id", 3).maybe_single()) == {"name": "Dome"}
    assert client.run(venues.select("name").eq("id", 9).maybe_single()) is None
    none = client.error(venues.select("name").eq("id", 9).single())
    assert (none.code, none.details) == ("PGRST116", "The result contains 0 rows")
    assert none.message == "Cannot coerce the result to a single JSON object"
    many = client.error(venues.select("name").single())
    assert (many.code, many.details) == ("PGRST116", "The result contains 3 rows")


def test_nulls_stripped(client: Client) -> None:
    concerts = client.table("concerts")
    row = client.data(concerts.select("title, code, venue_id").eq("id", 4).strip_nulls())
    assert row == [{"title": "Lost"}]
    one = client.data(concerts.select("title, code, venue_id").eq("id", 3).strip_nulls().single())
    assert one == {"title": "Encore", "venue_id": 2}


def test_csv(client: Client) -> None:
    text = client.data(
        client.table("artists").select("id, name, founded").in_("id", [3, 4]).order("id").csv()
    )
    # As PostgreSQL writes a record: a value with a blank is quoted.
    assert text == 'id,name,founded\n3,"Cold Tea",\n4,"D, E (and F)",2015'


def test_plans(client: Client) -> None:
    table = client.table("concerts")
    text = client.run(table.select("title").eq("id", 1).explain())
    assert "concerts" in text
    assert "cost=" in text
    assert "actual time" in client.run(table.select("title").explain(analyze=True, buffers=True))
    plan = client.data(table.select("title").explain(format="json", verbose=True))
    assert {"Node Type", "Output"} <= set(plan[0]["Plan"])


def test_another_schema(client: Client) -> None:
    rows = client.data(client.schema("archive").table("concerts").select("title, year").gt("year", 2019))
    assert rows == [{"title": "The second", "year": 2021}]
