"""Every code is given out once, and stands in docs/reference/errors.md with its meaning and next step."""

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[3]
_ROW = re.compile(r"^\| `([A-Z]{3}\d{3})` \|([^|]+)\|([^|]+)\|$", re.MULTILINE)
_RAISED = re.compile(r'"([A-Z]{3}\d{3})",\s*f?"(?![A-Z]{3}\d{3}")([^"]+)"')
_RAISED_IN_SQL = re.compile(r"'([A-Z]{3}\d{3})',\s*(?:'title',\s*)?'(?![A-Z]{3}\d{3}')([^']+)'")


def undocumented(documented: set[str], raised: set[str]) -> set[str]:
    """Raised codes of the areas that the page has begun, which it does not list."""
    areas = {code[:3] for code in documented}
    return {code for code in raised if code[:3] in areas} - documented


def titles() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "src" / "submeter").rglob("*.py"):
        for code, title in _RAISED.findall(path.read_text("utf-8")):
            found[code].add(title)
    for path in (ROOT / "src" / "submeter" / "schema").rglob("*.sql"):
        for code, title in _RAISED_IN_SQL.findall(path.read_text("utf-8")):
            found[code].add(title)
    return found


def rows() -> list[tuple[str, str, str]]:
    return _ROW.findall((ROOT / "docs" / "reference" / "errors.md").read_text("utf-8"))


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    documented = [code for code, _, _ in rows()]
    assert len(documented) == len(set(documented))
    raised = titles()
    assert len(raised) > 20
    assert undocumented(set(documented), set(raised)) == set()
    assert set(documented) - set(raised) == set()


def test_a_code_has_one_title() -> None:
    documented = {code for code, _, _ in rows()}
    assert {code: found for code, found in titles().items() if code in documented and len(found) > 1} == {}


def test_the_check_can_fail() -> None:
    assert undocumented({"DBS101"}, {"DBS101", "DBS999", "ZZZ100"}) == {"DBS999"}


def test_each_code_of_these_areas_is_raised_by_a_test() -> None:
    ours = [code for code, _, _ in rows() if code[:3] in ("DBS", "MIG", "SET", "MTR", "NET")]
    tests = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "tests").rglob("*")
        if path.suffix in (".py", ".txt") and "node_modules" not in path.parts and path != Path(__file__)
    )
    assert [code for code in ours if code not in tests] == []
