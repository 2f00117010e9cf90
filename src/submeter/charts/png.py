"""SVG to PNG, by resvg: a small library that is only needed here, and may be absent."""

from functools import lru_cache
from types import ModuleType

from submeter.core.problem import Problem, Refused

__all__ = ["to_png"]

_LETTER = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
    '<text x="2" y="16" font-family="sans-serif">{}</text></svg>'
)


def to_png(svg: str, *, zoom: float = 2.0, background: str = "#ffffff") -> bytes:
    """The picture in pixels, `zoom` of them to one of SVG's. Raises Refused MTR456, MTR457."""
    resvg = _library()
    family = _family(resvg)
    if family is None:
        hint = "Install a font, e.g. the package fonts-dejavu-core; or write SVG."
        raise Refused(Problem("MTR457", "There is no font for the words of a PNG", hint=hint))
    return bytes(
        resvg.svg_to_bytes(svg_string=svg, zoom=zoom, background=background, sans_serif_family=family)
    )


def _library() -> ModuleType:
    try:
        import resvg_py  # noqa: PLC0415  optional
    except ImportError as error:
        hint = "`.venv/bin/pip install resvg-py`; or write SVG, which needs nothing."
        raise Refused(Problem("MTR456", "PNG needs the library resvg-py", hint=hint)) from error
    return resvg_py


@lru_cache(maxsize=4)
def _family(resvg: ModuleType) -> str | None:
    """The first of the usual fonts of a system in which a letter leaves a trace."""
    empty = bytes(resvg.svg_to_bytes(svg_string=_LETTER.format("")))
    for family in ("DejaVu Sans", "Liberation Sans", "Noto Sans", "Arial", "Helvetica"):
        drawn = bytes(resvg.svg_to_bytes(svg_string=_LETTER.format("H"), sans_serif_family=family))
        if drawn != empty:
            return family
    return None
