"""How often values come, as picture and as text."""

from decimal import Decimal

from submeter.charts.drawing import draw
from submeter.charts.histogram import draw_histogram
from submeter.charts.in_text import to_text
from submeter.charts.model import Bin, Heading, Histogram
from submeter.charts.png import to_png
from unit.charts.samples import SVG, parsed, words

BINS = tuple(Bin(Decimal(low), Decimal(low + 5), number) for low, number in ((-10, 3), (-5, 0), (0, 12)))
CHART = Histogram(Heading("FLAT to <NEW>", "12 pay more, 3 less"), "AUD more", BINS, "agreements")


def bars(chart: Histogram) -> list[tuple[float, float, str]]:
    """Left edge, height and colour of each bar."""
    return [
        (float(bar.attrib["x"]), float(bar.attrib["height"]), bar.attrib["fill"])
        for bar in parsed(draw_histogram(chart)).iter(f"{SVG}rect")
    ]


def test_a_bar_is_as_tall_as_its_bin_has_values_and_less_is_left_of_zero_in_another_colour() -> None:
    (few, few_tall, less), (many, many_tall, more) = bars(CHART)
    assert few < many
    assert many_tall == 4 * few_tall
    assert less != more


def test_a_picture_has_its_numbers_and_edges() -> None:
    said = words(parsed(draw(CHART)))
    assert {"−10", "0", "5", "3", "12", "agreements", "AUD more"} <= set(said)
    assert to_png(draw(CHART)).startswith(b"\x89PNG")


def test_many_bins_name_only_some_of_their_edges() -> None:
    bins = tuple(Bin(Decimal(n), Decimal(n + 1), n % 7) for n in range(-60, 60))
    named = [word for word in words(parsed(draw(CHART._replace(bins=bins)))) if word.lstrip("−").isdigit()]
    assert len(named) < 40


def test_text_has_a_line_for_each_bin() -> None:
    lines = to_text(CHART).splitlines()
    assert [line.split()[-1] for line in lines if " to " in line][1:] == ["3", "0", "12"]
    assert lines[-1] == "AUD more; how many agreements"
    assert max(line.count("█") for line in lines) == 50


def test_without_values_there_is_a_picture_all_the_same() -> None:
    empty = CHART._replace(bins=())
    assert parsed(draw(empty)).tag == f"{SVG}svg"
    assert "agreements" in to_text(empty)
