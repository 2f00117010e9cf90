"""The page of files of price plans names each column and each field of URDB that is read."""

import re

from docs.pages import read_page
from submeter.tariffs.checking import check_plan
from submeter.tariffs.formats.price_columns import COLUMNS
from submeter.tariffs.formats.price_rows import read_price_rows
from submeter.tariffs.formats.urdb_fields import INFORMATION, PRICED
from unit.tariffs.plans import TAXES

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


def test_the_example_of_the_page_can_be_charged() -> None:
    (table,) = re.findall(r"```text\n(plan_code.*?)```", read_page(PAGE).text, re.DOTALL)
    found = read_price_rows(table)
    assert not found.findings
    assert [check_plan(plan, TAXES) for plan in found.plans] == [()]
