"""Requests that differ in their values alone have one key, and only those."""

import re
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from rowgate.app import Gateway
from rowgate.express import Express, _located, take_out
from rowgate.request.query import canonical
from rowgate.request.shape import GAP, Kind, take_apart

_PIECES = st.sampled_from(
    [
        b"a",
        b"id",
        b"=",
        b"eq.",
        b"gte.",
        b"lt",
        b".",
        b"&",
        b"1",
        b"x:y",
        b"%20",
        b"(",
        b"not.",
        b"in.(",
        b"is.",
    ]
)
_QUERIES = st.lists(_PIECES, max_size=14).map(b"".join)
_VALUES = st.text("az09:@_.~-", max_size=5).map(str.encode)


def put_in(key: bytes, values: list[bytes]) -> bytes:
    """The line that has this key, with these values."""
    parts = re.split(rb"(?<==eq\.)(?=[& ])|(?<==gte\.)(?=[& ])|(?<==lt\.)(?=[& ])", key)
    return b"".join(part + value for part, value in zip(parts, [*values, b""], strict=True))


@given(_QUERIES, st.data())
def test_other_values_leave_the_key_as_it_is(query: bytes, data: Any) -> None:
    key, values = take_out(b"GET /x?%b HTTP/1.1" % query)
    others = [data.draw(_VALUES) for _ in values]
    assert take_out(put_in(key, others)) == (key, others)


@given(_QUERIES, st.data())
def test_values_that_are_all_of_a_shape_stay_so(query: bytes, data: Any) -> None:
    """What is found out about one request holds for all that have its key."""
    line = b"GET /x?%b HTTP/1.1"
    key, values = take_out(line % query)
    shape, slots = take_apart(query, call=False)
    if GAP in query or [slot.raw for slot in slots] != values:
        return
    others = [data.draw(_VALUES) for _ in values]
    other = put_in(key, others).removeprefix(b"GET /x?").removesuffix(b" HTTP/1.1")
    again, other_slots = take_apart(other, call=False)
    assert (again, [slot.raw for slot in other_slots]) == (shape, others)
    assert [slot.kind for slot in other_slots] == [slot.kind for slot in slots]
    assert all(slot.as_bytes() == slot.raw for slot in other_slots if slot.kind is Kind.TEXT)


@given(st.lists(st.tuples(st.sampled_from(["b", "a", "c.d", "ä"]), _VALUES), min_size=1, max_size=4))
def test_where_an_answer_is_found(filters: list[tuple[str, bytes]]) -> None:
    query = b"&".join(b"%b=gte.%b" % (name.encode(), value) for name, value in filters) + b"&select=x,y"
    template, order = _located(query)
    said = template % tuple([filters[number][1] for number in order])
    assert said.replace(b":", b"%3A").replace(b"@", b"%40") == b"?" + canonical(query).encode()


def test_a_query_of_no_values_is_found_as_it_is() -> None:
    template, order = _located(b"select=a%3Ab")
    assert (template % (), order) == (b"?select=a%3Ab", ())
    assert _located(b"") == (b"", ())


class _Gateway:
    """One that knows no way."""

    def __init__(self) -> None:
        self.current = object()


def test_ways_of_an_older_schema_are_let_go_of() -> None:
    """Each would keep all that was known of that schema, for as long as nobody asks for it again."""
    gateway = _Gateway()
    express = Express(cast("Gateway", gateway), lambda data, client: None)
    express.meet((b"GET /a HTTP/1.1", b""), b"", ())
    express.meet((b"GET /b HTTP/1.1", b""), b"", ())
    assert len(express.known) == 2
    gateway.current = object()
    express.meet((b"GET /b HTTP/1.1", b""), b"", ())
    assert list(express.known) == [(b"GET /b HTTP/1.1", b"")]
