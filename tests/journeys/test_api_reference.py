"""The API reference, line by line, over HTTP on the demo: what it promises is what it answers."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from journeys.conftest import Demo

COSTS = {"power", "heat", "standing_charge", "total", "microgrid_total", "benchmark_total"}
COLUMNS = {
    "customers": {"id", "esco_id", "name", "email", "status", "created_at", "updated_at"},
    "accounts": {"id", "esco_id", "property_id", "type", "status", "account_number", "created_at"},
    "customer_accounts": {"customer_id", "account_id", "role", "from_date", "to_date"},
    "properties": {"id", "esco_id", "site_id", "plot", "description"},
    "meters": {"id", "esco_id", "serial", "property_id", "hardware", "prepay_enabled"},
    "meter_readings": {"id", "meter_id", "register_id", "timestamp", "reading", "status"},
    "payments": {"id", "account_id", "amount_pence", "status", "description", "scheduled_at", "submitted_at"},
    "monthly_costs": {"customer_id", "month", *COSTS},
    "escos": {"id", "code", "name", "region", "app_url"},
    "sites": {"id", "name"},
    "agreements": {"id", "supply_point_id", "account_id", "from_date", "to_date"},
    "registers": {"id", "meter_id", "nature"},
    "circuits": {"id", "type"},
    "benchmark_tariffs": {"period_start", "region", "unit_rate", "standing_charge"},
    "microgrid_tariffs": {"esco_id", "period_start", "discount_percent", "unit_rate", "emergency_credit"},
    "customer_tariffs": {"customer_id", "period_start", "unit_rate", "standing_charge"},
}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def service(demo: Demo) -> Iterator[httpx.Client]:
    with demo.client() as client:
        yield client


@pytest.fixture(scope="module")
def operator(demo: Demo) -> Iterator[httpx.Client]:
    with demo.client("SUBMETER_OPERATOR_TOKEN") as client:
        yield client


@pytest.fixture
def customer(operator: httpx.Client) -> Iterator[dict[str, Any]]:
    """A customer of our own, gone afterwards."""
    row = {"name": "Una Newcomer", "email": "una@example.org", "status": "pending"}
    made = operator.post("/customers", json=row, headers={"Prefer": "return=representation"})
    assert made.status_code == 201, made.text
    yield made.json()[0]
    operator.delete(f"/customers?id=eq.{made.json()[0]['id']}")


@pytest.fixture
def register(operator: httpx.Client) -> Iterator[dict[str, str]]:
    """A register of a meter of our own; readings are for ever, so what has some stays."""
    meter = _added(operator, "meters", {"serial": f"TEST-{uuid4()}"})
    made = _added(operator, "registers", {"meter_id": meter["id"]})
    yield {"id": made["id"], "meter_id": meter["id"]}
    operator.delete(f"/registers?id=eq.{made['id']}")
    operator.delete(f"/meters?id=eq.{meter['id']}")


def _added(client: httpx.Client, resource: str, row: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"/{resource}", json=row, headers={"Prefer": "return=representation"})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()[0])


def _count(client: httpx.Client, path: str) -> int:
    answer = client.head(path, headers={"Prefer": "count=exact"})
    return int(answer.headers["content-range"].rpartition("/")[2])


def _refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of an error: four keys, and words a person can use."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert set(body) == {"code", "details", "hint", "message"}
    assert body["message"]
    return dict(body)


# Reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", COLUMNS)
def test_get_lists_rows_with_the_columns_of_the_reference(service: httpx.Client, resource: str) -> None:
    answer = service.get(f"/{resource}?limit=3")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert len(answer.json()) > 1
    assert all(COLUMNS[resource] <= row.keys() for row in answer.json())


def test_customers_by_status(operator: httpx.Client) -> None:
    active = operator.get("/customers?status=eq.active").json()
    assert active
    assert {row["status"] for row in active} == {"active"}
    assert len(active) < _count(operator, "/customers")


def test_some_columns_of_customers(operator: httpx.Client) -> None:
    rows = operator.get("/customers?select=id,email,name").json()
    assert len(rows) >= 33
    assert all(list(row) == ["id", "email", "name"] for row in rows)


def test_properties_with_their_meters(operator: httpx.Client) -> None:
    answer = operator.get("/properties?select=*,meters(*)")
    assert answer.status_code == 200
    homes = [home for home in answer.json() if home["plot"]]
    assert len(homes) >= 33
    assert all(meter["property_id"] == home["id"] for home in homes for meter in home["meters"])
    assert sum(bool(home["meters"]) for home in homes) >= 33


def test_a_page_of_customers(operator: httpx.Client) -> None:
    everybody = [row["id"] for row in operator.get("/customers?order=id").json()]
    page = operator.get("/customers?limit=10&offset=20&order=id")
    assert [row["id"] for row in page.json()] == everybody[20:30]
    assert page.headers["content-range"] == "20-29/*"
    ranged = operator.get("/customers?order=id", headers={"Range": "20-29", "Range-Unit": "items"})
    assert ranged.json() == page.json()


def test_half_hours_of_a_register(operator: httpx.Client) -> None:
    register = operator.get("/registers?nature=eq.power&limit=1").json()[0]["id"]
    rows = operator.get(
        f"/register_interval_hh?register_id=eq.{register}&order=timestamp.desc&limit=48"
    ).json()
    assert len(rows) == 48
    assert set(rows[0]) == {"register_id", "timestamp", "kwh", "quality"}
    assert all(row["kwh"] >= 0 and row["quality"] == "A" for row in rows)


def test_costs_add_up(operator: httpx.Client) -> None:
    rows = operator.get("/monthly_costs?select=*,customers(name)&order=month.desc&limit=20").json()
    assert len(rows) == 20
    for row in rows:
        parts = sum(row[part] or 0 for part in ("power", "heat", "standing_charge"))
        assert row["total"] == pytest.approx(parts)
        assert 0 < row["total"] < row["benchmark_total"]
        assert row["customers"]["name"]


# Writing -----------------------------------------------------------------------------------------------------


def test_a_customer_is_added_changed_and_removed(operator: httpx.Client) -> None:
    row = {"name": "Ada Example", "email": "ada@example.org"}
    made = operator.post("/customers", json=row, headers={"Prefer": "return=representation"})
    assert made.status_code == 201
    added = made.json()[0]
    assert row.items() <= added.items()
    assert added["status"] == "pending"
    at = f"/customers?id=eq.{added['id']}"

    changed = operator.patch(at, json={"status": "active"}, headers={"Prefer": "return=representation"})
    assert (changed.status_code, changed.json()[0]["status"]) == (200, "active")
    assert changed.json()[0]["updated_at"] > added["updated_at"]
    assert operator.patch(at, json={"name": "Ada E."}).status_code == 204
    assert operator.get(at).json()[0]["name"] == "Ada E."

    assert operator.delete(at).status_code == 204
    assert operator.get(at).json() == []
    gone = operator.delete(at, headers={"Prefer": "return=representation"})
    assert (gone.status_code, gone.json()) == (200, [])


def test_post_without_a_wish_answers_201_and_nothing(operator: httpx.Client) -> None:
    made = operator.post("/customers", json={"name": "Quiet Guest", "external_reference": "quiet"})
    assert (made.status_code, made.content) == (201, b"")
    assert operator.delete("/customers?external_reference=eq.quiet").status_code == 204


def test_post_may_ask_for_the_address_of_the_new_row(operator: httpx.Client) -> None:
    made = operator.post(
        "/customers", json={"name": "Found Again"}, headers={"Prefer": "return=headers-only"}
    )
    assert (made.status_code, made.content) == (201, b"")
    assert [row["name"] for row in operator.get(made.headers["location"]).json()] == ["Found Again"]
    assert operator.delete(made.headers["location"]).status_code == 204


def test_a_payment_is_added(operator: httpx.Client) -> None:
    account = operator.get("/accounts?limit=1").json()[0]["id"]
    paid = _added(
        operator, "payments", {"account_id": account, "amount_pence": 2500, "description": "top up"}
    )
    at = f"/payments?id=eq.{paid['id']}"
    assert (paid["status"], paid["amount_pence"]) == ("created", 2500)
    assert operator.get(at).json() == [paid]
    before = _count(operator, "/payments")
    too_little = operator.post("/payments", json={"account_id": account, "amount_pence": 0})
    refused = _refused(too_little, 400, "23514")
    assert "payments_amount_positive" in refused["message"]
    assert refused["hint"] == "The rule is CHECK (amount_pence > 0)"
    _refused(operator.post("/payments", json={"account_id": NOBODY, "amount_pence": 100}), 409, "23503")
    _refused(operator.post("/payments", json={"account_id": account}), 400, "23502")
    assert _count(operator, "/payments") == before
    assert operator.delete(at).status_code == 204


@pytest.mark.parametrize(
    ("request_line", "body", "status", "code"),
    [
        ("POST /customers", {"status": "no such"}, 400, "23514"),
        ("POST /customers", {"email": "nonsense"}, 400, "23514"),
        ("POST /customers", {"id": "nonsense"}, 400, "22P02"),
        ("POST /customers", {"nmae": "Ada"}, 400, "PGRST204"),
        ("PATCH /customers", {"name": "Everybody"}, 400, "21000"),
        ("PATCH /customers?id=eq.nonsense", {"name": "Ada"}, 400, "22P02"),
        ("DELETE /customers", None, 400, "21000"),
        ("GET /customers?status=foo.active", None, 400, "PGRST100"),
        ("GET /customers?nmae=eq.Ada", None, 400, "42703"),
        ("GET /customers?select=id,nmae", None, 400, "42703"),
        ("GET /custmers", None, 404, "PGRST205"),
        ("GET /customers?select=*,meters(*)", None, 400, "PGRST200"),
        ("POST /rpc/monthly_cost_compute", {"month_in": "2025-01-01"}, 404, "PGRST202"),
        ("POST /rpc/monthly_costs_compute", {"month": "2025-01-01"}, 404, "PGRST202"),
        ("POST /rpc/monthly_costs_compute", {"month_in": "May"}, 400, "22007"),
    ],
)
def test_what_is_wrong_is_told(
    operator: httpx.Client, request_line: str, body: Any, status: int, code: str
) -> None:
    method, path = request_line.split()
    before = _count(operator, "/customers")
    _refused(operator.request(method, path, json=body), status, code)
    assert _count(operator, "/customers") == before


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/custmers", "customers"),
        ("/meterreadings", "meter_readings"),
        ("/rpc/monthly_cost_compute?month_in=2025-01-01", "monthly_costs_compute"),
    ],
)
def test_a_wrong_name_gets_the_right_one(operator: httpx.Client, path: str, meant: str) -> None:
    assert f"public.{meant}" in operator.get(path).json()["hint"]


def test_a_body_that_is_no_json_is_refused(operator: httpx.Client) -> None:
    answer = operator.post("/customers", content=b'{"name": ', headers={"Content-Type": "application/json"})
    _refused(answer, 400, "PGRST102")


def test_a_customer_with_an_account_stays(operator: httpx.Client) -> None:
    held = operator.get("/customer_accounts?limit=1").json()[0]["customer_id"]
    _refused(operator.delete(f"/customers?id=eq.{held}"), 409, "23503")
    assert _count(operator, f"/customers?id=eq.{held}") == 1


def test_an_id_that_is_there_is_not_added_again(operator: httpx.Client, customer: dict[str, Any]) -> None:
    _refused(operator.post("/customers", json={"id": customer["id"], "name": "Twin"}), 409, "23505")
    assert operator.get(f"/customers?id=eq.{customer['id']}").json() == [customer]


def test_a_row_needs_an_esco(service: httpx.Client, operator: httpx.Client) -> None:
    before = _count(service, "/customers")
    assert _refused(service.post("/customers", json={"name": "Nowhere"}), 400, "22023")["hint"]
    assert _count(service, "/customers") == before


# Readings ----------------------------------------------------------------------------------------------------


def _bad_readings(register: dict[str, str], there: str) -> dict[str, tuple[dict[str, Any], int, str]]:
    future = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    good = {"register_id": register["id"], "reading": 12}
    return {
        "unknown meter": ({"meter_id": NOBODY, "reading": 12}, 409, "23503"),
        "unknown register": ({"register_id": NOBODY, "reading": 12}, 409, "23503"),
        "no meter": ({"reading": 12}, 400, "23502"),
        "future time": ({**good, "timestamp": future}, 400, "22023"),
        "negative": ({**good, "reading": -1}, 400, "23514"),
        "not a number": ({**good, "reading": "NaN"}, 400, "23514"),
        "no value": ({"register_id": register["id"]}, 400, "23502"),
        "text": ({**good, "reading": "twelve"}, 400, "22P02"),
        "no time": ({**good, "timestamp": "yesterday noon"}, 400, "22007"),
        "duplicate": ({**good, "timestamp": there}, 409, "23505"),
    }


def test_readings_are_added_by_register_or_by_the_only_register_of_a_meter(
    operator: httpx.Client, register: dict[str, str]
) -> None:
    times = ("2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00")
    first = _added(
        operator, "meter_readings", {"register_id": register["id"], "timestamp": times[0], "reading": 1}
    )
    second = _added(
        operator, "meter_readings", {"meter_id": register["meter_id"], "timestamp": times[1], "reading": 2.5}
    )
    assert (first["meter_id"], second["register_id"]) == (register["meter_id"], register["id"])
    found = operator.get(f"/meter_readings?register_id=eq.{register['id']}&order=timestamp")
    assert found.json() == [first, second]
    assert found.json()[1]["reading"] == 2.5


def test_a_bad_reading_is_refused_and_changes_nothing(
    operator: httpx.Client, register: dict[str, str]
) -> None:
    there = "2026-01-01T00:00:00+00:00"
    _added(operator, "meter_readings", {"register_id": register["id"], "timestamp": there, "reading": 1})
    before = _count(operator, "/meter_readings")
    for what, (row, status, code) in _bad_readings(register, there).items():
        body = _refused(operator.post("/meter_readings", json=row), status, code)
        assert code in ("22P02", "22007") or (body["details"] and body["hint"]), what
        assert _count(operator, "/meter_readings") == before, what


def test_one_bad_reading_of_three_undoes_them_all(operator: httpx.Client, register: dict[str, str]) -> None:
    there = "2026-01-01T00:00:00+00:00"
    _added(operator, "meter_readings", {"register_id": register["id"], "timestamp": there, "reading": 1})
    before = _count(operator, "/meter_readings")
    good = [
        {"register_id": register["id"], "timestamp": f"2026-0{n}-01T00:00Z", "reading": n} for n in (2, 3)
    ]
    for what, (row, status, code) in _bad_readings(register, there).items():
        answer = operator.post(
            "/meter_readings?columns=register_id,meter_id,timestamp,reading", json=[good[0], row, good[1]]
        )
        _refused(answer, status, code)
        assert _count(operator, "/meter_readings") == before, what
    assert operator.post("/meter_readings", json=good).status_code == 201
    assert _count(operator, "/meter_readings") == before + 2
    twice = [{**good[0], "timestamp": "2026-05-01T00:00Z"}] * 2
    _refused(operator.post("/meter_readings", json=twice), 409, "23505")
    assert _count(operator, "/meter_readings") == before + 2


# Functions ---------------------------------------------------------------------------------------------------


def test_meters_missing_future_tariffs(operator: httpx.Client) -> None:
    answer = operator.post("/rpc/meters_missing_future_tariffs", json={"esco_code_in": "wlce"})
    assert answer.status_code == 200
    missing = answer.json()
    assert missing
    assert {row["esco_code"] for row in missing} == {"wlce"}
    assert {"serial", "customer_email", "tariff_period_start", "customer_unit_rate"} <= missing[0].keys()
    read = operator.get("/rpc/meters_missing_future_tariffs?esco_code_in=wlce")
    assert read.json() == missing
    assert operator.post("/rpc/meters_missing_future_tariffs", json={"esco_code_in": "nowhere"}).json() == []


def test_costs_are_computed_again_to_the_same_figures(operator: httpx.Client) -> None:
    month = operator.get("/monthly_costs?select=month&order=month.desc&limit=1").json()[0]["month"]
    columns = "customer_id,power,heat,standing_charge,total,microgrid_total,benchmark_total"
    path = f"/monthly_costs?month=eq.{month}&select={columns}&order=customer_id"
    before = operator.get(path).json()
    answer = operator.post("/rpc/monthly_costs_compute", json={"month_in": month})
    assert (answer.status_code, answer.content) == (204, b"")
    assert operator.get(path).json() == before


def test_quarter_tariffs_are_generated_once(operator: httpx.Client) -> None:
    newest = operator.get("/customer_tariffs?select=period_start&order=period_start.desc&limit=1").json()[0][
        "period_start"
    ]
    path = f"/customer_tariffs?period_start=eq.{newest}&select=customer_id,unit_rate,standing_charge,discount_percent&order=customer_id"
    before = operator.get(path).json()
    for _ in range(2):
        answer = operator.post("/rpc/generate_new_quarter_tariffs", json={"month_in": newest})
        assert answer.status_code == 204, answer.text
    assert {row["customer_id"] for row in before} <= {row["customer_id"] for row in operator.get(path).json()}
    assert [row for row in operator.get(path).json() if row in before] == before


# Keys and tokens ---------------------------------------------------------------------------------------------


def test_a_key_is_required_on_every_request(demo: Demo) -> None:
    bearer = {"Authorization": f"Bearer {demo.env['SUBMETER_OPERATOR_TOKEN']}"}
    for method in ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"):
        answer = httpx.request(method, f"{demo.url}/rest/v1/customers?id=eq.{NOBODY}", headers=bearer)
        assert answer.status_code == 401, method
    assert _refused(httpx.get(f"{demo.url}/rest/v1/customers", headers=bearer), 401, "KEY101")["hint"]
    assert httpx.get(f"{demo.url}/rest/v1/", headers=bearer).status_code == 401


def _signed(demo: Demo, secret: str | None = None, **claims: Any) -> str:
    secret = secret or (demo.directory / ".submeter" / "jwt-secret").read_text().strip()
    return jwt.encode({"alg": "HS256"}, {"role": "anon", **claims}, OctKey.import_key(secret))


def test_a_key_must_be_ours_in_date_and_a_key(demo: Demo) -> None:
    now = int(time.time())
    keys = {
        "nonsense": "nonsense",
        "another secret": _signed(demo, "an altogether different secret of enough length"),
        "expired": _signed(demo, exp=now - 3600),
        "not yet valid": _signed(demo, nbf=now + 3600),
        "of an operator": demo.env["SUBMETER_OPERATOR_TOKEN"],
        "of a customer": demo.env["SUBMETER_CUSTOMER_TOKEN"],
        "without a role": _signed(demo, role=None),
    }
    for what, key in keys.items():
        answer = httpx.get(f"{demo.url}/rest/v1/escos", headers={"apikey": key})
        assert _refused(answer, 401, "KEY102")["message"], what
    assert (
        httpx.get(f"{demo.url}/rest/v1/escos", headers={"apikey": _signed(demo, exp=now + 60)}).status_code
        == 200
    )


def test_the_token_decides_the_role_and_must_be_good(demo: Demo) -> None:
    anon = demo.env["SUBMETER_ANON_KEY"]
    with httpx.Client(base_url=f"{demo.url}/rest/v1", headers={"apikey": anon}) as client:
        _refused(client.get("/customers"), 401, "42501")
        assert {row["code"] for row in client.get("/escos").json()} >= {"wlce"}
        ended = _signed(demo, role="operator", exp=int(time.time()) - 3600)
        _refused(client.get("/escos", headers={"Authorization": f"Bearer {ended}"}), 401, "PGRST303")
        _refused(client.get("/escos", headers={"Authorization": "Bearer nonsense"}), 401, "PGRST301")
        as_anon = client.get("/customers", headers={"Authorization": f"Bearer {anon}"})
        _refused(as_anon, 401, "42501")
    with demo.client("SUBMETER_CUSTOMER_TOKEN") as client:
        assert len(client.get("/customers").json()) == 1
        _refused(client.post("/customers", json={"name": "Ada"}), 403, "42501")
        _refused(client.post("/rpc/monthly_costs_compute", json={"month_in": "2026-01-01"}), 403, "42501")


def test_the_key_may_come_in_the_query(demo: Demo) -> None:
    anon = demo.env["SUBMETER_ANON_KEY"]
    answer = httpx.get(f"{demo.url}/rest/v1/escos?select=code&apikey={anon}&order=code&limit=1")
    assert (answer.status_code, len(answer.json())) == (200, 1)
    assert anon not in str(answer.headers)
    assert httpx.get(f"{demo.url}/rest/v1/escos?apikey=nonsense").status_code == 401


def test_a_preflight_needs_no_key_and_a_browser_may_read_refusals(demo: Demo) -> None:
    asked = {
        "Origin": "https://portal.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "apikey, authorization, prefer",
    }
    answer = httpx.options(f"{demo.url}/rest/v1/customers", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert {"apikey", "authorization", "prefer"} <= {
        name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")
    }
    refused = httpx.get(f"{demo.url}/rest/v1/customers", headers={"Origin": "https://portal.example"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")


def test_a_token_for_a_customer(demo: Demo, operator: httpx.Client, customer: dict[str, Any]) -> None:
    wish = {"customer_id": customer["id"], "valid_for": "2 hours"}
    answer = operator.post("/rpc/create_customer_token", json=wish)
    assert answer.status_code == 200, answer.text
    made = answer.json()[0] if isinstance(answer.json(), list) else answer.json()
    lasts = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=119) < lasts <= timedelta(hours=2)
    headers = {"apikey": demo.env["SUBMETER_ANON_KEY"], "Authorization": f"Bearer {made['token']}"}
    with httpx.Client(base_url=f"{demo.url}/rest/v1", headers=headers) as client:
        assert [row["id"] for row in client.get("/customers").json()] == [customer["id"]]
        assert client.get("/payments").json() == []
    assert (
        operator.post("/rpc/create_customer_token", json={"customer_id": customer["id"]}).status_code == 200
    )


def test_a_token_for_a_customer_is_refused_where_it_must(
    demo: Demo, operator: httpx.Client, service: httpx.Client, customer: dict[str, Any]
) -> None:
    call, own = "/rpc/create_customer_token", {"customer_id": customer["id"]}
    foreign = service.get(f"/customers?esco_id=neq.{customer['esco_id']}&limit=1").json()[0]["id"]
    told = [
        _refused(operator.post(call, json={"customer_id": one}), 404, "PTY102")["details"].replace(
            one, "<id>"
        )
        for one in (foreign, NOBODY)
    ]
    assert told[0] == told[1]
    for valid_for, status in (("0", 400), ("-1 day", 400), ("100 years", 400), ("soon", 400)):
        assert operator.post(call, json={**own, "valid_for": valid_for}).status_code == status, valid_for
    assert operator.post(call, json={"customer_id": "nonsense"}).status_code == 400
    assert operator.post(call, json={}).status_code == 404
    with demo.client("SUBMETER_CUSTOMER_TOKEN") as client:
        _refused(client.post(call, json=own), 403, "42501")
    with demo.client("SUBMETER_ANON_KEY") as client:
        _refused(client.post(call, json=own), 401, "42501")
