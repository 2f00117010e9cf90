"""The clients from PyPI, unmodified, against the demo: `postgrest` and `supabase`."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import postgrest
import pytest
import supabase
from postgrest.exceptions import APIError

from journeys.conftest import Demo


@pytest.fixture(scope="module", params=["postgrest", "supabase"])
def client(request: pytest.FixtureRequest, demo: Demo) -> Iterator[Any]:
    """Either client, acting as the operator."""
    token = demo.env["SUBMETER_OPERATOR_TOKEN"]
    if request.param == "postgrest":
        headers = {"apikey": demo.env["SUBMETER_ANON_KEY"]}
        with postgrest.SyncPostgrestClient(f"{demo.url}/rest/v1", headers=headers) as made:
            made.auth(token)
            yield made
    else:
        made = supabase.create_client(demo.url, demo.env["SUBMETER_ANON_KEY"])
        made.postgrest.auth(token)
        yield made
        made.postgrest.aclose()


@pytest.fixture
def guests(client: Any) -> Iterator[list[dict[str, Any]]]:
    """Three customers of our own, gone afterwards."""
    mark = f"guest-{uuid4()}"
    rows = [
        {
            "name": f"{mark} {n}",
            "status": status,
            "email": f"guest{n}@example.org",
            "external_reference": f"{mark} {n}",
        }
        for n, status in enumerate(("pending", "active", "archived"), 1)
    ]
    added = client.table("customers").insert(rows).execute().data
    assert [row["name"] for row in added] == [row["name"] for row in rows]
    yield added
    client.table("customers").delete().like("name", f"{mark}*").execute()
    assert client.table("customers").select("id").like("name", f"{mark}*").execute().data == []


def _ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def test_read_with_columns_order_and_pages(client: Any) -> None:
    everybody = client.table("customers").select("id, name").order("name").order("id").execute().data
    assert len(everybody) > 33
    assert set(everybody[0]) == {"id", "name"}
    page = client.table("customers").select("id, name").order("name").order("id").range(10, 19).execute().data
    assert page == everybody[10:20]
    assert (
        client.table("customers").select("id, name").order("name").order("id").limit(3).execute().data
        == everybody[:3]
    )
    backwards = client.table("customers").select("id").order("id", desc=True).limit(1).execute().data
    assert backwards[0]["id"] == max(_ids(everybody))


def test_filters(client: Any, guests: list[dict[str, Any]]) -> None:
    table, ids = client.table("customers"), _ids(guests)

    def found(query: Any) -> list[str]:
        return _ids(query.in_("id", ids).order("name").execute().data)

    def select() -> Any:
        return client.table("customers").select("id")

    assert found(table.select("id")) == ids
    assert found(select().eq("status", "active")) == ids[1:2]
    assert found(select().neq("status", "active")) == [ids[0], ids[2]]
    assert found(select().like("name", "%1")) == ids[:1]
    assert found(select().ilike("name", "GUEST-%")) == ids
    assert found(select().gt("name", guests[0]["name"])) == ids[1:]
    assert found(select().lte("name", guests[1]["name"])) == ids[:2]
    assert found(select().is_("phone", "null")) == ids
    assert found(select().not_.is_("phone", "null")) == []
    assert found(select().or_("status.eq.active,status.eq.archived")) == ids[1:]
    assert found(select().or_("status.eq.pending,and(status.eq.active,name.like.*2)")) == ids[:2]
    assert found(select().match({"status": "pending", "kind": "person"})) == ids[:1]


def test_embeds_both_ways_and_through_a_junction(client: Any) -> None:
    homes = (
        client.table("properties")
        .select("plot, meters(serial, registers(nature))")
        .not_.is_("plot", "null")
        .execute()
        .data
    )
    assert {
        register["nature"] for home in homes for meter in home["meters"] for register in meter["registers"]
    } >= {"power", "heat"}
    meter = (
        client.table("meters")
        .select("property_id, properties(id)")
        .not_.is_("property_id", "null")
        .limit(1)
        .execute()
        .data[0]
    )
    assert meter["properties"] == {"id": meter["property_id"]}
    accounts = client.table("accounts").select("id, customers(name)").limit(50).execute().data
    assert any(len(account["customers"]) > 1 for account in accounts)
    holders = (
        client.table("customers")
        .select("id, customer_accounts!inner(role)")
        .eq("customer_accounts.role", "joint_holder")
        .execute()
        .data
    )
    assert holders
    assert all(one["role"] == "joint_holder" for row in holders for one in row["customer_accounts"])


def test_count(client: Any) -> None:
    some = client.table("customers").select("id", count="exact").eq("status", "active").limit(2).execute()
    every = client.table("customers").select("id").eq("status", "active").execute()
    assert (len(some.data), some.count) == (2, len(every.data))
    head = client.table("customers").select("*", count="exact", head=True).eq("status", "active").execute()
    assert head.count == some.count


def test_update_and_delete(client: Any, guests: list[dict[str, Any]]) -> None:
    first, second, _ = _ids(guests)
    changed = client.table("customers").update({"phone": "+44 20 7946 0000"}).eq("id", first).execute().data
    assert [(row["id"], row["phone"]) for row in changed] == [(first, "+44 20 7946 0000")]
    removed = client.table("customers").delete().eq("id", second).execute().data
    assert _ids(removed) == [second]
    assert client.table("customers").select("id").eq("id", second).execute().data == []
    assert client.table("customers").update({"phone": "+44 1"}).eq("id", second).execute().data == []


def test_upsert(client: Any, guests: list[dict[str, Any]]) -> None:
    mine = {**guests[0], "name": guests[0]["name"] + " anew"}
    newcomer = {**mine, "id": str(uuid4()), "external_reference": None}
    merged = client.table("customers").upsert([mine, newcomer]).execute().data
    assert [row["name"] for row in merged] == [mine["name"], mine["name"]]
    by_reference = client.table("customers").upsert(
        {"esco_id": mine["esco_id"], "external_reference": mine["external_reference"], "name": guests[0]["name"]},
        on_conflict="esco_id,external_reference",
    )  # fmt: skip
    assert _ids(by_reference.execute().data) == [mine["id"]]
    ignored = (
        client.table("customers").upsert({**mine, "name": "ignored"}, ignore_duplicates=True).execute().data
    )
    assert ignored == []
    assert client.table("customers").select("name").eq("id", mine["id"]).execute().data == [
        {"name": guests[0]["name"]}
    ]


def test_one_row_or_none(client: Any, guests: list[dict[str, Any]]) -> None:
    one = client.table("customers").select("*").eq("id", guests[0]["id"]).single().execute().data
    assert one == guests[0]
    nobody = client.table("customers").select("*").eq("id", str(uuid4())).maybe_single().execute()
    assert nobody is None or nobody.data is None
    with pytest.raises(APIError) as error:
        client.table("customers").select("*").in_("id", _ids(guests)).single().execute()
    assert error.value.code == "PGRST116"


def test_functions(client: Any) -> None:
    missing = client.rpc("meters_missing_future_tariffs", {"esco_code_in": "wlce"}).execute().data
    assert missing
    read = client.rpc("meters_missing_future_tariffs", {"esco_code_in": "wlce"}, get=True).execute().data
    assert read == missing
    month = (
        client.table("monthly_costs")
        .select("month")
        .order("month", desc=True)
        .limit(1)
        .execute()
        .data[0]["month"]
    )
    client.rpc("monthly_costs_compute", {"month_in": month}).execute()
    customer = client.table("customers").select("id").limit(1).execute().data[0]["id"]
    token = client.rpc("create_customer_token", {"customer_id": customer}).execute().data
    assert token


def test_errors_are_their_exceptions(client: Any, guests: list[dict[str, Any]]) -> None:
    def error(query: Any) -> APIError:
        with pytest.raises(APIError) as raised:
            query.execute()
        return raised.value

    wrong_column = error(client.table("customers").select("nmae"))
    assert (wrong_column.code, "nmae" in wrong_column.message) == ("42703", True)
    wrong_table = error(client.table("custmers").select("*"))
    assert wrong_table.code == "PGRST205"
    assert "customers" in wrong_table.hint
    assert error(client.table("customers").insert({"id": guests[0]["id"], "name": "twin"})).code == "23505"
    assert error(client.table("customers").insert({"status": "nonsense"})).code == "23514"
    future = error(client.table("meter_readings").insert({"meter_id": str(uuid4()), "reading": 1}))
    assert (future.code, bool(future.details), bool(future.hint)) == ("23503", True, True)
    assert error(client.rpc("no_such_function", {})).code == "PGRST202"


def test_a_customer_sees_little_through_the_same_client(demo: Demo) -> None:
    with postgrest.SyncPostgrestClient(
        f"{demo.url}/rest/v1", headers={"apikey": demo.env["SUBMETER_ANON_KEY"]}
    ) as mine:
        mine.auth(demo.env["SUBMETER_CUSTOMER_TOKEN"])
        me = mine.table("customers").select("*, accounts(*, payments(*))").execute().data
        assert len(me) == 1
        assert {cost["customer_id"] for cost in mine.table("monthly_costs").select("*").execute().data} == {
            me[0]["id"]
        }
        with pytest.raises(APIError) as error:
            mine.table("customers").insert({"name": "Ada"}).execute()
        assert error.value.code == "42501"


def test_the_asynchronous_client(demo: Demo) -> None:
    async def read() -> list[int]:
        client = await supabase.acreate_client(demo.url, demo.env["SUBMETER_SERVICE_ROLE_KEY"])
        answers = await asyncio.gather(
            *(client.table("customers").select("id").limit(n).execute() for n in range(1, 6))
        )
        await client.postgrest.aclose()
        return [len(answer.data) for answer in answers]

    assert asyncio.run(read()) == [1, 2, 3, 4, 5]
