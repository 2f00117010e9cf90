"""Pictures are read back: what stands where, what is missing, what days of clock changes look like."""

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.charts.bars import draw_bars
from submeter.charts.calendar import draw_calendar
from submeter.charts.drawing import draw
from submeter.charts.heat_map import _COLOURS, draw_year, levels_for
from submeter.charts.model import Amount, Bar, Chart, DayGaps, GapCalendar, LoadProfile, MonthBars, YearMap
from submeter.charts.profile import draw_profile, turn_of
from unit.charts.samples import (
    AUTUMN,
    HEADING,
    PLAIN,
    SPRING,
    SVG,
    known,
    make_day,
    make_days,
    one_of_each,
    parsed,
    paths,
    ramp,
    steps_of,
    strokes_of,
    with_gap,
    words,
)

CHARTS = list(one_of_each().items())


# Every picture ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "chart"), CHARTS, ids=[name for name, _ in CHARTS])
def test_a_picture_can_be_read_aloud(name: str, chart: Chart) -> None:
    root = parsed(draw(chart))
    ids = {element.attrib["id"]: element for element in root.iter() if "id" in element.attrib}
    named = [ids[one] for one in root.attrib["aria-labelledby"].split()]
    assert (root.tag, root.attrib["role"]) == (f"{SVG}svg", "img")
    assert [element.tag for element in named] == [f"{SVG}title", f"{SVG}desc"]
    assert named[0].text == HEADING.title
    assert (named[1].text or "").startswith("9 Willow Lane. ")
    assert re.search(r"data|missing|average|most|incomplete", named[1].text or "")


@pytest.mark.parametrize(("name", "chart"), CHARTS, ids=[name for name, _ in CHARTS])
def test_nothing_lies_outside_and_no_number_is_none(name: str, chart: Chart) -> None:
    svg = draw(chart)
    root = parsed(svg)
    assert not re.search(r"nan|inf|None|NaN|Inf", svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert root.attrib["viewBox"] == f"0 0 {width:g} {height:g}"
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= height
    for path in paths(root, fill="none"):
        for left, right, y in steps_of(path):
            assert 0 <= left < right <= width
            assert 0 <= y <= height


@pytest.mark.parametrize(("name", "chart"), CHARTS, ids=[name for name, _ in CHARTS])
def test_two_pictures_share_a_page(name: str, chart: Chart) -> None:
    other = chart._replace(heading=HEADING._replace(title="another"))
    ids = [set(re.findall(r' id="([^"]+)"', draw(one))) for one in (chart, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert draw(chart) == draw(chart)


@pytest.mark.parametrize(("name", "chart"), CHARTS, ids=[name for name, _ in CHARTS])
def test_missing_is_in_the_legend_only_where_something_is(name: str, chart: Chart) -> None:
    whole = one_of_each(ramp)[name]
    assert any("data" in word for word in words(parsed(draw(chart)))) == (name != "average")
    if name in {"day", "week", "year"}:
        assert not any("data" in word for word in words(parsed(draw(whole))))


def test_any_name_is_xml() -> None:
    chart = one_of_each()["day"]
    title = "".join(map(chr, range(1, 256))) + "\ufffe\U0001f50c"
    root = parsed(draw(chart._replace(heading=HEADING._replace(title=title))))
    assert (root[0].text or "").endswith("\ufffd\U0001f50c")
    assert "<" in (root[0].text or "")


# Profiles -----------------------------------------------------------------------------------------------------


def line_of(profile: LoadProfile) -> list[list[tuple[float, float, float]]]:
    return [steps_of(path) for path in paths(parsed(draw_profile(profile)), fill="none", stroke="#0072b2")]


@pytest.mark.parametrize(("day", "count"), [(PLAIN, 48), (SPRING, 46), (AUTUMN, 50)])
def test_a_day_has_a_step_for_each_of_its_half_hours(day: date, count: int) -> None:
    (steps,) = line_of(LoadProfile(HEADING, "kWh", (make_day(day, lambda _, place: Decimal(place)),)))
    assert len(steps) == count
    assert all(right - left == pytest.approx(678 / count, abs=0.11) for left, right, _ in steps)
    assert all(a[2] > b[2] for a, b in pairwise(steps)), "more is higher"


def test_heights_are_in_proportion() -> None:
    amounts = {0: Decimal(0), 1: Decimal(1), 2: Decimal(2), 3: Decimal(4)}
    day = make_day(PLAIN, lambda _, place: amounts.get(place, Decimal("0.5")))
    (steps,) = line_of(LoadProfile(HEADING, "kWh", (day,)))
    zero, one, two, four = (y for _, _, y in steps[:4])
    assert zero - one == pytest.approx((zero - two) / 2) == pytest.approx((zero - four) / 4)


def test_what_is_missing_is_hatched_and_not_drawn_over() -> None:
    root = parsed(draw_profile(LoadProfile(HEADING, "kWh", (make_day(PLAIN, with_gap),))))
    before, after = (steps_of(path) for path in paths(root, fill="none", stroke="#0072b2"))
    (gap,) = [
        rect
        for rect in root.iter(f"{SVG}rect")
        if rect.attrib["fill"].startswith("url(") and "x" in rect.attrib
    ]
    left, width = float(gap.attrib["x"]), float(gap.attrib["width"])
    assert (len(before), len(after)) == (20, 22)
    assert before[-1][1] == pytest.approx(left, abs=0.2)
    assert after[0][0] == pytest.approx(left + width, abs=0.2)


@pytest.mark.parametrize(
    ("day", "said", "labels"),
    [
        (SPRING, "clock goes forward to 02:00", ["00:00", "03:00", "06:00"]),
        (AUTUMN, "clock goes back to 01:00", ["00:00", "03:00", "06:00"]),
    ],
)
def test_a_change_of_the_clock_is_said_and_hours_stand_where_the_wall_shows_them(
    day: date, said: str, labels: list[str]
) -> None:
    root = parsed(draw_profile(LoadProfile(HEADING, "kWh", (make_day(day),))))
    assert said in words(root)
    places = {text.text: float(text.attrib["x"]) for text in root.iter(f"{SVG}text")}
    zero, three, six = (places[label] for label in labels)
    longer = {SPRING: 2 / 3, AUTUMN: 4 / 3}[day]
    assert (three - zero) / (six - three) == pytest.approx(longer, abs=0.01)


def test_a_midnight_that_is_skipped_is_a_change_too() -> None:
    day = make_day(date(2026, 4, 24), clock="Africa/Cairo")
    assert turn_of(day) == (0, "clock goes forward to 01:00")
    assert turn_of(make_day(PLAIN, clock="Africa/Cairo")) is None


def test_a_day_without_any_data_can_be_drawn() -> None:
    nothing = make_day(PLAIN, lambda *_: None)
    for chart in (LoadProfile(HEADING, "kWh", (nothing,)), YearMap(HEADING, "kWh", (nothing,))):
        assert "no data" in words(parsed(draw(chart)))


# Heat maps ----------------------------------------------------------------------------------------------------

CELLS = st.none() | st.decimals(-1, 9, places=3) | st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(100)])


@settings(max_examples=40)
@given(st.data())
def test_each_cell_is_drawn_once_in_its_own_colour(data: st.DataObject) -> None:
    first = data.draw(st.sampled_from([PLAIN, SPRING - timedelta(1), AUTUMN - timedelta(1)]))
    pool = data.draw(st.lists(CELLS, min_size=1, max_size=9))
    choose = data.draw(st.randoms(use_true_random=False))
    days = make_days(first, 3, lambda *_: choose.choice(pool))
    drawn: Counter[tuple[int, int, str]] = Counter()
    root = parsed(draw_year(YearMap(HEADING, "kWh", days)))
    for path in root.iter(f"{SVG}path"):
        if path.attrib.get("shape-rendering"):
            half = 7 if float(path.attrib["stroke-width"]) == 14 else 3.5
            for x, top, height in strokes_of(path.attrib["d"]):
                column = round((x - half - 52) / 7)
                for row in range(round(height / 5)):
                    colour = "missing" if "url" in path.attrib["stroke"] else path.attrib["stroke"]
                    cells = (column, column + 1) if half == 7 else (column,)
                    drawn.update((cell, round((top - 80) / 5) + row, colour) for cell in cells)
    assert drawn == expected(days)


def expected(days: tuple) -> Counter[tuple[int, int, str]]:  # type: ignore[type-arg]
    """Half columns, rows and colours, straight from the amounts."""
    every: list[Amount] = [amount for day in days for amount in day.amounts]
    levels, wanted = levels_for(known(every)), Counter[tuple[int, int, str]]()
    for number, day in enumerate(days):
        for place, (wall, amount) in enumerate(zip(day.walls, day.amounts, strict=True)):
            twice, later = day.walls.count(wall) == 2, wall in day.walls[:place]
            sides = ((1,) if later else (0,)) if twice else (0, 1)
            wanted.update((2 * number + side, wall // 30, colour_of(amount, levels)) for side in sides)
    return wanted


def colour_of(amount: Amount, levels) -> str:  # type: ignore[no-untyped-def]
    if amount is None:
        return "missing"
    return "#cc79a7" if amount < 0 else _COLOURS[levels.level_of(amount)]


def test_steps_lose_lightness_all_the_way() -> None:
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    assert all(lightness(a) > lightness(b) + 15 for a, b in pairwise(_COLOURS))


def test_one_peak_dims_nothing() -> None:
    usual = [Decimal(n % 10).scaleb(-1) for n in range(1000)]
    assert levels_for([*usual, Decimal(5000)]).step == levels_for(usual).step


def test_a_year_is_no_large_file() -> None:
    days = make_days(date(2026, 1, 1), 365, lambda day, place: Decimal(hash((day, place)) % 977).scaleb(-3))
    assert len(draw_year(YearMap(HEADING, "kWh", days))) < 150_000


# Calendars and bars -------------------------------------------------------------------------------------------


def test_a_calendar_says_how_much_is_missing_of_each_day() -> None:
    days = (
        DayGaps(date(2026, 2, 27), 48, 0),
        DayGaps(date(2026, 2, 28), 48, 7),
        DayGaps(date(2026, 3, 1), 48, 48),
    )
    root = parsed(draw_calendar(GapCalendar(HEADING, days)))
    said = words(root)
    assert {"Feb 2026", "Mar 2026", "7", "7 of 96", "48 of 48"} <= set(said)
    titles = [title.text for title in root.iter(f"{SVG}title")][1:]
    assert titles == ["Sat 28 Feb: 7 of 48 intervals missing", "Sun 1 Mar: 48 of 48 intervals missing"]
    assert "55 of 144 intervals missing, on 2 of 3 days" in (root[1].text or "")


def test_bars_are_as_high_as_their_amounts_and_say_them_exactly() -> None:
    bars = (
        Bar(date(2026, 1, 1), Decimal("1234.567"), 1488, 0),
        Bar(date(2026, 2, 1), Decimal("617.2835"), 1344, 10),
        Bar(date(2026, 3, 1), Decimal(0), 1488, 1488),
    )
    root = parsed(draw_bars(MonthBars(HEADING, "kWh", bars)))
    solid = [rect for rect in root.iter(f"{SVG}rect") if rect.attrib["fill"] == "#0072b2"]
    heights = [float(rect.attrib["height"]) for rect in solid]
    assert [rect[0].text for rect in solid] == [
        "Jan 2026: 1\u202f234.567 kWh",
        "Feb 2026: 617.2835 kWh, 10 of 1344 intervals without data",
    ]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert "no data" in words(root)
