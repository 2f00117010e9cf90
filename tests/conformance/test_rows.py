"""Every row of rows.txt has as many requests as it needs."""

from collections import Counter
from collections.abc import Iterable

import pytest

from conformance.case import Case, Step, all_cases
from conformance.marked import marked_tests
from conformance.rows import SHOWN, Row, read_rows, rows_of

ROWS = read_rows()


def covered(cases: Iterable[Case]) -> Counter[str]:
    return Counter(row for case in cases for step in case.steps for row in rows_of(case, step))


def shortfall(row: Row, counts: Counter[str]) -> str | None:
    """What is missing of a row, None if nothing."""
    if counts[row.name] >= row.required:
        return None
    return f"{row.name}: {counts[row.name]} requests of {row.required}"


@pytest.fixture(scope="module")
def counts() -> Counter[str]:
    return covered(all_cases()) + marked_tests()


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_row(row: Row, counts: Counter[str]) -> None:
    assert shortfall(row, counts) is None


def test_every_tag_and_mark_names_a_row() -> None:
    named = {tag: case.name for case in all_cases() for tag in case.tags}
    named |= dict.fromkeys(marked_tests(), "a marked test")
    assert {tag: where for tag, where in named.items() if tag not in ROWS} == {}


def test_what_is_shown_is_a_row() -> None:
    assert SHOWN.keys() - ROWS.keys() == set()


def test_no_row_asks_for_less_than_its_figure() -> None:
    assert [row.name for row in ROWS.values() if row.required < row.least] == []
    assert Row("a", "31", 0).least == 11
    assert [Row("a", figure, 0).least for figure in ("-", "io:6", "12", "io:13")] == [4, 4, 4, 5]


def test_a_row_without_cases_fails() -> None:
    case = Case(
        "a case", ("13 a new row",), (Step("GET", "/t?a=gt.1"), Step("GET", "/t?or=(a.not.eq.1,b.eq.2)"))
    )
    counts = covered([case])
    assert shortfall(Row("2 adj", "1", 4), counts) == "2 adj: 0 requests of 4"
    assert shortfall(Row("2 gt", "1", 4), counts) == "2 gt: 1 requests of 4"
    assert shortfall(Row("13 a new row", "-", 4), counts) == "13 a new row: 2 requests of 4"
    assert shortfall(Row("13 a new row", "-", 2), counts) is None


def test_a_title_cannot_claim_what_a_request_does_not_show() -> None:
    case = Case("a case", ("2 eq", "7 unnamed"), (Step("GET", "/t?a=gt.1"),))
    assert rows_of(case, case.steps[0]) == {"1 GET", "2 gt", "7 unnamed"}


def test_what_a_request_shows() -> None:
    url = "/t?select=a:b->c::int,n(),...m!f!inner(x.sum(),o(id))&n=not.is.null&m.x=like(any).{a*}&order=m(x).desc"
    headers = {"Prefer": "return=representation, tx=rollback", "Accept": "application/vnd.pgrst.object+json"}
    step = Step("PATCH", url, headers=headers, status=406, answer='~ {"code": "PGRST116"}')
    expected = {
        "1 select", "1 rename", "1 cast", "1 JSON paths: select", "1 aggregates", "1 order", "2 is", "2 not", "2 like",
        "2 any", "3 embed", "3 nested", "3 hint", "3 inner", "3 spread", "3 empty embed", "3 rel.col", "3 null filters",
        "3 related order", "3 aggregates in embeds", "3 on writes", "5 PATCH", "5 return=representation",
        "5 select on the result", "6 tx=", "8 object", "11 PGRST116",
    }  # fmt: skip
    assert rows_of(Case("a case", (), (step,)), step) == expected
