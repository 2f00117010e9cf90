"""What a unit costs when, as a picture: each hour has the price that holds in it."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.charts.drawing import draw
from submeter.charts.in_text import to_text
from submeter.charts.model import PriceBand, PriceMap
from submeter.charts.price_map import blocks_of, shades_of
from submeter.core.problem import Refused
from submeter.tariffs.model import Band, Component, DayType, Plan, Rate, StepRule
from submeter.tariffs.plots import price_map
from submeter.tariffs.windows import band_at
from unit.charts.samples import parsed, words
from unit.tariffs.random_plans import bands

DAY = date(2026, 8, 1)
FIRST = date(2026, 7, 1)
WEEK: frozenset[DayType] = frozenset({"mon", "tue", "wed", "thu", "fri"})
D = Decimal


def usage(*windows: Band, code: str = "USAGE", **fields: object) -> Component:
    codes = list(dict.fromkeys(window.code for window in windows)) or [""]
    rates = tuple(Rate(FIRST, D(place + 1) / 10, None, name) for place, name in enumerate(codes))
    return Component(**{"code": code, "kind": "usage", "rates": rates, "bands": windows} | fields)  # type: ignore[arg-type]


def plan(*components: Component) -> Plan:
    return Plan(code="HOME", name="Home", components=components)


PEAK = (Band("peak", 900, 1260, WEEK), Band("offpeak"))


def test_weekdays_and_weekends_stand_apart() -> None:
    chart = price_map(plan(usage(*PEAK)), DAY)
    assert [panel.title for panel in chart.panels] == ["Monday to Friday", "Saturday, Sunday"]
    peak = [band.name for band in chart.bands].index("peak")
    (row,) = chart.panels[0].rows
    assert [hour for hour, cell in enumerate(row.cells) if cell == peak] == [15, 16, 17, 18, 19, 20]
    assert (chart.unit, chart.bands[peak].price) == ("AUD per kWh", D("0.1"))


@pytest.mark.parametrize(
    ("days", "titles"),
    [
        (frozenset(), ["All days"]),
        (frozenset({"holiday"}), ["Monday to Sunday", "Public holidays"]),
        (WEEK | {"holiday"}, ["Monday to Friday, public holidays", "Saturday, Sunday"]),
        (frozenset({"wed", "sun"}), ["Monday, Tuesday, Thursday, Friday, Saturday", "Wednesday, Sunday"]),
    ],
)
def test_kinds_of_days_that_are_alike_are_one_panel(days: frozenset[DayType], titles: list[str]) -> None:
    chart = price_map(plan(usage(Band("peak", 0, 600, days), Band("rest"))), DAY)
    assert [panel.title for panel in chart.panels] == titles


@settings(max_examples=60, deadline=None)
@given(st.lists(bands(), min_size=1, max_size=4), st.integers(0, 365), st.integers(0, 47), st.data())
def test_each_half_hour_has_its_band(windows: list[Band], place: int, half: int, data: st.DataObject) -> None:
    chart = price_map(plan(usage(*windows)), DAY)
    named = any("holiday" in window.day_types for window in windows)
    kinds = get_args(DayType)[: 8 if named else 7]
    kind = data.draw(st.sampled_from(kinds))
    day = date(2024, 1, 1) + timedelta(days=place)
    wanted = band_at(windows, (day.month, day.day), kind, half * 30)
    panel = next(one for one in chart.panels if _is_of(one.title, kind))
    row = next(row for row in panel.rows if row.first <= place < row.first + row.days)
    cell = row.cells[half * len(row.cells) // 48]
    assert (chart.bands[cell].name if cell is not None else None) == (wanted.code if wanted else None)
    assert sum(row.days for row in panel.rows) == 366


def _is_of(title: str, kind: DayType) -> bool:
    names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    said = title.lower()
    if kind == "holiday":
        return "holidays" in said or said == "all days"
    place = get_args(DayType).index(kind)
    if run := re.match(r"(\w+) to (\w+)", said):
        return names.index(run[1]) <= place <= names.index(run[2])
    return said == "all days" or names[place] in said


@settings(max_examples=40, deadline=None)
@given(st.lists(bands(), min_size=1, max_size=4))
def test_blocks_cover_each_panel_once(windows: list[Band]) -> None:
    for panel in price_map(plan(usage(*windows)), DAY).panels:
        blocks = blocks_of(panel)
        assert sum((one.right - one.left) * (one.end - one.first) for one in blocks) == pytest.approx(366)
        for row in panel.rows:
            for slot, cell in enumerate(row.cells):
                at = (slot + 0.5) / len(row.cells)
                (block,) = [b for b in blocks if b.first <= row.first < b.end and b.left < at < b.right]
                assert block.band == cell


def test_usage_of_several_components_is_added_up() -> None:
    levy = usage(code="LEVY", kind="pass_through", rates=(Rate(FIRST, D("0.02")),))
    chart = price_map(plan(usage(*PEAK), levy), DAY)
    assert {band.name: band.price for band in chart.bands} == {"peak": D("0.12"), "offpeak": D("0.22")}
    assert [band.price for band in price_map(plan(usage(*PEAK), levy), DAY, "levy").bands] == [D("0.02")]


def test_further_steps_are_said() -> None:
    rates = (Rate(FIRST, D("0.3"), None, "", 1, D(10)), Rate(FIRST, D("0.25"), None, "", 2))
    (band,) = price_map(plan(usage(rates=rates, steps=StepRule("day"))), DAY).bands
    assert (band.name, band.price, band.about) == ("all times", D("0.3"), "then 0.25 above 10 kWh a day")


def test_prices_are_those_of_the_day() -> None:
    rates = (Rate(FIRST, D("0.3"), DAY), Rate(DAY, D("0.4")))
    assert [band.price for band in price_map(plan(usage(rates=rates)), FIRST).bands] == [D("0.3")]
    assert [band.price for band in price_map(plan(usage(rates=rates)), DAY).bands] == [D("0.4")]


@pytest.mark.parametrize(
    ("day", "code", "wanted"), [(date(2020, 1, 1), "", "TRF241"), (DAY, "GAS", "TRF242")]
)
def test_what_cannot_be_drawn_is_refused(day: date, code: str, wanted: str) -> None:
    with pytest.raises(Refused) as refused:
        price_map(plan(usage(*PEAK)), day, code)
    assert refused.value.problem.code == wanted


# Pictures -----------------------------------------------------------------------------------------------------


def sample() -> PriceMap:
    windows = (
        Band("peak", 900, 1260, WEEK, ((11, 1), (3, 31))), Band("solar", 600, 900), Band("shoulder", 420, 1320),
        Band("night"),
    )  # fmt: skip
    return price_map(plan(usage(*windows)), DAY)


def test_the_picture_names_bands_and_prices() -> None:
    root = parsed(draw(sample()))
    said = words(root)
    for text in (
        "peak",
        "solar",
        "shoulder",
        "night",
        "0.1",
        "0.4",
        "AUD per kWh",
        "Monday to Friday",
        "Jan",
        "18:00",
    ):
        assert text in said
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for shape in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert (
            0 <= float(shape.attrib["x"]) <= float(shape.attrib["x"]) + float(shape.attrib["width"]) <= width
        )
        assert 0 <= float(shape.attrib["y"]) + float(shape.attrib["height"]) <= height
    assert draw(sample()) == draw(sample())


def test_the_text_fits_a_terminal_and_shows_each_hour() -> None:
    text = to_text(sample())
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert (
        next(line for line in lines if line.startswith("Jan"))[4:28]
        == "█" * 7 + "▓" * 3 + "▒" * 5 + "░" * 6 + "▓" + "█" * 2
    )
    assert len([line for line in lines if line[:3] in ("Jan", "Jun", "Dec")]) == 3


def test_half_hours_and_many_bands_fit_too() -> None:
    windows = [Band(f"band {place}", place * 90, place * 90 + 90, WEEK) for place in range(10)]
    text = to_text(price_map(plan(usage(*windows)), DAY))
    assert max(map(len, text.splitlines())) <= 80
    assert "A band 9" in text
    assert "·" in text
    assert "no price" in draw(price_map(plan(usage(*windows)), DAY))


@given(st.lists(st.decimals(0, 10, places=4), min_size=1, max_size=8))
def test_dearer_is_darker(prices: list[Decimal]) -> None:
    shades = shades_of([PriceBand(str(place), price) for place, price in enumerate(prices)])
    for one, first in enumerate(prices):
        for other, second in enumerate(prices):
            assert (first < second) == (shades[one] < shades[other])
    assert all(0 <= shade <= 1 for shade in shades.values())


def test_a_credit_has_a_colour_of_its_own() -> None:
    rates = (Rate(FIRST, D("-0.05")),)
    assert "#cc79a7" in draw(price_map(plan(usage(rates=rates)), DAY))
    assert "\u22120.05" in to_text(price_map(plan(usage(rates=rates)), DAY))
