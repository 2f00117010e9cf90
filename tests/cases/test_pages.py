"""The pages about bills: their cases agree, and the cases that they name are there."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from cases.case import Case
from cases.charges import OPTIONS, PRODUCTS
from cases.language import CASES, WORDS, read_cases
from cases.runner import compare
from docs.pages import read_page
from submeter.tariffs.model import Kind

GUIDE, RULES = "docs/how-to/bill-cases.md", "docs/explanation/rating.md"
_NAMED = re.compile(r"((?:\*[^*\[\]]+\*,?\s+)+)\(\[[\w-]+\]\(\.\./\.\./tests/cases/bills/([\w-]+\.txt)\)\)")
_RULE = re.compile(r"^\d+\. \*\*", re.MULTILINE)


def cases_of(tmp_path: Path) -> list[Case]:
    """The cases that the guide shows."""
    path = tmp_path / "guide.txt"
    shown = [block.text for block in read_page(GUIDE).blocks if "===" in block.text]
    path.write_text("\n+++\n".join(shown))
    return read_cases(path)


def test_cases_of_the_guide_agree(tmp_path: Path) -> None:
    cases = cases_of(tmp_path)
    assert len(cases) >= 4
    for case in cases:
        agrees, page = compare(case)
        assert agrees, page


def test_the_guide_has_every_word_kind_and_product() -> None:
    text = read_page(GUIDE).text
    words = [*WORDS, *Kind.__args__]  # type: ignore[attr-defined]
    assert [word for word in words if not re.search(rf"(?<![\w-]){word}(?![\w-])", text)] == []
    assert {"gas", "cold_water", "hot_water", "broadband"} <= set(PRODUCTS)


def test_the_guide_has_every_option() -> None:
    prose = re.sub(r"^```.*?^```", "", read_page(GUIDE).text, flags=re.MULTILINE | re.DOTALL)
    said = re.findall(r"`([^`]+)`", prose)
    missing = [pattern for pattern, _ in OPTIONS if not any(re.fullmatch(pattern, one) for one in said)]
    assert missing == []


def named() -> list[tuple[str, str]]:
    """File and title of each case that the rules name."""
    found = _NAMED.findall(read_page(RULES).text)
    titles = [(file, title) for text, file in found for title in re.findall(r"\*([^*]+)\*", text)]
    return [(file, " ".join(title.split())) for file, title in titles]


def test_rules_name_cases_that_are_there() -> None:
    titles = defaultdict(set)
    for path in CASES.glob("*.txt"):
        titles[path.name] = {case.name for case in read_cases(path)}
    assert [(file, title) for file, title in named() if title not in titles[file]] == []


def test_each_rule_names_a_case() -> None:
    rules = _RULE.split(read_page(RULES).text)[1:]
    assert len(rules) > 40
    assert [rule for rule in rules if not _NAMED.search(rule)] == []


@pytest.mark.parametrize("text", ["*No such case* ([tax](../../tests/cases/bills/tax.txt))"])
def test_a_case_that_is_not_there_is_seen(text: str) -> None:
    (found,) = _NAMED.findall(text)
    assert found == ("*No such case* ", "tax.txt")
