"""Tables of prices: read and written back equal, and each bad cell told with its place."""

from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.metering.model import FileError
from submeter.tariffs.formats.price_columns import COLUMNS
from submeter.tariffs.formats.price_rows import read_price_rows
from submeter.tariffs.formats.price_rows_writer import write_price_rows
from submeter.tariffs.model import Band, Component, DemandRule, DiscountRule, Plan, Rate, StepRule
from unit.tariffs.random_plans import plans

DOCS = Path(__file__).parents[4] / "docs" / "reference" / "tariff-files.md"
FIRST = date(2026, 7, 1)

HOUSE = """\
plan_code,component_code,kind,band,day_types,time_from,time_to,step_to,step_no,rate,from_date,tax_code
HOUSE,SUPPLY,supply,,,,,,,1.10,2026-07-01,GST
HOUSE,USAGE,usage,peak,mon-fri,15:00,21:00,,,0.42,2026-07-01,GST
HOUSE,USAGE,usage,peak,mon-fri,07:00,09:00,,,,,
HOUSE,USAGE,usage,offpeak,,,,,,0.21,2026-07-01,GST
"""


@settings(max_examples=60, deadline=None)
@given(st.lists(plans(), min_size=1, max_size=2, unique_by=lambda plan: plan.code))
def test_what_is_written_reads_back_equal(some: list[Plan]) -> None:
    read = read_price_rows(write_price_rows(some))
    assert read.findings == ()
    assert read.plans == tuple(some)


@settings(max_examples=30, deadline=None)
@given(plans(), st.randoms())
def test_columns_stand_in_any_order_under_any_spelling(plan: Plan, chance: object) -> None:
    import csv
    import io

    head, *rows = csv.reader(io.StringIO(write_price_rows([plan]), newline=""))
    places = list(range(len(head)))
    chance.shuffle(places)  # type: ignore[attr-defined]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows(
        [[(name.replace("_", " ").title() if row is head else name) for name in (row[at] for at in places)]
         for row in (head, *rows)]
    )  # fmt: skip
    assert read_price_rows(out.getvalue()).plans == (plan,)


def test_a_table_as_people_write_it() -> None:
    read = read_price_rows(HOUSE)
    assert not read.findings
    (plan,) = read.plans
    supply, usage = plan.components
    assert (supply.unit, supply.rates) == ("day", (Rate(FIRST, Decimal("1.10")),))
    week = frozenset({"mon", "tue", "wed", "thu", "fri"})
    assert usage.bands == (Band("peak", 900, 1260, week), Band("peak", 420, 540, week), Band("offpeak"))
    assert [(rate.band, rate.price) for rate in usage.rates] == [
        ("peak", Decimal("0.42")), ("offpeak", Decimal("0.21")),
    ]  # fmt: skip
    assert usage.tax_code == "GST"


def test_a_price_without_a_day_begins_on_the_one_that_is_named() -> None:
    table = "plan_code,component_code,kind,rate\nP,S,supply,1\n"
    assert read_price_rows(table, FIRST).plans[0].components[0].rates == (Rate(FIRST, Decimal(1)),)
    assert found(table) == [("TRF211", 2, 0, "")]


def test_a_price_holds_until_the_next_one() -> None:
    head = "plan_code,component_code,kind,rate,from_date,to_date,step_no,step_to\n"
    table = head + "P,U,usage,1,2026-07-01,,1,10\nP,U,usage,2,2026-07-01,,2,\nP,U,usage,3,2027-07-01,,,\n"
    rates = read_price_rows(table).plans[0].components[0].rates
    assert [rate.to_date for rate in rates] == [date(2027, 7, 1), date(2027, 7, 1), None]
    table = head + "P,U,usage,1,2026-07-01,2027-07-02,,\nP,U,usage,3,2027-07-01,2027-07-01,,\n"
    assert found(table) == [("TRF218", 2, 6, "2027-07-02"), ("TRF217", 3, 6, "2027-07-01")]


def test_every_field_of_a_plan_has_a_column() -> None:
    """A field that is new in the model is not lost in silence."""
    parts = {"plan": Plan, "component": Component}
    nested = {"components", "rates", "bands", "steps", "demand", "discount"}
    for part, model in parts.items():
        there = {column.field for column in COLUMNS if column.part == part}
        assert there == {field.name for field in fields(model)} - nested
    for part, record in {
        "steps": StepRule,
        "demand": DemandRule,
        "discount": DiscountRule,
        "window": Band,
    }.items():
        assert {column.field for column in COLUMNS if column.part == part} == set(record._fields)
    rate = {column.field for column in COLUMNS if column.part == "rate"} | {"band"}
    assert rate - {"step_from"} == set(Rate._fields)


def test_demand_and_discounts_have_their_rules() -> None:
    table = (
        "plan_code,component_code,kind,rate,from_date,demand_minutes,lookback_months,lookback_percent,"
        "lookback_season,discount_how,cap,discount_months,base,step_no,step_from,step_to,step_basis\n"
        "P,D,demand,12,2026-07-01,15,11,80%,jun jul,,,,,1,0,50,\n"
        "P,D,demand,10,2026-07-01,,,,,,,,,2,50,,month\n"
        "P,X,discount,5,2026-07-01,,,,,percent,100,1 2,D; Y,,,,\n"
    )
    demand, discount = read_price_rows(table).plans[0].components
    assert demand.demand == DemandRule("kW", 15, Decimal(0), "month", 11, Decimal(80), frozenset({6, 7}))
    assert demand.steps == StepRule("month")
    assert [rate.up_to for rate in demand.rates] == [Decimal(50), None]
    assert discount.discount == DiscountRule(cap=Decimal(100), months=frozenset({1, 2}))
    assert discount.base == ("D", "Y")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("mon-fri", "mon tue wed thu fri"), ("weekdays", "mon tue wed thu fri"), ("Sat, Sun", "sat sun"),
        ("mon - fri holidays", "mon tue wed thu fri holiday"), ("weekend ph", "sat sun holiday"),
        ("Monday", "mon"), ("all", "mon tue wed thu fri sat sun holiday"),
    ],
)  # fmt: skip
def test_day_types_as_people_write_them(said: str, wanted: str) -> None:
    table = f'plan_code,component_code,kind,rate,from_date,band,day_types\nP,U,usage,1,1/7/2026,b,"{said}"\n'
    (band,) = read_price_rows(table).plans[0].components[0].bands
    assert band.day_types == frozenset(wanted.split())


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("1 Dec to 28 Feb", ((12, 1), (2, 28))),
        ("1dec-29feb", ((12, 1), (2, 29))),
        ("01 April – 30 September", ((4, 1), (9, 30))),
    ],
)
def test_seasons_as_people_write_them(said: str, wanted: object) -> None:
    table = f"plan_code,component_code,kind,rate,from_date,band,season\nP,U,usage,1,1/7/2026,b,{said}\n"
    (band,) = read_price_rows(table).plans[0].components[0].bands
    assert band.season == wanted


# What is wrong ------------------------------------------------------------------------------------------------


def found(table: str) -> list[tuple[str, int, int, str]]:
    read = read_price_rows(table)
    assert not read.plans
    assert all(one.problem.hint for one in read.findings)
    return [(one.problem.code, one.line, one.column, one.value) for one in read.findings]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("rate", "0.28c", "TRF204"),
        ("rate", "1,250.00", "TRF204"),
        ("rate", "0.1234567", "TRF205"),
        ("rate", "1" * 13, "TRF217"),
        ("from_date", "07/31/2026", "TRF206"),
        ("kind", "usge", "TRF207"),
        ("tax_inclusive", "perhaps", "TRF207"),
        ("step_basis", "week", "TRF207"),
        ("time_from", "25:00", "TRF208"),
        ("season", "Dec to Feb", "TRF208"),
        ("season", "1 Dec to 30 Feb", "TRF208"),
        ("day_types", "mon-holiday", "TRF208"),
        ("day_types", "fri-mon", "TRF208"),
        ("share", "120", "TRF217"),
        ("decimals", "9", "TRF217"),
        ("true_up_month", "13", "TRF217"),
        ("step_no", "0", "TRF217"),
        ("step_no", "one", "TRF204"),
        ("step_from", "10", "TRF212"),
    ],
)
def test_a_bad_cell_is_told_with_its_place(column: str, cell: str, code: str) -> None:
    row = {"plan_code": "P", "component_code": "U", "kind": "usage", "rate": "1", "from_date": "2026-07-01",
           "band": "b", column: cell}  # fmt: skip
    quoted = ",".join(f'"{one}"' for one in row.values())
    assert found(",".join(row) + "\n" + quoted + "\n") == [(code, 2, list(row).index(column) + 1, cell)]


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (",U,usage,1,2026-07-01,,", "TRF209", "plan_code"),
        ("P,,usage,1,2026-07-01,,", "TRF209", "component_code"),
        ("P,U,,1,2026-07-01,,", "TRF209", "kind"),
        ("P,U,usage,,,,", "TRF209", "rate"),
        ("P,U,usage,1,2026-07-01,,mon", "TRF209", "band"),
        ("P,U,usage,1,2026-07-01,b,mon,too,many", "TRF214", ""),
    ],
)
def test_a_row_that_lacks_something_is_told(row: str, code: str, column: str) -> None:
    head = "plan_code,component_code,kind,rate,from_date,band,day_types"
    place = head.split(",").index(column) + 1 if column else 0
    assert found(f"{head}\n{row}\n")[0][:3] == (code, 2, place)


def test_rows_that_contradict_each_other_are_told() -> None:
    head = "plan_code,component_code,kind,rate,from_date,tax_code,product\n"
    rows = "P,U,usage,1,2026-07-01,GST,\nP,U,usage,2,2026-08-01,VAT5,\n"
    assert found(head + rows) == [("TRF210", 3, 6, "VAT5")]
    assert found(head + "P,U,usage,1,2026-07-01,,\nP,U,usage,2,2026-07-01,,\n") == [("TRF213", 3, 4, "2")]
    assert found(head + "P,G,usage,1,2026-07-01,,gas\n") == [("TRF209", 2, 0, "")]


def test_a_date_without_a_price_is_told() -> None:
    head = "plan_code,component_code,kind,rate,from_date\n"
    assert found(head + "P,U,usage,1,2026-07-01\nP,U,usage,,2026-08-01\n") == [("TRF209", 3, 4, "")]


def test_one_bad_plan_leaves_the_others() -> None:
    read = read_price_rows(
        "plan_code,component_code,kind,rate,from_date\nA,S,supply,1,2026-07-01\nB,S,supply,x,2026-07-01\n"
    )
    assert [plan.code for plan in read.plans] == ["A"]
    assert len(read.findings) == 1


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("plan_code,component_code,kind,rate,tax_cod\n", "TRF201", "tax_code"),
        ("plan_code,component_code,kind,price\n", "TRF201", "`rate`"),
        ("plan_code,component_code,kind\n", "TRF202", "rate"),
        ("plan_code,component_code,kind,rate,Rate\n", "TRF203", "rate"),
        ('plan_code,component_code,kind,rate\nP,"U,usage,1\n', "TRF215", ""),
        ("\n\n", "TRF215", "empty"),
    ],
)
def test_a_table_of_another_frame_is_refused(text: str, code: str, said: str) -> None:
    with pytest.raises(FileError) as refused:
        read_price_rows(text)
    problem = refused.value.problem
    assert problem.code == code
    assert said in problem.detail + problem.hint


def test_a_demand_or_discount_that_says_no_more_is_measured_and_given_as_usual() -> None:
    rows = "P,D,demand,9,2026-01-01\nP,U,usage,1,2026-01-01\nP,L,discount,5,2026-01-01\n"
    (plan,) = read_price_rows(f"plan_code,component_code,kind,rate,from_date\n{rows}").plans
    assert [(one.demand, one.discount) for one in plan.components] == [
        (DemandRule(), None),
        (None, None),
        (None, DiscountRule()),
    ]
