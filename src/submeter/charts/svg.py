"""Elements of SVG as text. Nothing here knows what is drawn."""

import re
from xml.sax.saxutils import escape, quoteattr

__all__ = ["element", "number", "plain", "text"]

Attribute = str | float | None
_UNSAYABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, *children: str, **attributes: Attribute) -> str:
    """An element; `_` in the name of an attribute stands for `-`, and one of None is left out.

    Children are elements, not plain text: that goes through `text` or `plain`.
    """
    said = "".join(
        f" {key.rstrip('_').replace('_', '-')}={_quoted(value)}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{''.join(children)}</{name}>" if children else f"<{name}{said}/>"


def plain(words: str) -> str:
    """The words escaped, without characters that XML cannot hold."""
    return escape(_UNSAYABLE.sub("\ufffd", words))


def text(words: str, x: float, y: float, kind: str = "", anchor: str = "", **more: Attribute) -> str:
    """Words at a place: `anchor` is start (unless said), middle or end."""
    return element("text", plain(words), x=x, y=y, class_=kind or None, text_anchor=anchor or None, **more)


def number(value: float) -> str:
    """A length to a tenth of a pixel, as short as it can be written."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.", "-.") if value else "0"


def _quoted(value: str | float) -> str:
    return quoteattr(value if isinstance(value, str) else number(value))
