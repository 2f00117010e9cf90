"""A file of price plans of any kind: which kind it is, and what it says."""

import codecs
import re
from datetime import date

from submeter.metering.formats.tables import key_of
from submeter.metering.model import FileError
from submeter.tariffs.formats import problems
from submeter.tariffs.formats.price_columns import NAMES
from submeter.tariffs.formats.price_rows import read_price_rows
from submeter.tariffs.formats.problems import Reading
from submeter.tariffs.formats.urdb import read_urdb

__all__ = ["kind_of", "read_plans", "text_of"]

_KEYS = {key_of(name) for name in NAMES}


def read_plans(data: bytes, first_day: date | None = None) -> Reading:
    """The plans of a file. `first_day`: of prices that name none; with URDB, instead of the file's.

    Raises FileError (TRF201 to TRF203, TRF215, TRF216, TRF221) where nothing of it can be used.
    """
    text = text_of(data)
    return read_urdb(text, first_day) if kind_of(text) == "urdb" else read_price_rows(text, first_day)


def kind_of(text: str) -> str:
    """`urdb` or `csv`. Raises FileError TRF216."""
    if re.match(r'\s*["]?\s*[\[{]', text):
        return "urdb"
    head = text.lstrip().partition("\n")[0]
    if any(key_of(cell) in _KEYS for cell in re.split(r"[,;\t|]", head)):
        return "csv"
    raise FileError(problems.unknown_file(head[:60].strip()))


def text_of(data: bytes) -> str:
    """UTF-8 or UTF-16 by their marks; what is no UTF-8 comes from Windows."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
