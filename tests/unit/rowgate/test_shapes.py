"""Requests of one shape: what is remembered of one serves all others as the whole way would have served them."""

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.oracle.generate import Generator
from rowgate.errors import Refusal
from rowgate.execute import ResultSet
from rowgate.prepared import LONGEST_SHAPE, REMEMBERED, Prepared, Preparer
from rowgate.request import Headers, Incoming
from rowgate.request.shape import fill, take_apart
from rowgate.sql import Statement
from rowgate.story import Story
from unit.rowgate.shop import CATALOG, CONFIG

COUNT = 100_000 if os.environ.get("SUBMETER_PROVE") else 2_000
SEED = int(os.environ.get("SUBMETER_SEED", "20261122"))
HOSTILE = (
    b"", b"*", b"**", b"a*b", b"%2A", b"%2a%25", b"'", b'"', b"%22", b"\\", b"%5C", b"\\%22", b"%C3%A9", b"\xc3\xa9", b"%",
    b"%zz", b"+", b"a+b", b"%2B", b"%0A", b"$1", b"1;drop", b".", b"..", b":", b"@", b"~", b"-", b"_", b"a.b-c_d~e:f@g",
    b"a=b", b"=", b"(", b"()", b"(1,2)", b'("a,b",c)', b"{a,b}", b"{", b"{}", b"null", b"eq.1", b"not.eq.1", b"in.(1)",
    b"is.null", b"%6Fther", b"1,2", b",", b'"a,b",c', b'"a\\"b"', b'"a"b', b"%22a,b%22", b"x" * 10_000,
)  # fmt: skip
MALFORMED = (
    b"%00", b"a%00b", b"%FF", b"%C3", b"%ED%A0%80", b"\xff", b"x" * 41 + b"%00", b"x" * 50 + b"%FF", b"(%00", b"(%FF)", b"(1",
    b"1)", b"(1)x", b"eq(", b"eq(5", b"eq(any).1", b"not.like(x", b"%65q.1", b"e%71(1", b"x" * 60_000,
    b"%6E%6F%74%2E%69%73%64%69%73%74%69%6E%63%74%2E1", b"%6E%6F%74%2E%69%73%64%69%73%74%69%6E%63%74%281",
)  # fmt: skip
OPERATORS = (
    b"eq.", b"neq.", b"like.", b"not.like.", b"like(any).", b"eq(all).", b"fts.", b"fts(english).", b"in.", b"not.in.",
    b"match.", b"wfts(zz).", b"ilike.", b"in(any).", b"is.", b"not.is.", b"cs.", b"isdistinct.", b"eq(zz).", b"", b"not.",
    b"not.not.eq.", b"eq", b"nope.", b"EQ.", b"neq(any).",
)  # fmt: skip
NAMES = (
    b"id", b"name", b"tags", b"meta->>k", b"meta-%3Ek", b"%22id%22", b"a", b"min_id", b"escos.name", b"escos", b"id%00", b"id%FF", b"select",
    b"sel%65ct", b"order", b"ord%65r", b"limit", b"lim%69t", b"escos.limit", b"escos.order", b"or", b"not.and", b"o%72",
    b"escos.or", b"columns", b"col%75mns", b"on_conflict", b"b", b"v", b"words", b"nothing", b"a.b.c", b"",
)  # fmt: skip
SELECTS = (
    b"select=id,name",
    b"select=id",
    b"select=*",
    b"select=id,escos(name)",
    b"select=count()",
    b"select=nothing",
)
WHOLE = (
    b"order=id.desc",
    b"limit=2",
    b"or=(id.eq.1,name.like.a*)",
    b"limit=x",
    b"offset=3",
    b"columns=name",
    b"",
    b"a",
)
HEADERS = (
    {}, {}, {"prefer": "count=exact"}, {"prefer": "return=representation"}, {"range": "0-1"}, {"prefer": "missing=default"},
    {"accept": "text/csv"}, {"prefer": "count=planned"}, {"prefer": "resolution=merge-duplicates"},
    {"accept": "application/vnd.pgrst.object+json"}, {"accept": "image/png"}, {"accept-profile": "nowhere"},
    {"content-profile": "nowhere"}, {"content-type": "text/csv"}, {"content-type": "application/json; charset=utf-8"},
    {"prefer": "handling=strict, nonsense"}, {"x-other": "1"},
)  # fmt: skip
BODIES = (
    b'{"name": "x"}', b'{"name": "x", "id": 1}', b'{"id": 1, "name": "x"}', b'[{"name": "x"}, {"name": "y"}]', b"[]",
    b'{"a": 1}', b'{"min_id": 2}', b"{}", b"[{}]", b"[{}, {}]", b'[{"id": 1}]', b'[{"id": 1}, {"name": "x"}]', b'{"nothing": 1}', b"", b" ", b"null", b"5",
    b"{", b'{"name": "\\u0000"}', b'{"name": "\xff"}', b'{"a": 1, "b": 2}', b'{"v": 1}', b'{"words": ["x"]}',
    b'{"name": "x", "name": "y"}', b'{"": 1}', b'[{"a": 1}]', b'[{"a": 1}, {"a": 2}]', b'{"\\ud800": 1}',
    b"name\nx", b"name=x",
)  # fmt: skip
READS = ("/customers", "/escos", "/accounts", "/nothing", "/customers/1", "/")
CALLS = (
    "/rpc/add",
    "/rpc/twice",
    "/rpc/joined",
    "/rpc/now_here",
    "/rpc/nothing",
    "/rpc/customers_from",
    "/rpc/none",
)


class Requests(Generator):
    """Requests of every kind; every second of them with a part that was mutated."""

    def request(self) -> Incoming:
        method = self.random.choice(
            ("GET",) * 9 + ("HEAD", "POST", "POST", "PATCH", "PATCH", "DELETE", "PUT", "BREW")
        )
        call = self.chance(0.2)
        path = self.random.choice(CALLS if call else READS[:1] * 30 + READS[1:])
        query = b"&".join(self.part() for _ in range(self.random.choice((0, 1, 1, 2, 2, 3, 4))))
        query = self.broken(query) if self.chance(0.5) else query
        body = self.usually(BODIES, 7) if method in ("POST", "PATCH", "PUT") else b""
        headers = Headers(self.usually(HEADERS, 7))
        return Incoming("POST" if call and body else method, path, query, headers, body)

    def part(self) -> bytes:
        kind = self.random.random()
        if kind < 0.15:
            return self.usually(SELECTS, 3)
        if kind < 0.3:
            return self.usually(WHOLE, 3)
        if kind < 0.5:
            return b"name=" + quote(self.condition(), safe="(),.").encode()
        name, operator, value = self.usually(NAMES, 8), self.usually(OPERATORS, 11), self.value_of_any_kind()
        if operator.endswith(b"in.") and self.chance(0.8):
            value = b"(" + value + b")"
        return name + b"=" + operator + value

    def usually(self, choices: Sequence[Any], common: int) -> Any:
        """Mostly one of the first."""
        return self.random.choice(choices[:common] if self.chance(0.9) else choices)

    def value_of_any_kind(self) -> bytes:
        return self.random.choice(MALFORMED if self.chance(0.05) else HOSTILE)

    def broken(self, query: bytes) -> bytes:
        place = self.random.randint(0, len(query))
        end = min(len(query), place + self.random.choice((0, 1, 1, 3)))
        return (
            query[:place]
            + self.random.choice((b"", b"", b"&", b"=", b".", b"%", b"(", b"a", b"\n", b"\0"))
            + query[end:]
        )

    def sibling(self, incoming: Incoming) -> Incoming:
        """The same but for what stands behind the operators."""
        parts = [self.other_value(part) for part in incoming.query_string.split(b"&")]
        return incoming._replace(query_string=b"&".join(parts))

    def other_value(self, part: bytes) -> bytes:
        name, equals, value = part.partition(b"=")
        operator, _, said = value.rpartition(b".")
        if not equals or name in (b"select", b"limit", b"order", b"or"):
            return part
        other = self.value_of_any_kind()
        return (
            name
            + equals
            + (operator and operator + b".")
            + (b"(" + other + b")" if said[:1] == b"(" else other)
        )


def said(statement: Statement | None) -> Any:
    return statement and (statement.text, list(statement.parameters), statement.prepared, statement.estimate)


def outcome(prepare: Any) -> Any:
    """All that another request could see of how one was prepared, or the refusal."""
    try:
        prepared, statement = prepare()
    except Refusal as refusal:
        return refusal.status, refusal.body(), refusal.headers
    run = prepared.run
    return (
        said(statement),
        run.read_only,
        run.asked,
        run.level,
        run.undone,
        run.verify is None,
        answers(prepared),
    )


def answers(prepared: Prepared) -> list[Any]:
    """What is answered to a result with so many rows; asked twice, for answers are remembered too."""
    results = ((b"[]", b"0", None), (b'[{"id":1}]', b"1", b"1"), (b"[1,2]", b"2", b"7"))
    return [answer(prepared, *result) for result in results for _ in range(2)]


def answer(prepared: Prepared, body: bytes, page: bytes, total: bytes | None) -> Any:
    binary = prepared.request.media.binary
    try:
        return prepared.answers.make(
            ResultSet((body.hex().encode() if binary else body, page, total, None, None, None, None))
        )
    except Refusal as refusal:
        return refusal.status, refusal.body()


def whole_way(preparer: Preparer, incoming: Incoming) -> Any:
    def prepare() -> tuple[Prepared, Statement | None]:
        prepared = preparer._whole_way(incoming, Story())
        return prepared, prepared.statement

    return outcome(prepare)


def is_remembered(preparer: Preparer, incoming: Incoming) -> bool:
    try:
        return preparer._remembered(incoming) is not None
    except Refusal:
        return False


def remembered(preparer: Preparer, incoming: Incoming) -> Any:
    return outcome(lambda: preparer.prepare(incoming, Story()))


@pytest.mark.proof
def test_what_is_remembered_serves_as_the_whole_way_would() -> None:
    requests, preparer, mix = Requests(SEED), Preparer(CONFIG, CATALOG), Counter[str]()
    for _ in range(COUNT):
        first = requests.request()
        for incoming in (first, first, requests.sibling(first), requests.sibling(first)):
            expected = whole_way(preparer, incoming)
            assert remembered(preparer, incoming) == expected, incoming
            mix["served" if isinstance(expected[0], tuple) else "refused"] += 1
            mix["remembered"] += is_remembered(preparer, incoming)
    print(f"\n{mix} from seed {SEED}")  # noqa: T201
    assert all(mix[kind] > COUNT for kind in ("served", "refused", "remembered"))  # else it proves little


@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(OPERATORS), st.sampled_from(HOSTILE)), max_size=4
    ),
    st.booleans(),
)
def test_a_query_taken_apart_and_filled_again_means_the_same(
    parts: list[tuple[bytes, bytes, bytes]], call: bool
) -> None:
    query = b"&".join(name + b"=" + operator + value for name, operator, value in parts)
    assert again(query, call=call) == query


@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_taken_apart_and_filled_again_mean_the_same(query: bytes, call: bool) -> None:
    query = query.replace(b"\n", b"")
    assert again(query, call=call) == query


def again(query: bytes, *, call: bool) -> bytes:
    """Taken apart and put together."""
    try:
        shape, slots = take_apart(query, call=call)
    except Refusal:
        return query
    return fill(shape, [slot.raw for slot in slots])


def get(query: bytes, path: str = "/customers") -> Incoming:
    return Incoming("GET", path, query)


@pytest.mark.parametrize(
    ("known", "other"),
    [
        (get(b"id=eq.1"), get(b"id=eq.1\n")),
        (get(b"id=eq."), get(b"id=eq.\n")),
        (get(b"v=1", "/rpc/twice"), get(b"v=eq(5", "/rpc/twice")),
        (get(b"v=1", "/rpc/twice"), get(b"v=%6E%6F%74%2E%69%73%64%69%73%74%69%6E%63%74%2E1", "/rpc/twice")),
        (get(b"id=in.(1)&name=eq.x"), get(b"id=in.(1&name=eq.%00")),
        (get(b"a=1&b=2", "/rpc/add"), get(b"a=" + b"1" * 60 + b"%00&b=%FF", "/rpc/add")),
        (Incoming("POST", "/rpc/now_here", body=b"{}"), Incoming("POST", "/rpc/now_here", body=b" ")),
        (Incoming("POST", "/customers", body=b"{}"), Incoming("POST", "/customers/x", body=b"{")),
        (Incoming("POST", "/customers", body=b"[{}]"), Incoming("POST", "/customers", body=b"[]")),
    ],
)
def test_a_request_that_looks_like_one_that_is_known(known: Incoming, other: Incoming) -> None:
    preparer = Preparer(CONFIG, CATALOG)
    remembered(preparer, known)
    assert remembered(preparer, other) == whole_way(preparer, other)


def test_a_mark_is_never_taken_for_a_value() -> None:
    preparer = Preparer(CONFIG, CATALOG)
    for value in (preparer._mark + b"x0", preparer._mark + b"x1", preparer._mark):
        for query in (
            b"id=eq.%b&name=eq.2" % value,
            b"id=eq.1&name=like.%b" % value,
            b"id=in.(%b,2)" % value,
        ):
            assert remembered(preparer, get(query)) == whole_way(preparer, get(query))


def test_so_many_shapes_are_remembered_and_no_more() -> None:
    preparer = Preparer(CONFIG, CATALOG)
    for number in range(REMEMBERED + 100):
        assert is_remembered(preparer, get(b"select=id&id=eq.1&limit=%d" % number))
    assert len(preparer._known) == REMEMBERED


def test_the_shape_that_was_not_asked_for_longest_makes_room() -> None:
    preparer = Preparer(CONFIG, CATALOG)
    often = preparer.prepare(get(b"id=eq.1"), Story())[0]
    for number in range(REMEMBERED * 2):
        is_remembered(preparer, get(b"select=id&id=eq.1&limit=%d" % number))
        assert preparer.prepare(get(b"id=eq.%d" % number), Story())[0] is often


@pytest.mark.parametrize(
    "incoming",
    [
        get(b"or=(" + b",".join([b"id.eq.1"] * LONGEST_SHAPE) + b")"),
        get(b"id=eq.1", "/" + "x" * LONGEST_SHAPE),
        get(b"id=eq.1")._replace(headers=Headers({"prefer": "x" * LONGEST_SHAPE})),
        Incoming("POST", "/customers", body=b'{"%b": 1}' % (b"x" * LONGEST_SHAPE)),
    ],
)
def test_nobody_fills_the_memory_with_long_shapes(incoming: Incoming) -> None:
    preparer = Preparer(CONFIG, CATALOG)
    assert remembered(preparer, incoming) == whole_way(preparer, incoming)
    assert not preparer._known


def test_a_long_value_does_not_make_a_shape_long() -> None:
    assert is_remembered(Preparer(CONFIG, CATALOG), get(b"name=eq." + b"x" * 50_000))
