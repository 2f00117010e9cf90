"""The walk, calling: every function by everybody."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from journeys.tenancy.site import ESCOS, SERVICE, Site, Viewer, id_of
from journeys.tenancy.truth import true_days
from journeys.tenancy.writing import differences, snapshot

Arguments = dict[str, Any]

# Agreements and days of which the world has rated lines: who sees the lines may compare, and nobody else.
RATED = (
    ("alice", "2025-03-01", "2025-04-01"),
    ("alice", "2025-06-01", "2025-07-01"),
    ("bob", "2025-08-01", "2025-09-01"),
    ("bob", "2026-02-01", "2026-03-01"),
    ("dora", "2026-02-01", "2026-03-01"),
)

# What each function is called with. Staff alone may call them, but for those that tell a customer of their own days.
CALLS: dict[str, tuple[Arguments, ...]] = {
    "meters_missing_future_tariffs": ({"esco_code_in": None}, *({"esco_code_in": esco} for esco in ESCOS)),
    "generate_new_quarter_tariffs": ({"month_in": "2098-01-01"},),
    "monthly_usage_compute": ({"month_in": "2025-03-01"}, {"month_in": "2025-09-01"}),
    "monthly_costs_compute": ({"month_in": "2025-03-01"},),
    "import_meter_data": ({"name": "nothing.csv"},),
    "decide_import_waiting": ({"id": 0, "accept": True, "reason": "seen"},),
    "keep_column_map": ({"settings": {"name": "nothing"}},),
    "interval_totals": tuple(
        {
            "site": id_of(f"{esco} site"),
            "from_date": "2025-07-01",
            "to_date": "2025-08-01",
            "clock": "billing",
        }
        for esco in ESCOS
    ),
    "check_intervals": tuple({"register": id_of(f"{esco} first register")} for esco in ESCOS),
    "estimate_intervals": tuple(
        {"register": id_of(f"{esco} first register"), "dry_run": True} for esco in ESCOS
    ),
    "edit_intervals": tuple(
        {
            "register": id_of(f"{esco} first register"),
            "at": "2025-03-01T00:00Z",
            "quantities": [1],
            "reason": "a walk",
        }
        for esco in ESCOS
    ),
    "explain_interval": tuple(
        {"register": id_of(f"{esco} first register"), "at": "2025-03-01T00:00Z"} for esco in ESCOS
    ),
    **{
        name: tuple({**arguments, column: id_of(f"{esco} {key}")} for esco in ESCOS)
        for name, column, key, arguments in (
            ("assign_price_plan", "agreement_id", "bob power", {"plan": "plan", "from_date": "2001-01-01"}),
            ("default_price_plans", "site_id_in", "site", {"day_in": "2025-01-01"}),
        )
    },
    "solar_credits": ({"month_in": "2025-03-01"},),
    "price_caps_check": ({"day_in": "2025-03-01"},),
    "check_price_plans": ({},),
    "fill_calendar": ({"code": "nowhere", "from_year": 1, "to_year": 1},),
    "dismiss_interval_findings": ({"ids": [0], "reason": "a walk"},),
    "loss_factors_on": tuple(
        {"supply_point_id_in": id_of(f"{esco} power 1"), "day_in": "2025-01-01"} for esco in ESCOS
    ),
    "exchange_meter": tuple(
        {"meter_id": id_of(f"{esco} second"), "new_serial": "x", "exchanged_on": "2999-01-01"}
        for esco in ESCOS
    ),
    **{
        name: tuple(
            {column: id_of(f"{esco} {key}"), "from_date": first, "to_date": end}
            for esco in ESCOS
            for key in keys
            for first, end in (("2025-07-13", "2025-07-23"), ("2026-01-31", "2026-02-03"))
        )
        for name, column, keys in (
            ("register_intervals", "register_id", ("books register", "first register")),
            ("register_days", "register_id", ("books register", "second register")),
            ("circuit_intervals", "circuit_id", ("circuit power 1",)),
            ("circuit_totals", "circuit_id", ("circuit power 1", "circuit power 2")),
        )
    },
    "rate_agreement": tuple(
        {"agreement_id": id_of(f"{esco} {who} power"), "from_date": first, "to_date": end}
        for esco in ESCOS
        for who, first, end in RATED
    ),
    "compare_plans": tuple(
        {"agreement_id": id_of(f"{esco} {who} power"), "from_date": first, "to_date": end}
        for esco in ESCOS
        for who, first, end in RATED
    ),
    "explain_line": tuple({"line_id": number} for number in range(1, 15)),
    "preview_plan_change": (
        {"plan": "none", "new_plan": "other", "from_date": "2025-07-01", "to_date": "2025-08-01"},
    ),
    "process_reading": ({"id": 0},),
    "force_reading": ({"id": 0, "reason": "photo"},),
    "delete_reading": ({"ids": [0], "reason": "photo"},),
    "mark_misread": ({"reading_id": str(UUID(int=0)), "reason": "photo"},),
    "register_consumption": tuple({"register_id": id_of(f"{esco} heat meter register")} for esco in ESCOS),
    "create_customer_token": tuple({"customer_id": id_of(f"{esco} alice")} for esco in ESCOS),
}


def walk_functions(site: Site, viewer: Viewer, names: Iterable[str] = CALLS) -> list[str]:
    """Customers are told of their own days, and call nothing else; staff reach their own ESCO and nothing else."""
    staff = viewer.sight in ("esco", "all")
    before = {esco: snapshot(site, id_of(f"{esco} esco")) for esco in ESCOS}
    found = []
    for name in names:
        for arguments in CALLS[name]:
            answer = site.ask(viewer, "POST", f"/rpc/{name}", arguments)
            if viewer.claims and name in TELLING:
                found += _walk_values(site, viewer, name, arguments, answer)
            elif viewer.claims and name in ("compare_plans", "explain_line"):
                found += _walk_rating(site, viewer, name, arguments, answer)
            elif not staff and answer.status_code != (403 if viewer.claims else 401):
                found.append(f"{name} is not refused: {answer.status_code} {answer.text[:200]}")
            elif staff:
                found += _walk_answer(site, viewer, name, arguments, answer)
    for esco in ESCOS:
        changed = differences(before[esco], snapshot(site, id_of(f"{esco} esco")))
        if changed and viewer.sight != "all" and viewer.esco != id_of(f"{esco} esco"):
            found.append(f"monthly_costs_compute or its kind changed {changed} of {esco}")
    return [f"{viewer.name}: {complaint}" for complaint in found]


_REFUSED_ALIKE = {
    "import_meter_data": "MTR23",
    "decide_import_waiting": "MTR23",
    "keep_column_map": "MTR191",
    "fill_calendar": "TRF144",
}


def _walk_answer(
    site: Site, viewer: Viewer, name: str, arguments: Arguments, answer: httpx.Response
) -> Iterator[str]:
    own = {esco for esco in ESCOS if viewer.sight == "all" or viewer.esco == id_of(f"{esco} esco")}
    if name == "meters_missing_future_tariffs":
        asked = {arguments["esco_code_in"]} if arguments["esco_code_in"] else set(ESCOS)
        told = {row["esco_code"] for row in answer.json()} if answer.status_code == 200 else {answer.text}
        if told != own & asked:
            yield f"{name} {arguments} tells of {sorted(told)}"
    elif name == "create_customer_token":
        hidden = next(esco for esco in ESCOS if id_of(f"{esco} alice") == arguments["customer_id"]) not in own
        if answer.status_code != (404 if hidden else 200):
            yield f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"
    elif name in _OF_METERS:
        yield from _walk_meters(name, arguments, answer, own)
    elif "interval" in name:
        yield from _walk_interval_answer(own, name, arguments, answer)
    elif name in _OF_PRICES:
        yield from _walk_prices(site, name, arguments, answer, own)
    elif name in READINGS or name in CHARGING:
        walk = _walk_reading_answer if name in READINGS else _walk_charges
        yield from walk(own, name, arguments, answer)
    elif name in _REFUSED_ALIKE:
        # There is no file, no day that waits, no map: it is refused by what it asks, not for who asks.
        if answer.status_code not in (400, 404) or _REFUSED_ALIKE[name] not in answer.text:
            yield f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"
    elif answer.status_code != 204:
        yield f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"


CHARGING = ("rate_agreement", "preview_plan_change")


def _walk_charges(own: set[str], name: str, arguments: Arguments, answer: httpx.Response) -> Iterator[str]:
    """Agreements of others are not there; of one's own some have data, some not. The plans are nobody's."""
    mine = {id_of(f"{esco} {who} power") for esco in own for who, *_ in RATED}
    hidden = name == "rate_agreement" and arguments["agreement_id"] not in mine
    expected = (404,) if hidden or name != "rate_agreement" else (200, 400)
    missing = {"rate_agreement": "RTG200", "preview_plan_change": "TRF140"}[name]
    if answer.status_code not in expected or (missing in answer.text) != (404 in expected):
        yield f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"


def _walk_rating(
    site: Site, viewer: Viewer, name: str, arguments: Arguments, answer: httpx.Response
) -> Iterator[str]:
    """Whoever sees a line is told how it came about, and may compare plans for its days."""
    lines = site.ask(viewer, "GET", "/rated_lines?select=id,agreement_id,period_from,period_to").json()
    if name == "explain_line":
        known = arguments["line_id"] in {line["id"] for line in lines}
    else:
        columns = ("agreement_id", "period_from", "period_to")
        known = tuple(arguments.values()) in {tuple(line[column] for column in columns) for line in lines}
    code = "RTG220" if name == "explain_line" else "RTG200"
    if (answer.status_code, code in answer.text) != ((200, False) if known else (404, True)):
        yield f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"


def _walk_interval_answer(
    own: set[str], name: str, arguments: Arguments, answer: httpx.Response
) -> Iterator[str]:
    complaint = f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"
    if name == "interval_totals":
        hidden = arguments["site"] not in {id_of(f"{esco} site") for esco in own}
        if answer.status_code != 200 or bool(answer.json()) == hidden:
            yield complaint
    elif "register" in arguments:
        hidden = arguments["register"] not in {id_of(f"{esco} first register") for esco in own}
        if answer.status_code != (404 if hidden else 200) or (hidden and "MTR400" not in answer.text):
            yield complaint
    elif answer.status_code != 404:  # there is no such finding
        yield complaint


# Functions that tell values, with the column of the day or moment, and of what they tell.
TELLING = {
    "register_intervals": ("timestamp", "register_id"),
    "register_days": ("day", "register_id"),
    "circuit_intervals": ("timestamp", "circuit_id"),
    "circuit_totals": ("starts_on", "circuit_id"),
}


def _walk_values(
    site: Site, viewer: Viewer, name: str, arguments: Arguments, answer: httpx.Response
) -> Iterator[str]:
    """Of the days that are theirs, what staff are told; of others nothing, as of what is not there."""
    moment, column = TELLING[name]
    whole = site.ask(SERVICE, "POST", f"/rpc/{name}", arguments).json()
    days = {day_of(row[moment]) for row in whole}
    if viewer.sight == "customer":
        days = true_days(site, viewer, column, *arguments.values()) or set()
        known = true_days(site, viewer, column, arguments[column], "2000-01-01", "2000-01-02") is not None
    else:
        known = viewer.sight == "all" or arguments[column] in _ids_of(viewer.esco)
    told = [row for row in whole if day_of(row[moment]) in days]
    expected = (200, told) if known else (404, None)
    if (answer.status_code, answer.json() if known else None) != expected:
        yield f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"
    elif not known and not {"NET128", "NET130"} & {answer.json()["code"]}:
        yield f"{name} {arguments}: {answer.text[:200]}"


def day_of(said: str) -> str:
    """The local day of a moment, or the day that is said."""
    at = datetime.fromisoformat(said)
    return said if len(said) == 10 else at.astimezone(ZoneInfo("Europe/London")).date().isoformat()


def _ids_of(esco_id: str | None) -> set[str]:
    names = ("first register", "second register", "books register", "circuit power 1", "circuit power 2")
    return {id_of(f"{esco} {name}") for esco in ESCOS if id_of(f"{esco} esco") == esco_id for name in names}


_OF_METERS = ("loss_factors_on", "exchange_meter")


def _walk_meters(name: str, arguments: Arguments, answer: httpx.Response, own: set[str]) -> Iterator[str]:
    if name == "loss_factors_on":
        hidden = _esco_of(arguments["supply_point_id_in"], "power 1") not in own
        if (answer.status_code, len(answer.json())) != (200, 0 if hidden else 1):
            yield f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"
    elif name == "exchange_meter":
        # An exchange to come is refused; a meter of another ESCO is not there.
        hidden = _esco_of(arguments["meter_id"], "second") not in own
        if (answer.status_code, answer.json().get("code")) != (
            (404, "NET131") if hidden else (400, "NET134")
        ):
            yield f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"


def _esco_of(key: str, name: str) -> str:
    """The ESCO whose row of that name has the key."""
    return next(esco for esco in ESCOS if id_of(f"{esco} {name}") == key)


_OF_PRICES = (
    "assign_price_plan",
    "default_price_plans",
    "solar_credits",
    "price_caps_check",
    "check_price_plans",
)


def _walk_prices(
    site: Site, name: str, arguments: Arguments, answer: httpx.Response, own: set[str]
) -> Iterator[str]:
    """Each is told of its own plans and homes; a plan for days before the agreement is refused."""
    complaint = f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"
    if name == "assign_price_plan":
        hidden = _esco_of(arguments["agreement_id"], "bob power") not in own
        told = (answer.status_code, answer.json().get("code"))
        if told != ((404, "TRF142") if hidden else (400, "TRF134")):
            yield complaint
        return
    rows = answer.json() if answer.status_code == 200 else None
    if name == "default_price_plans":
        expected: Any = (
            [] if _esco_of(arguments["site_id_in"], "site") not in own else [id_of_plan(own, arguments)]
        )
        found = [row["price_plan_id"] for row in rows] if rows is not None else answer.text
    elif name == "solar_credits":
        expected = sorted(id_of(f"{esco} home 1") for esco in own)
        found = sorted(row["property_id"] for row in rows or [])
    else:
        plans = {id_of(f"{esco} {plan}") for esco in own for plan in ("plan", "other plan", "spare plan")}
        expected, found = True, rows is not None and {row["price_plan_id"] for row in rows} <= plans
    if found != expected:
        yield complaint


def id_of_plan(own: set[str], arguments: Arguments) -> str:
    """The default plan of the site that was asked for."""
    esco = next(esco for esco in own if id_of(f"{esco} site") == arguments["site_id_in"])
    return id_of(f"{esco} plan")


READINGS = ("process_reading", "force_reading", "delete_reading", "mark_misread", "register_consumption")


def _walk_reading_answer(
    own: set[str], name: str, arguments: Arguments, answer: httpx.Response
) -> Iterator[str]:
    """Consumption is told of one's own; nothing waits under the number 0, for anybody."""
    mine = {id_of(f"{esco} heat meter register") for esco in own}
    if answer.status_code == 200 and arguments.get("register_id") in mine:
        return
    if answer.status_code != 404 or "MTR26" not in answer.text or arguments.get("register_id") in mine:
        yield f"{name} {arguments}: {answer.status_code} {answer.text[:200]}"
