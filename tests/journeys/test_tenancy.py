"""Nobody sees or touches what is not theirs: the walk over every resource, by everybody, by every way in."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from journeys.conftest import Demo
from journeys.tenancy.calling import CALLS, walk_functions
from journeys.tenancy.catalog import gateway_catalog, list_relations
from journeys.tenancy.reading import Relations, walk_embeds, walk_hidden_columns, walk_reads, where
from journeys.tenancy.site import (
    ANON,
    ESCOS,
    SERVICE,
    Site,
    Viewer,
    Window,
    build_world,
    customer,
    id_of,
    operator,
    served,
)
from journeys.tenancy.truth import RESOURCES, every_key, true_keys
from journeys.tenancy.writing import (
    FRESH,
    fresh_row,
    key_of,
    snapshot,
    walk_customer_writes,
    walk_operator_writes,
)
from submeter.db.database import Database, open_database
from submeter.settings import Settings

SECRET = "a secret of the tests, long enough for HS256"
CUSTOMERS = [customer(f"north {name}") for name in ("alice", "bob", "lena", "joan", "carol", "dora", "frank")]
CUSTOMERS.append(customer("south alice"))
STAFF = [operator(esco) for esco in ESCOS] + [SERVICE]

NORTH, SOUTH = id_of("north esco"), id_of("south esco")
ALICE, BOB = id_of("north alice"), id_of("north bob")


def _odd(
    name: str, claims: dict[str, object], esco: str | None = None, customer: str | None = None
) -> Viewer:
    sight = "customer" if claims["role"] == "authenticated" else "esco"
    return Viewer(name, dict(claims), sight, esco, customer)


ODD_TOKENS = [
    _odd("customer without claims", {"role": "authenticated"}),
    _odd("customer with the ESCO only", {"role": "authenticated", "esco_id": NORTH}),
    _odd("customer without the ESCO", {"role": "authenticated", "customer_id": ALICE}, None, ALICE),
    _odd(
        "customer of another ESCO",
        {"role": "authenticated", "customer_id": ALICE, "esco_id": SOUTH},
        SOUTH,
        ALICE,
    ),
    _odd("customer unknown", {"role": "authenticated", "customer_id": str(uuid4()), "esco_id": NORTH}),
    _odd("customer malformed", {"role": "authenticated", "customer_id": "' or true --"}),
    _odd("customer as a list", {"role": "authenticated", "customer_id": [ALICE, BOB], "esco_id": NORTH}),
    _odd("customer as an object", {"role": "authenticated", "customer_id": {"id": ALICE}}),
    _odd("operator without an ESCO", {"role": "operator"}),
    _odd("operator of an unknown ESCO", {"role": "operator", "esco_id": str(uuid4())}),
    _odd("operator of a malformed ESCO", {"role": "operator", "esco_id": "*"}),
    _odd("operator of two ESCOs", {"role": "operator", "esco_id": [NORTH, SOUTH]}),
    _odd("operator of null", {"role": "operator", "esco_id": None}),
    _odd("operator as a customer", {"role": "operator", "customer_id": ALICE}),
]


@pytest.fixture(scope="module")
def site(module_database: Database) -> Iterator[Site]:
    with served(module_database, SECRET) as site:
        build_world(site.owner)
        yield site


@pytest.fixture(scope="module")
def relations(module_database: Database) -> Relations:
    return list_relations(gateway_catalog(module_database.owner_conninfo))


def test_every_resource_is_walked(module_database: Database) -> None:
    catalog = gateway_catalog(module_database.owner_conninfo)
    assert {name.name for name in catalog.relations} == set(RESOURCES)


def test_every_resource_holds_rows_of_both_escos_and_of_two_customers_in_one_home(site: Site) -> None:
    for name, resource in RESOURCES.items():
        owners = {row[0] for row in every_key(site.owner, name)}
        assert owners == ({NORTH, SOUTH} if resource.esco else {None}), name
    previous, present = customer("north alice"), customer("north bob")
    shared = true_keys(site, previous, "registers") & true_keys(site, present, "registers")
    assert shared
    for name in ("meter_readings", "register_interval_hh", "monthly_usage", "monthly_costs", "payments"):
        theirs, his = true_keys(site, previous, name), true_keys(site, present, name)
        assert theirs - his
        assert his - theirs


@pytest.mark.parametrize("viewer", [ANON, *CUSTOMERS, *STAFF, *ODD_TOKENS], ids=lambda viewer: viewer.name)
def test_everybody_reads_what_is_theirs_and_no_more(site: Site, viewer: Viewer) -> None:
    complaints = walk_reads(site, viewer, closely=viewer not in ODD_TOKENS)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("viewer", [ANON, *CUSTOMERS[:3], *STAFF], ids=lambda viewer: viewer.name)
def test_nothing_hidden_is_embedded_anywhere(site: Site, relations: Relations, viewer: Viewer) -> None:
    assert not (complaints := walk_embeds(site, viewer, relations)), "\n".join(complaints)


@pytest.mark.parametrize(
    "viewer", [ANON, customer("north alice"), *STAFF, ODD_TOKENS[0]], ids=lambda viewer: viewer.name
)
def test_what_a_resource_does_not_show_cannot_be_asked_for(site: Site, viewer: Viewer) -> None:
    assert not (complaints := walk_hidden_columns(site, viewer)), "\n".join(complaints)


@pytest.mark.parametrize("column", ["hazards", "attributes"])
@pytest.mark.parametrize("viewer", [*CUSTOMERS, *STAFF, ODD_TOKENS[0]], ids=lambda viewer: viewer.name)
def test_what_staff_note_of_meters_is_theirs(site: Site, viewer: Viewer, column: str) -> None:
    """For customers it is null, and no filter finds out what it is."""
    rows = site.ask(viewer, "GET", f"/meters?select=id,{column}").json()
    found = site.ask(viewer, "GET", f"/meters?select=id&{column}=not.is.null").json()
    if viewer.sight == "customer":
        assert (found, {row[column] for row in rows} - {None}) == ([], set())
    else:
        assert len(found) == len(rows) > 0
        assert all("~staff~" in str(row[column]) for row in rows)


@pytest.mark.parametrize(("own", "other"), [("north", "south"), ("south", "north")])
def test_an_operator_touches_no_row_of_another_esco(site: Site, own: str, other: str) -> None:
    assert not (complaints := walk_operator_writes(site, operator(own), own, other)), "\n".join(complaints)


@pytest.mark.parametrize("esco", ESCOS)
@pytest.mark.parametrize("viewer", [ANON, *CUSTOMERS[:2], ODD_TOKENS[0]], ids=lambda viewer: viewer.name)
def test_a_customer_writes_next_to_nothing(site: Site, viewer: Viewer, esco: str) -> None:
    assert not (complaints := walk_customer_writes(site, viewer, esco)), "\n".join(complaints)


@pytest.mark.parametrize("name", FRESH)
def test_an_operator_can_write_what_is_theirs(site: Site, name: str) -> None:
    """Else refusing everything would pass for tenancy."""
    viewer, row = operator("north"), fresh_row(site, name, "north")
    added = site.ask(viewer, "POST", f"/{name}", row, "return=representation")
    assert added.status_code == 201, added.text
    key = where(name, key_of(name, added.json()[0]))
    if name == "meter_readings":
        return
    changed = site.ask(viewer, "PATCH", f"/{name}?{key}", {"esco_id": NORTH}, "return=representation")
    assert (changed.status_code, len(changed.json())) == (200, 1), changed.text
    removed = site.ask(viewer, "DELETE", f"/{name}?{key}", None, "return=representation")
    assert (removed.status_code, len(removed.json())) == (200, 1), removed.text


def test_a_customer_changes_their_own_contact_data_and_no_other(site: Site) -> None:
    alice, before = customer("north alice"), snapshot(site, SOUTH)
    changed = site.ask(
        alice, "PATCH", f"/customers?id=eq.{ALICE}", {"phone": "+44 99"}, "return=representation"
    )
    assert changed.json()[0]["phone"] == "+44 99"
    everybody = site.ask(
        alice, "PATCH", "/customers?id=not.is.null", {"phone": "+44 98"}, "return=representation"
    )
    assert [row["id"] for row in everybody.json()] == [ALICE]
    for other in (BOB, id_of("south alice"), str(uuid4())):
        answer = site.ask(
            alice, "PATCH", f"/customers?id=eq.{other}", {"phone": "+44 97"}, "return=representation"
        )
        assert (answer.status_code, answer.json()) == (200, [])
    for column, value in {
        "status": "archived",
        "esco_id": SOUTH,
        "id": BOB,
        "external_reference": "x",
    }.items():
        assert site.ask(alice, "PATCH", f"/customers?id=eq.{ALICE}", {column: value}).status_code == 403
    assert snapshot(site, SOUTH) == before


def test_a_customer_reports_readings_of_the_own_meter_now(site: Site) -> None:
    bob, own = customer("north bob"), id_of("north second register")
    reported = site.ask(
        bob, "POST", "/meter_readings", {"register_id": own, "reading": 5000}, "return=representation"
    )
    assert (reported.status_code, reported.json()[0]["status"]) == (201, "customer")
    before = snapshot(site)
    heat, past = id_of("north heat meter register"), "2025-03-03T00:00Z"
    tries = {
        "as an actual one": (bob, {"register_id": own, "reading": 1, "timestamp": "2026-05-05T00:00Z", "status": "actual"}),
        "before the own days": (bob, {"register_id": heat, "reading": 1, "timestamp": past}),
        "on the register that left": (bob, {"register_id": id_of("north first register"), "reading": 1, "timestamp": "2025-10-10T00:00Z"}),
        "in another ESCO's name": (bob, {"register_id": own, "reading": 1, "timestamp": "2026-05-06T00:00Z", "esco_id": SOUTH}),
        "correcting": (bob, {"register_id": own, "reading": 1, "timestamp": "2026-05-07T00:00Z", "replaces_id": reported.json()[0]["id"]}),
        "after moving out": (customer("north alice"), {"register_id": heat, "reading": 1}),
        "in the own past": (customer("north alice"), {"register_id": heat, "reading": 1, "timestamp": past}),
        "as the owner": (customer("north lena"), {"register_id": own, "reading": 1}),
        "as who only pays": (customer("north frank"), {"register_id": own, "reading": 1}),
    }  # fmt: skip
    for what, (viewer, row) in tries.items():
        assert site.ask(viewer, "POST", "/meter_readings", row).status_code in (403, 409), what
    assert snapshot(site) == before


@pytest.mark.parametrize("column", ["register_id", "meter_id"])
def test_a_reading_for_a_hidden_register_is_refused_as_one_for_none(site: Site, column: str) -> None:
    parent = {"register_id": "first register", "meter_id": "first"}[column]
    for viewer in (customer("north frank"), customer("south alice"), operator("south")):
        told = [
            site.ask(viewer, "POST", "/meter_readings", {column: one, "reading": 1}).text.replace(one, "<id>")
            for one in (id_of(f"north {parent}"), str(uuid4()))
        ]
        assert told[0] == told[1]
        assert "23503" in told[0]


def test_every_function_is_walked(module_database: Database) -> None:
    catalog = gateway_catalog(module_database.owner_conninfo)
    assert {name.name for name in catalog.routines} == set(CALLS)


@pytest.mark.parametrize(
    "viewer", [ANON, *CUSTOMERS[:3], *STAFF, *ODD_TOKENS], ids=lambda viewer: viewer.name
)
def test_functions_answer_and_change_what_is_the_callers(site: Site, viewer: Viewer) -> None:
    assert not (complaints := walk_functions(site, viewer)), "\n".join(complaints)


def test_tokens_that_nobody_signed_or_that_name_no_role_open_nothing(site: Site) -> None:
    claims = operator("north").claims
    none = ".".join(b64(json.dumps(part)) for part in ({"alg": "none", "typ": "JWT"}, claims)) + "."
    whole = site.token(claims)
    head, body, signature = whole.split(".")
    swapped = f"{head}.{b64(json.dumps({**claims, 'esco_id': SOUTH}))}.{signature}"
    forged = [
        none,
        swapped,
        f"{head}.{body}.",
        whole[:-4],
        "x",
        "..",
        site.token(claims, "another secret, long enough too, for HS256"),
    ]
    ended = [site.token({**claims, "exp": 1}), site.token({**claims, "nbf": 4102444800})]
    for token in (*forged, *ended):
        answer = site.ask(ANON, "GET", "/customers", Authorization=f"Bearer {token}")
        assert answer.status_code == 401, token
    for role in (
        "nobody",
        "submeter_owner",
        "postgres",
        "pg_read_all_data",
        "authenticator",
        "service_role; set role x",
        7,
        ["operator"],
    ):
        answer = site.ask(Viewer(f"role {role}", {**claims, "role": role}, "anon"), "GET", "/customers")
        assert 400 <= answer.status_code < 500, (role, answer.text)
        assert "~" not in answer.text


def b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BREAKAGES = {
    "payments": "alter policy customer_reads on submeter.payments using (true)",
    "meter_readings": "alter policy customer_reads on submeter.readings using (register_id = any ((select submeter.my_registers())::uuid[]))",
    "monthly_costs": "alter view public.monthly_costs set (security_invoker = false)",
    "customers": "alter policy operator_own_esco on submeter.customers using (true)",
    "accounts": "alter view public.accounts set (security_invoker = false); grant select on public.accounts to anon",
    "circuits": "alter policy operator_own_esco on submeter.circuits with check (true)",
    "monthly_costs_compute": "alter function public.monthly_costs_compute(date, date) security definer",
    "meters_missing_future_tariffs": "alter function public.meters_missing_future_tariffs(text) security definer",
    "register_days": "create or replace function submeter.my_register_spans() returns table (register_id uuid, meter_id uuid,"
    " installation_id uuid, instants tstzrange) language sql stable security definer set search_path = '' as $$"
    " select g.id, g.meter_id, null::uuid, '[2000-01-01,)'::tstzrange from submeter.registers g $$",
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_the_walk_complains_where_a_wall_is_missing(database: Database, name: str) -> None:
    with served(database, SECRET) as site:
        build_world(site.owner)
        before = _complaints(site, name)
        site.owner.execute(BREAKAGES[name])
        assert _complaints(site, name) - before


def _complaints(site: Site, name: str) -> set[str]:
    """Of the previous occupant, an operator and anon, about one resource or function."""
    north, found = operator("north"), []
    for viewer in (ANON, customer("north alice"), north):
        found += (walk_functions if name in CALLS else walk_reads)(site, viewer, (name,))
    if name in FRESH:
        found += walk_operator_writes(site, north, "north", "south", (name,))
    return set(found)


def _move(owner: psycopg.Connection) -> tuple[str, str, Window, str]:
    """Of the demo: who left a supply point and who followed, and what to look at around that day."""
    query = """
        select r.customer_id::text, s.customer_id::text, b.from_date, array_agg(g.id::text), a.esco_id::text
        from submeter.agreements a
        join submeter.agreements b on b.supply_point_id = a.supply_point_id and b.from_date = a.to_date
        join submeter.customer_accounts r on r.account_id = a.account_id and r.role = 'holder'
        join submeter.customer_accounts s on s.account_id = b.account_id and s.role = 'holder'
        join submeter.meter_installations i on i.supply_point_id = a.supply_point_id
        join submeter.registers g on g.meter_id = i.meter_id
        join submeter.escos e on e.id = a.esco_id and e.code = 'wlce'
        group by 1, 2, 3, 5 order by b.from_date, 1 limit 1"""
    previous, present, day, registers, esco = owner.execute(query).fetchall()[0]
    circuits = [
        circuit
        for (circuit,) in owner.execute(
            "select distinct circuit_id::text from submeter.circuit_registers where register_id::text = any (%s)",
            (registers,),
        )
    ]
    span = (str(day - timedelta(days=1)), str(day + timedelta(days=2)))
    query = """
        select distinct h.site_id::text
        from submeter.registers g join submeter.meter_installations i on i.meter_id = g.meter_id
        join submeter.supply_points p on p.id = i.supply_point_id join submeter.properties h on h.id = p.property_id
        where g.id::text = any (%s)"""
    sites = [site for (site,) in owner.execute(query, (registers,))]
    window = Window(*span, tuple(registers), tuple(circuits), tuple(sites))
    return previous, present, window, esco


def test_on_the_demo_everybody_reads_what_is_theirs_and_no_more(demo: Demo) -> None:
    secret = (demo.directory / ".submeter" / "jwt-secret").read_text().strip()
    with open_database(Settings(data_dir=demo.directory / ".submeter")) as database:
        owner = database.connect_owner()
        previous, present, window, esco = _move(owner)
        site = Site(demo.url, secret, owner, window)
        people = {"the previous occupant": previous, "the present occupant": present}
        for role in ("joint_holder", "owner"):
            query = "select customer_id::text from submeter.customer_accounts where role = %s and esco_id = %s limit 1"
            people[role] = owner.execute(query, (role, esco)).fetchall()[0][0]
        viewers = [
            Viewer(
                name,
                {"role": "authenticated", "esco_id": esco, "customer_id": customer},
                "customer",
                esco,
                customer,
            )
            for name, customer in people.items()
        ]
        assert true_keys(site, viewers[0], "register_interval_hh")
        for other, code in owner.execute("select id::text, code from submeter.escos").fetchall():
            viewers.append(
                Viewer(f"operator of {code}", {"role": "operator", "esco_id": other}, "esco", other)
            )
        complaints = [complaint for viewer in (ANON, *viewers) for complaint in walk_reads(site, viewer)]
        site.close()
    assert not complaints, "\n".join(complaints)
