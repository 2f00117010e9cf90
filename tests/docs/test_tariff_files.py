"""The page of files of price plans names each column and each field of URDB that is read."""

import re

from docs.pages import read_page
from submeter.tariffs.formats.price_columns import COLUMNS
from submeter.tariffs.formats.urdb_fields import INFORMATION, PRICED

PAGE = "docs/reference/tariff-files.md"
UNNAMED = {"uri", "usenetmetering", "fixedchargeunits", "minchargeunits", "demandweekdayschedule",
           "demandweekendschedule", "coincidentratestructure", "coincidentrateschedule", "coincidentrateunit",
           "demandreactivepowercharge", "fixedchargeeaaddl"}  # fmt: skip
"""Said in words, or without a price of their own."""


def test_the_page_has_each_column_as_it_is() -> None:
    wanted = [f"| `{c.name}` | {c.about} | {c.cell.form} | {c.empty} |" for c in COLUMNS]
    assert [
        line for line in read_page(PAGE).text.splitlines() if re.match(r"\| `[a-z_]+` \| .* \| .* \| ", line)
    ] == wanted


def test_the_page_has_each_field_that_is_priced() -> None:
    text = read_page(PAGE).text
    assert not [field for field in PRICED - UNNAMED if f"`{field}`" not in text]
    assert not UNNAMED & INFORMATION
