"""The fast lane beside the stock server, over real connections: whatever is sent, the two say the same."""

from collections.abc import Iterator
from typing import Any

import pytest

from integration.rowgate.lanes import Two, two
from integration.rowgate.traffic import (
    BROKEN,
    BY_KEY,
    CALL,
    EMPTY_PATCH,
    GET,
    HEADS,
    LARGEST,
    UNUSUAL,
    USUAL,
)
from integration.rowgate.wire import WRITER, Reply, all_replies, request, wire
from submeter.db.database import Database


@pytest.fixture(scope="module")
def both(world: Database) -> Iterator[Two]:
    with two(world.authenticator_conninfo, max_body=LARGEST) as both:
        yield both


def title(raw: Any) -> str:
    return (
        repr(raw.replace(b"Authorization: " + WRITER.encode() + b"\r\n", b"")[:70])
        if isinstance(raw, bytes)
        else str(raw)
    )


@pytest.mark.parametrize("raw", [*USUAL, *UNUSUAL, *BROKEN], ids=title)
def test_both_answer_the_same(both: Two, raw: bytes) -> None:
    replies = both.agree(raw)
    assert not any(isinstance(reply, Reply) and b"PT499" in reply.body for reply in replies), (
        "a body was taken for a request"
    )


@pytest.mark.parametrize("raw", HEADS, ids=title)
def test_head_has_no_body(both: Two, raw: bytes) -> None:
    _, last, _ = both.agree(raw, heads=(True,))
    assert isinstance(last, Reply)
    assert last.body == b'[{"id":1}]'


def test_what_is_usual_goes_through_the_lane(both: Two) -> None:
    for raw in (*USUAL[:45], *HEADS):
        taken, _ = both.taken(lambda raw=raw: all_replies(both.port, [raw], (raw[:4] == b"HEAD",)))  # type: ignore[misc]
        assert taken == 1, raw
    for raw in (*UNUSUAL[:11], *BROKEN):
        taken, _ = both.taken(lambda raw=raw: all_replies(both.port, [raw]))  # type: ignore[misc]
        assert taken == 0, raw


@pytest.mark.parametrize(
    "raw",
    [GET, CALL, EMPTY_PATCH, request("HEAD", "/escos"), request("GET", "/nothing", Origin="https://a")],
    ids=title,
)
def test_a_request_in_two_parts(both: Two, raw: bytes) -> None:
    head = (raw[:4] == b"HEAD",)
    whole = all_replies(both.port, [raw], head)
    assert whole == all_replies(both.stock, [raw], head)
    for place in range(1, len(raw)):
        assert all_replies(both.port, [raw[:place], raw[place:]], head) == whole, place


def test_a_request_byte_by_byte(both: Two) -> None:
    assert all_replies(both.port, [bytes([byte]) for byte in CALL]) == all_replies(both.port, [CALL])


@pytest.mark.parametrize("upgrade", ["websocket", "h2c"])
def test_an_upgrade_is_declined(both: Two, upgrade: str) -> None:
    raw = request("GET", "/escos?id=eq.1&select=id", Connection="Upgrade, HTTP2-Settings", Upgrade=upgrade)
    replies = []
    for port in (both.port, both.stock):
        with wire(port) as connection:
            connection.send(raw)
            replies.append(connection.reply())
    assert replies[0] == replies[1]
    assert replies[0].body == b'[{"id":1}]'


@pytest.mark.parametrize("count", [2, 50])
def test_pipelined_requests_are_answered_in_order(both: Two, count: int) -> None:
    raws = [(USUAL[:30] + HEADS)[number % 37] for number in range(count)]
    heads = tuple(raw[:4] == b"HEAD" for raw in raws)
    alone = [all_replies(both.stock, [raw], (head,))[0] for raw, head in zip(raws, heads, strict=True)]
    for parts in ([b"".join(raws)], raws):
        assert all_replies(both.port, parts, heads)[:-2] == alone
    text = b"".join(raws)
    for size in (64, 1000):  # wherever the packets end
        parts = [text[start : start + size] for start in range(0, len(text), size)]
        assert all_replies(both.port, parts, heads)[:-2] == alone


def test_slow_ones_hold_up_those_behind_them_and_none_before(both: Two) -> None:
    raws = [
        BY_KEY,
        request("GET", "/rpc/slow?seconds=0.3"),
        request("POST", "/rpc/slow", b'{"seconds": 0.1}'),
        GET,
    ]
    bodies = [reply.body for reply in both.agree(b"".join(raws)) if isinstance(reply, Reply)]
    assert [body[:9] for body in bodies] == [b'[{"id":2}', b'"slept"', b'"slept"', b'[{"id":1,', b'[{"id":1}']
