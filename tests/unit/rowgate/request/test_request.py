"""From the parts of an HTTP request to an ApiRequest: query string, headers, body."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.request import ApiRequest, Headers, Incoming, parse_request
from rowgate.request.arguments import Document, parse_document
from rowgate.request.headers import choose_schema, parse_range
from rowgate.request.model import (
    Action,
    Condition,
    Field,
    Group,
    Missing,
    Resolution,
    Return,
    Transaction,
    Window,
)
from rowgate.request.payload import DEEPEST, load_json, parse_payload
from rowgate.request.preferences import parse_preferences
from rowgate.request.query import LONGEST, parse_query, split
from rowgate.request.tables import from_csv, from_form

CONFIG = Config(db_uri="unused", db_schemas=("api", "archive"), db_max_rows=None)


def request(method: str, url: str, body: bytes = b"", config: Config = CONFIG, **headers: str) -> ApiRequest:
    path, _, query = url.partition("?")
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_request(Incoming(method, path, query.encode(), Headers(said), body), config)


def refusal(method: str, url: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
    with pytest.raises(Refusal) as info:
        request(method, url, body, **headers)
    return info.value.status, info.value.code


# Paths and methods


@pytest.mark.parametrize(
    ("method", "path", "action", "target"),
    [
        ("GET", "/a", Action.READ, "a"),
        ("HEAD", "/a/", Action.READ, "a"),
        ("POST", "/a", Action.INSERT, "a"),
        ("PATCH", "/a", Action.UPDATE, "a"),
        ("DELETE", "/a", Action.DELETE, "a"),
        ("GET", "/rpc/f", Action.CALL, "f"),
        ("POST", "/rpc/f", Action.CALL, "f"),
    ],
)
def test_what_is_to_be_done(method: str, path: str, action: Action, target: str) -> None:
    read = request(method, path, b"{}")
    assert (read.action, read.target, read.schema) == (action, target, "api")


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("PUT", "/rpc/f", (405, "PGRST101")),
        ("OPTIONS", "/a", (405, "PGRST117")),
        ("get", "/a", (405, "PGRST117")),
        ("DELETE", "/rpc/f", (405, "PGRST101")),
        ("GET", "/", (404, "PGRST126")),
        ("GET", "", (404, "PGRST126")),
        ("GET", "/a/b", (404, "PGRST125")),
        ("GET", "/rpc/a/b", (404, "PGRST125")),
    ],
)
def test_paths_and_methods_that_there_are_not(method: str, path: str, answer: tuple[int, str]) -> None:
    assert refusal(method, path) == answer


# The query string


def query(text: str, *, call: bool = False):  # type: ignore[no-untyped-def]
    return parse_query(text.encode(), call=call, max_depth=30)


def test_names_and_values_are_decoded_once() -> None:
    assert split(b"a=b+c%20d&e=%2525&=x&f&&g=1=2") == [
        ("a", "b c d"), ("e", "%25"), ("", "x"), ("f", ""), ("g", "1=2"),
    ]  # fmt: skip


@pytest.mark.parametrize("raw", [b"a=%00", b"%00=a", b"a=%ff", b"a=%ed%a0%80", b"a=\xff"])
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    with pytest.raises(Refusal, match="PGRST100"):
        split(raw)


def test_a_query_has_a_length() -> None:
    parse_query(b"a=eq." + b"x" * (LONGEST - 5), call=False, max_depth=30)
    with pytest.raises(Refusal) as info:
        parse_query(b"a=eq." + b"x" * (LONGEST - 4), call=False, max_depth=30)
    assert (info.value.status, info.value.code) == (414, "PGRST100")


@pytest.mark.parametrize(
    ("key", "path", "conjunction", "negated"),
    [
        ("or", (), "or", False),
        ("and", (), "and", False),
        ("not.or", (), "or", True),
        ("not.and", (), "and", True),
        ("r.or", ("r",), "or", False),
        ("r.not.and", ("r",), "and", True),
        ("r.s.not.or", ("r", "s"), "or", True),
    ],
)
def test_trees_at_the_root_and_in_embeds(
    key: str, path: tuple[str, ...], conjunction: str, negated: bool
) -> None:
    ((found, logic),) = query(f"{key}=(a.eq.1)").filters
    assert found == path
    assert logic == Group(conjunction, (Condition(Field("a"), "eq", "1"),), negated)


def test_order_and_windows_of_the_root_and_of_embeds() -> None:
    read = query("order=a&limit=3&offset=2&r.order=b&r.s.limit=1&r.s.offset=-4")
    assert set(read.order) == {(), ("r",)}
    assert read.windows == {(): Window(2, 3), ("r", "s"): Window(0, 1)}


def test_the_first_of_a_kind_counts() -> None:
    read = query("select=a&select=b&limit=1&limit=2&order=a&order=b")
    assert read.select[0].field.name == "a"  # type: ignore[union-attr]
    assert read.windows[()].limit == 1
    assert read.order[()][0].field.name == "a"


@pytest.mark.parametrize(
    "text", ["limit=x", "limit=", "offset=1.5", "limit=٣", "limit=" + "9" * 5000, "r.limit=0x1"]
)
def test_bounds_that_are_no_numbers(text: str) -> None:
    with pytest.raises(Refusal, match="PGRST100"):
        query(text)


def test_arguments_of_a_call_and_filters_on_its_result() -> None:
    read = query("a=1&b=eq.x&c=x.y&a=2&limit=5", call=True)
    assert read.arguments == (("a", "1"), ("c", "x.y"), ("a", "2"))
    assert read.filters == (((), Condition(Field("b"), "eq", "x")),)


@given(st.binary(max_size=80))
def test_any_query_is_read_or_refused(raw: bytes) -> None:
    for call in (True, False):
        with contextlib.suppress(Refusal):
            parse_query(raw, call=call, max_depth=5)


# Headers


def test_preferences() -> None:
    read = parse_preferences(
        "return=all, return=representation, resolution=merge-duplicates,count=exact ,return=minimal, tx=rollback"
    )
    assert (read.returning, read.resolution, read.count) == (Return.REPRESENTATION, Resolution.MERGE, "exact")
    assert read.applied(Action.INSERT) == "resolution=merge-duplicates, return=representation, count=exact"
    assert read.applied(Action.UPDATE) == "return=representation, count=exact"
    assert read.applied(Action.READ) == "count=exact"
    assert parse_preferences("return=all, count=many, ,=").applied(Action.INSERT) == ""


def test_preferences_that_insist() -> None:
    header = "handling=strict, tx=commit, timezone=a/b, max-affected=7, missing=default"
    read = parse_preferences(header)
    assert (read.row_limit, read.timezone, read.missing) == (7, "a/b", Missing.DEFAULT)
    assert read.transaction is None, "only where the settings allow it"
    assert parse_preferences(header, tx_allowed=True).transaction is Transaction.COMMIT
    assert read.applied(Action.UPDATE) == "missing=default, handling=strict, timezone=a/b, max-affected=7"
    assert parse_preferences("max-affected=7").row_limit is None
    with pytest.raises(Refusal) as info:
        parse_preferences("handling=strict,a , b=c,return=minimal , max-affected=-1, ,timezone=")
    assert (info.value.status, info.value.code) == (400, "PGRST122")
    assert info.value.details == "Invalid preferences: a, b=c, max-affected=-1, timezone="


@given(st.text(max_size=60), st.booleans())
def test_any_preferences_are_read_or_refused(text: str, strict: bool) -> None:
    with contextlib.suppress(Refusal):
        parse_preferences(f"handling=strict,{text}" if strict else text, tx_allowed=True)


def test_schemas() -> None:
    assert choose_schema(None, ("api", "archive")) == "api"
    assert request("GET", "/a", accept_profile="archive").schema == "archive"
    assert request("POST", "/a", b"{}", content_profile="archive", accept_profile="x").schema == "archive"
    with pytest.raises(Refusal) as info:
        choose_schema("API", ("api", "archive"))
    assert (info.value.status, info.value.code) == (406, "PGRST106")
    assert info.value.hint == "Only the following schemas are exposed: api, archive"


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("0-9", Window(0, 10)),
        ("items=5-5", Window(5, 1)),
        ("3-", Window(3)),
        ("-5", None),
        ("bytes=0-9", None),
        ("x", None),
        ("9" * 5000 + "-", None),
        ("٠-٣", None),
    ],
)
def test_ranges(text: str, window: Window | None) -> None:
    assert parse_range({"range": text}) == window
    assert parse_range({"range": text, "range-unit": "bytes"}) == window


def test_a_range_and_a_limit_both_narrow() -> None:
    assert request("GET", "/a?limit=3&offset=2", range="1-9").window == Window(2, 3)
    assert request("GET", "/a?limit=30", range="5-9").window == Window(5, 5)
    assert request("GET", "/a?limit=0", range="5-9").window == Window(5, 0)
    assert request("HEAD", "/a", range="5-9").window == Window()
    capped = Config(db_uri="unused", db_max_rows=4)
    assert request("GET", "/a?limit=9&offset=1", config=capped).window == Window(1, 4)
    assert request("GET", "/a?limit=2", config=capped).window == Window(0, 2)
    with pytest.raises(Refusal, match="PGRST103"):
        request("GET", "/a", range="3-2")
    with pytest.raises(Refusal, match="PGRST103"):
        request("GET", "/a?limit=2", range="5-9")


# Bodies


def test_bodies_are_kept_as_they_came() -> None:
    raw = b' [{"a": 1.10, "b": 12345678901234567890123}, {"b": null, "a": "x"}] '
    payload = parse_payload(raw, "application/json; charset=utf-8", None)
    assert (payload.raw, payload.keys, payload.rows, payload.is_array) == (raw, ("a", "b"), 2, True)
    assert parse_payload(b'{"a": 1}', "", None).keys == ("a",)
    assert parse_payload(b'[{"a": 1}, {}]', "", ("z",)).keys == ("z",)
    assert parse_payload(b"[]", "", None).keys == ()
    assert parse_document(b" ", "").raw == b"{}"


def test_a_csv_is_rows_of_arguments() -> None:
    document = parse_document(b"a,b\n1,NULL\n2,x\n", "text/csv; charset=utf-8")
    assert json.loads(document.raw) == [{"a": "1", "b": None}, {"a": "2", "b": "x"}]
    assert (document.keys, document.rows, document.is_array, document.named) == (("a", "b"), 2, True, True)
    assert parse_document(b"a,b\n", "text/csv").keys == ()
    assert parse_document(b"a,b\n1,2", "text/csv", ("b",)).keys == ("b",)


@pytest.mark.parametrize(
    "raw",
    [b"", b" ", b"{", b"nul", b"null", b"5", b'"a"', b"[1]", b"[[]]", b"[{}, 1]", b"[{}, null]", b'[{"a": 1}, {"b": 1}]',
     b"NaN", b'{"a": NaN}', b'{"a": -Infinity}', b"{'a': 1}", b'{"a": 1,}', b'{"a": "\n"}', b'{"a": "\x00"}', b"{}{}",
     b"\xff{}", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), "{}".encode("utf-32"), b'{"a": "\xed\xa0\x80"}', b"[" * 100_000],
    ids=lambda raw: repr(raw[:20]),
)  # fmt: skip
def test_bodies_that_are_none(raw: bytes) -> None:
    with pytest.raises(Refusal) as info:
        parse_payload(raw, "", None)
    assert (info.value.status, info.value.code) == (400, "PGRST102")


@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/xml", "x"])
def test_types_of_bodies_that_we_do_not_read(content_type: str) -> None:
    assert refusal("POST", "/a", b"{}", content_type=content_type) == (400, "PGRST102")


@pytest.mark.parametrize("content_type", ["text/html", "application/xml", "x"])
def test_types_of_arguments_that_we_do_not_read(content_type: str) -> None:
    assert refusal("POST", "/rpc/f", b"{}", content_type=content_type) == (400, "PGRST102")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"a\0b"),
        ("text/plain", b"\xff"),
        ("text/xml", b"\xff"),
        ("application/x-www-form-urlencoded", b"a=%00"),
        ("application/x-www-form-urlencoded", b"a=%ff"),
        ("application/x-www-form-urlencoded", b"a=\xff"),
    ],
)
def test_texts_that_are_none(content_type: str, body: bytes) -> None:
    assert refusal("POST", "/rpc/f", body, content_type=content_type) == (400, "PGRST102")


def test_arguments() -> None:
    form = request("POST", "/rpc/f", b"a=1&b=x+y%2C&a=&c", content_type="application/x-www-form-urlencoded")
    assert form.payload is None
    assert form.query.arguments == (("a", "1"), ("b", "x y,"), ("a", ""), ("c", ""))
    assert parse_document(b"[1]", "") == Document(b"[1]", (), 1, is_array=True, named=False)
    assert parse_document(b"\0\xff", "application/octet-stream").raw == b"\0\xff"
    assert parse_document(b'{"a":1,"b":2}', "", ("b",)).keys == ("b",)


def test_nesting_of_bodies_has_an_end() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert load_json(nested(DEEPEST))
    for deeper in (nested(DEEPEST + 1), b'[{"a": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}]"):
        with pytest.raises(Refusal, match="deeper than"):
            load_json(deeper)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers()
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    raw = json.dumps(value).encode()
    with contextlib.suppress(Refusal):
        payload = parse_payload(raw, "", None)
        assert payload.raw == raw
        first = value if isinstance(value, dict) else value[0] if value else {}  # type: ignore[index]
        assert payload.keys == tuple(first)


def test_numbers_of_any_length_are_the_databases_to_judge() -> None:
    assert parse_payload(b'{"a": ' + b"9" * 10_000 + b"}", "", None).keys == ("a",)


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text != "NULL"
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=4))
def test_csv_keeps_every_cell(rows: list[list[str]]) -> None:
    quoted = (
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [["a", "b", "c"], *rows]
    )
    body = "\r\n".join(quoted).encode()
    assert json.loads(from_csv(body)) == [dict(zip("abc", row, strict=True)) for row in rows]


@given(st.binary(max_size=60))
def test_any_table_is_read_or_refused(raw: bytes) -> None:
    for read in (from_csv, from_form):
        with contextlib.suppress(Refusal):
            assert isinstance(json.loads(read(raw)), list | dict)


def test_a_field_of_csv_may_be_long() -> None:
    assert len(json.loads(from_csv(b"a\n" + b"x" * 500_000))[0]["a"]) == 500_000
