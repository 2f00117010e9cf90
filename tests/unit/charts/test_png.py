"""SVG becomes pixels, or it is said what is missing for that."""

import struct
import sys

import pytest

from submeter.charts import png
from submeter.charts.drawing import draw
from submeter.core.problem import Refused
from unit.charts.samples import one_of_each


def size_of(data: bytes) -> tuple[int, int]:
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_a_picture_has_two_pixels_for_one_of_svg() -> None:
    assert size_of(png.to_png(draw(one_of_each()["day"]))) == (1520, 632)
    assert size_of(png.to_png(draw(one_of_each()["day"]), zoom=1)) == (760, 316)


def test_words_are_drawn() -> None:
    chart = one_of_each()["day"]
    other = chart._replace(heading=chart.heading._replace(subtitle="other words"))
    assert png.to_png(draw(chart)) != png.to_png(draw(other))


def test_without_the_library_it_is_said_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(Refused) as refused:
        png.to_png("<svg/>")
    assert refused.value.problem.code == "MTR456"


def test_without_a_font_no_picture_without_words_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "_family", lambda _: None)
    with pytest.raises(Refused) as refused:
        png.to_png("<svg/>")
    assert refused.value.problem.code == "MTR457"
