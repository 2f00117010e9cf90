"""From a result to status, headers and body."""

from typing import Any

import pytest

from rowgate.errors import Refusal
from rowgate.execute import ResultSet
from rowgate.plan import make_plan
from rowgate.plan.media import negotiate
from rowgate.response import Answer, answer
from unit.rowgate.shop import CATALOG, ask


def answered(method: str, url: str, row: tuple[Any, ...], body: str = "{}", **headers: str) -> Answer:
    """``row``: body, page, total, location, updated, headers, status; what is left out is null."""
    request = ask(method, url, body, **headers)
    plan = make_plan(request, CATALOG)
    request = negotiate(request, plan, CATALOG, explain=False)
    return answer(request, plan, ResultSet((*row, *[None] * (7 - len(row)))))


def header(found: Answer, name: str) -> str | None:
    return next((value for key, value in found.headers if key == name), None)


@pytest.mark.parametrize(
    ("url", "page", "total", "status", "content_range"),
    [
        ("/escos", b"3", None, 200, "0-2/*"),
        ("/escos", b"0", None, 200, "*/*"),
        ("/escos?offset=5", b"2", None, 200, "5-6/*"),
        ("/escos", b"3", b"3", 200, "0-2/3"),
        ("/escos?limit=2", b"2", b"3", 206, "0-1/3"),
        ("/escos", b"0", b"0", 200, "*/0"),
        ("/rpc/customers_from?min_id=1", b"2", b"9", 206, "0-1/9"),
    ],
)
def test_pages(url: str, page: bytes, total: bytes | None, status: int, content_range: str) -> None:
    found = answered("GET", url, (b"[]", page, total))
    assert (found.status, header(found, "Content-Range")) == (status, content_range)


def test_a_page_behind_the_end() -> None:
    with pytest.raises(Refusal) as info:
        answered("GET", "/escos?offset=4", (b"[]", b"0", b"3"))
    assert (info.value.status, info.value.code) == (416, "PGRST103")
    assert info.value.headers == (("Content-Range", "*/3"),)


@pytest.mark.parametrize("page", [b"0", b"2", b"100"])
def test_one_object_was_asked_for(page: bytes) -> None:
    with pytest.raises(Refusal) as info:
        answered("GET", "/escos", (b"{}", page), accept="application/vnd.pgrst.object+json")
    assert (info.value.status, info.value.code) == (406, "PGRST116")
    assert info.value.details == f"The result contains {page.decode()} rows"
    found = answered("GET", "/escos", (b"{}", b"1"), accept="application/vnd.pgrst.object+json")
    assert header(found, "Content-Type") == "application/vnd.pgrst.object+json; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "prefer", "row", "status"),
    [
        ("POST", "", (b"", b"1"), 201),
        ("POST", "resolution=merge-duplicates", (b"", b"2", None, None, b"2"), 200),
        ("POST", "resolution=merge-duplicates", (b"", b"2", None, None, b"1"), 201),
        ("POST", "resolution=merge-duplicates", (b"", b"0"), 200),
        ("POST", "resolution=ignore-duplicates", (b"", b"0"), 201),
        ("PATCH", "", (b"", b"1"), 204),
        ("PATCH", "return=representation", (b"[{}]", b"1"), 200),
        ("DELETE", "", (b"", b"1"), 204),
        ("DELETE", "return=representation", (b"[]", b"0"), 200),
    ],
)
def test_writes(method: str, prefer: str, row: tuple[Any, ...], status: int) -> None:
    assert answered(method, "/escos", row, prefer=prefer).status == status


def test_where_a_new_row_is() -> None:
    found = answered(
        "POST",
        "/customer_accounts",
        (b"", b"1", None, b'["a&b", "\xc3\xbc/ 1"]'),
        prefer="return=headers-only",
    )
    assert header(found, "Location") == "/customer_accounts?customer_id=eq.a%26b&account_id=eq.%C3%BC%2F%201"
    several = answered(
        "POST", "/customer_accounts", (b"", b"2", None, b'["1", "2"]'), prefer="return=headers-only"
    )
    assert header(several, "Location") is None


def test_a_key_without_a_value() -> None:
    row = (b"", b"1", None, b'["1", null]')
    found = answered("POST", "/customer_accounts", row, prefer="return=headers-only")
    assert header(found, "Location") == "/customer_accounts?customer_id=eq.1&account_id=is.null"


@pytest.mark.parametrize(
    ("method", "page", "content_range"),
    [("POST", b"3", "*/3"), ("PATCH", b"3", "0-2/3"), ("PATCH", b"0", "*/0"), ("DELETE", b"3", "*/3")],
)
def test_ranges_of_writes(method: str, page: bytes, content_range: str) -> None:
    found = answered(method, "/escos", (b"", page, page), prefer="count=exact")
    assert header(found, "Content-Range") == content_range


def test_a_put_says_whether_its_row_is_new() -> None:
    new, old = (b"", b"1", None, None, None), (b"", b"1", None, None, b"1")
    for row, prefer, status in ((new, "", 201), (old, "", 204), (old, "return=representation", 200)):
        found = answered("PUT", "/escos?id=eq.1", row, '{"id": 1}', prefer=prefer)
        assert (found.status, header(found, "Content-Range")) == (status, None)


def test_what_a_function_says_wins() -> None:
    said = (
        b'[{"Content-Type": "text/plain"}, {"Set-Cookie": "a"}, {"Set-Cookie": "b"}, {"content-length": "7"}]'
    )
    found = answered("GET", "/rpc/now_here", (b"1", b"1", None, None, None, said, b"418"))
    assert found.status == 418
    assert [
        pair for pair in found.headers if pair[0].lower() in ("content-type", "set-cookie", "content-length")
    ] == [
        ("Content-Type", "text/plain"),
        ("Set-Cookie", "a"),
        ("Set-Cookie", "b"),
    ]


@pytest.mark.parametrize("status", [b"204", b"205", b"304"])
def test_a_status_without_a_body(status: bytes) -> None:
    found = answered("GET", "/rpc/now_here", (b"1", b"1", None, None, None, None, status))
    assert (found.status, found.body) == (int(status), b"")


@pytest.mark.parametrize(
    "status", [b"teapot", b"99", b"100", b"199", b"600", b"2000", b"-200", b"20 0", "٢٠٠".encode()]
)
def test_a_status_that_is_none(status: bytes) -> None:
    with pytest.raises(Refusal, match="PGRST112"):
        answered("GET", "/rpc/now_here", (b"1", b"1", None, None, None, None, status))


@pytest.mark.parametrize(
    "headers",
    [b"x", b"{}", b'{"a": "b"}', b'["a"]', b"[[]]", b"[{}]", b'[{"a": "b", "c": "d"}]', b'[{"a": 1}]', b'[{"a": null}]',
     b'[{"": "b"}]', b'[{"a b": "c"}]', b'[{"a:": "c"}]', b'[{"\xc3\xbc": "c"}]', b'[{"a": "b\\r\\nc: d"}]', b'[{"a": "\\u0000"}]',
     b'[{"a": "b\\n"}]', b"\xff", b"5", b"null"],
)  # fmt: skip
def test_headers_that_are_none(headers: bytes) -> None:
    with pytest.raises(Refusal, match="PGRST111"):
        answered("GET", "/rpc/now_here", (b"1", b"1", None, None, None, headers))
