"""From a meter file to a bill that is explained: imported, priced over REST, rated, compared, previewed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

import httpx
import pytest

from journeys.conftest import Demo

BACK = {"Prefer": "return=representation"}
WEEK = ["mon", "tue", "wed", "thu", "fri"]


@dataclass(frozen=True)
class Flat:
    """A home in Melbourne with an NMI, and the codes of two plans that are its own."""

    operator: httpx.Client
    agreement: str
    account: str
    flat: str
    peaky: str

    def call(self, name: str, **arguments: object) -> httpx.Response:
        return self.operator.post(f"/rpc/{name}", json=arguments)


@pytest.fixture(scope="module")
def home(demo: Demo) -> Iterator[Flat]:
    with demo.client("SUBMETER_OPERATOR_TOKEN") as operator:
        yield make_home(operator)


def add(operator: httpx.Client, resource: str, **row: object) -> str:
    answer = operator.post(f"/{resource}", json=row, headers=BACK)
    assert answer.status_code == 201, answer.text
    return str(answer.json()[0]["id"])


def make_home(operator: httpx.Client) -> Flat:
    mark = uuid4().hex[:6].upper()
    nmi = f"6{int(mark, 16) % 10**9:09}"
    site = add(operator, "sites", name=f"Quay {mark}", time_zone="Australia/Melbourne")
    place = add(operator, "properties", site_id=site, name=f"Quay {mark}")
    point = add(operator, "supply_points", property_id=place, product="power")
    add(operator, "supply_point_identifiers", supply_point_id=point, scheme="NMI", identifier=nmi)
    meter = add(operator, "meters", serial=f"Q{mark}")
    add(operator, "registers", meter_id=meter, name="E1", type="ALLDAY")
    add(operator, "meter_installations", meter_id=meter, supply_point_id=point)
    account = f"QUAY-{mark}"
    owner = add(operator, "accounts", account_number=account)
    agreement = add(operator, "agreements", supply_point_id=point, account_id=owner, from_date="2026-01-01")
    report = operator.post("/rpc/import_meter_data", json={"name": f"{nmi}.csv", "content": nem12(nmi)})
    assert report.json()[0]["counts"]["stored"] == 32, report.text
    codes = (f"FLAT-{mark}", f"PEAKY-{mark}")
    first, second = (make_plan(operator, code, bands=n) for n, code in enumerate(codes))
    assert first != second
    add(
        operator, "agreement_price_plans", agreement_id=agreement, price_plan_id=first, from_date="2026-01-01"
    )
    return Flat(operator, agreement, account, *codes)


def nem12(nmi: str) -> str:
    """A month of 0.5 kWh each half-hour, and the day before, for days of the market begin elsewhere."""
    days = [date(2026, 2, 28) + timedelta(n) for n in range(32)]
    rows = [f"300,{day:%Y%m%d},{','.join(['0.5'] * 48)},A,,,20260402010101," for day in days]
    return "\n".join(["100,NEM12,202604020000,MDP1,RET1", f"200,{nmi},E1,E1,E1,,Q,KWH,30,", *rows, "900", ""])


def make_plan(operator: httpx.Client, code: str, *, bands: int) -> str:
    """A price a day and one a kWh; or prices by the hour."""
    plan = add(operator, "price_plans", code=code)
    day = add(operator, "price_plan_components", price_plan_id=plan, code="daily", kind="supply", unit="day",
              tax_code="GST", name="Daily supply")  # fmt: skip
    add(operator, "price_plan_rates", component_id=day, price=1, from_date="2026-01-01")
    use = add(operator, "price_plan_components", price_plan_id=plan, code="usage", kind="usage",
              tax_code="GST", name="Usage")  # fmt: skip
    if not bands:
        add(operator, "price_plan_rates", component_id=use, price=0.25, from_date="2026-01-01")
        return plan
    add(operator, "price_plan_bands", component_id=use, position=0, code="peak", from_minute=900,
        to_minute=1260, day_types=WEEK)  # fmt: skip
    add(operator, "price_plan_bands", component_id=use, position=1, code="other")
    for band, price in (("peak", 0.5), ("other", 0.2)):
        add(operator, "price_plan_rates", component_id=use, band=band, price=price, from_date="2026-01-01")
    return plan


MARCH = {"from_date": "2026-03-01", "to_date": "2026-04-01"}


def test_a_month_is_rated_stored_and_explained(home: Flat) -> None:
    (bill,) = home.call("rate_agreement", agreement_id=home.agreement, store=True, **MARCH).json()
    lines = [(line["name"], line["quantity"], line["unit"], line["amount"]) for line in bill["lines"]]
    # 31 days of 24 kWh; the clock does not change in March.
    assert lines == [("Usage", "744", "kWh", "186.00"), ("Daily supply", "31", "day", "31.00")]
    assert (bill["price_plan"], bill["tax"], bill["total"]) == (home.flat, 21.7, 238.7)
    usage = bill["lines"][0]
    assert usage["working"]["sources"][0]["quantity"] == "744"
    (told,) = home.call("explain_line", line_id=usage["id"]).json()
    assert (told["same"], told["amount_now"], told["difference"]) == (True, 186, 0)
    assert "intervals of 30 minutes: 744 kWh" in told["text"]
    kept = home.operator.get(
        f"/rated_lines?agreement_id=eq.{home.agreement}&stands=is.true&select=rating"
    ).json()
    assert kept == [{"rating": bill["rating"]}] * 2


def test_plans_are_compared_and_a_change_is_previewed(home: Flat) -> None:
    plans = [home.peaky, home.flat]
    rows = home.call("compare_plans", agreement_id=home.agreement, plans=plans, **MARCH).json()
    # 22 working days of 6 hours at 0.50, all else at 0.20: 264 half-hours of 0.5 kWh.
    dearer = 132 * 0.5 + 612 * 0.2 - 186
    assert [(row["price_plan"], row["is_own"]) for row in rows] == [(home.flat, True), (home.peaky, False)]
    by_code = {row["price_plan"]: row for row in rows}
    assert by_code[home.flat]["difference"] == 0
    assert by_code[home.peaky]["difference"] == pytest.approx(dearer * 1.1, abs=0.011)
    (row,) = home.call("preview_plan_change", plan=home.flat, new_plan=home.peaky, **MARCH).json()
    assert (row["account_number"], row["now"]) == (home.account, 238.7)
    assert row["difference"] == by_code[home.peaky]["difference"]


def test_what_stands_in_the_way_is_said_with_the_next_step(home: Flat) -> None:
    late = home.call(
        "rate_agreement", agreement_id=home.agreement, from_date="2026-03-01", to_date="2026-04-03"
    )
    assert (late.status_code, late.json()["code"]) == (400, "RTG201")
    assert "2026-04-01 to 2026-04-02" in late.json()["details"]
    assert late.json()["hint"]
    for name, arguments, status, code in (
        ("rate_agreement", {"agreement_id": str(uuid4()), **MARCH}, 404, "RTG200"),
        ("rate_agreement", {"agreement_id": home.agreement, "plan": "NONE", **MARCH}, 404, "TRF140"),
        ("explain_line", {"line_id": 0}, 404, "RTG220"),
        ("preview_plan_change", {"plan": home.flat, "new_plan": "NONE", **MARCH}, 404, "TRF140"),
    ):
        answer = home.call(name, **arguments)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_customers_rate_nobody(home: Flat, demo: Demo) -> None:
    with demo.client("SUBMETER_CUSTOMER_TOKEN") as customer:
        told = customer.post("/rpc/rate_agreement", json={"agreement_id": home.agreement, **MARCH})
        assert told.status_code == 403
        told = customer.post("/rpc/compare_plans", json={"agreement_id": home.agreement, **MARCH})
        assert (told.status_code, told.json()["code"]) == (404, "RTG200")


def submeter(demo: Demo, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PORT")}
    command = [sys.executable, "-m", "submeter", "tariff", *arguments]
    return subprocess.run(
        command, cwd=demo.directory, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_commands_say_the_same(home: Flat, demo: Demo) -> None:
    days = ("--from", "2026-03-01", "--to", "2026-04-01", "--esco", "wlce")
    done = submeter(demo, "rate", home.account, *days, "--store", "--json")
    (bill,) = json.loads(done.stdout)["charges"]
    assert bill["total"] == "238.70"
    assert "total AUD" in submeter(demo, "rate", home.account, *days).stdout
    told = submeter(demo, "explain", str(bill["lines"][0]["id"])).stdout
    assert "Amount    744 kWh x 0.25 = 186; rounded half up: 186.00" in told
    assert home.peaky in submeter(demo, "compare", home.account, *days).stdout
    picture = demo.directory / "preview.png"
    shown = submeter(demo, "preview", home.flat, home.peaky, *days, "-o", str(picture)).stdout
    assert home.account in shown
    assert picture.read_bytes().startswith(b"\x89PNG")
    wrong = submeter(demo, "rate", "nobody", *days)
    assert (wrong.returncode, "RTG200" in wrong.stderr) == (1, True)
    assert submeter(demo, "rate", *days).returncode == 2
    late = submeter(demo, "preview", home.flat, home.peaky, *days, "-o", "picture.gif")
    assert "MTR454" in late.stderr
