"""The fast lane without a socket: what it remembers, and how long it bears a connection that does nothing."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.config import Config as ServerConfig
from uvicorn.server import ServerState

from rowgate.config import Config
from rowgate.express import LONGEST_REMEMBERED, REMEMBERED
from rowgate.lane import (
    IDLE_S,
    LONGEST_HEAD,
    LONGEST_IN_PARTS,
    MOST_PARTS,
    SWEEP_S,
    UNREAD_S,
    Connection,
    Lane,
)
from rowgate.patience import LAST_S, PatientProtocol
from rowgate.response import Answer
from unit.rowgate.clockwork import Clockwork

GET = b"GET /a?id=eq.1 HTTP/1.1\r\nHost: x\r\n\r\n"


class Gateway:
    """Keeps what it is asked until a test says the answer."""

    def __init__(self) -> None:
        self.config = Config(db_uri="unused")
        self.asked: list[Any] = []
        self.abandoned = 0
        self.current = None

    def begin(self, incoming: Any, respond: Any) -> Any:
        self.asked.append((incoming, respond))
        return self._abandon

    def way(self, incoming: Any, values: Any) -> None:
        """None is known."""

    def _abandon(self) -> None:
        self.abandoned += 1

    def answer(self, answer: Answer) -> None:
        """Answer what was asked last."""
        self.asked[-1][1](answer)


class Transport(asyncio.Transport):
    """Keeps what is written, as unsent as a test wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unsent = 0
        self.protocol: Any = None
        self.ended = ""
        self.reading = True

    def write(self, data: Any) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = self.ended or "aborted"

    def is_closing(self) -> bool:
        return bool(self.ended)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol


class World:
    """One connection of a lane, and time that passes when it is told to."""

    def __init__(self) -> None:
        self.loop = Clockwork()
        asyncio.set_event_loop(self.loop)
        self.gateway, self.transport, self.state = Gateway(), Transport(), ServerState()
        self.lane = Lane(self.gateway)  # type: ignore[arg-type]
        self.loop.run_until_complete(self._connect())

    async def _connect(self) -> None:
        config = ServerConfig(app=_nobody, lifespan="off", log_config=None)
        config.load()
        self.connection: Connection = self.lane(config, self.state, {})
        self.connection.connection_made(self.transport)

    def send(self, data: bytes) -> None:
        self.do(lambda: self.connection.data_received(data))

    def do(self, act: Any) -> None:
        self.loop.call_soon(act)
        self.loop.settle()

    def pass_s(self, seconds: float) -> None:
        self.loop.settle(later_s=seconds)


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("nothing is to come this far")


class Stock:
    """What the stock server is told, in the place of doing it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.got: list[Any] = []
        for name in ("connection_made", "data_received"):
            monkeypatch.setattr(PatientProtocol, name, lambda _, given: self.got.append(given))
        monkeypatch.setattr(PatientProtocol, "shutdown", lambda _: self.got.append("shutdown"))


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> Stock:
    return Stock(monkeypatch)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.connection.connection_lost(None)
    world.loop.settle()
    world.loop.close()
    asyncio.set_event_loop(None)


def test_a_connection_that_does_nothing_is_ended(world: World) -> None:
    world.pass_s(IDLE_S - 1)
    assert not world.transport.ended
    world.pass_s(1)
    assert world.transport.ended


def test_one_that_asks_now_and_then_is_kept(world: World) -> None:
    for _ in range(5):
        world.send(GET)
        world.gateway.answer(Answer(200))
        world.pass_s(IDLE_S - 10)
    assert not world.transport.ended
    assert len(world.gateway.asked) == 5
    world.pass_s(20)
    assert world.transport.ended


def test_one_that_waits_for_its_answer_is_kept(world: World) -> None:
    world.send(GET)
    world.pass_s(3 * IDLE_S)
    assert not world.transport.ended
    world.gateway.answer(Answer(200, (), b"late"))
    assert world.transport.written.endswith(b"late")


def test_an_answer_that_nobody_reads_ends_the_connection(world: World) -> None:
    world.send(GET)
    world.transport.unsent = 1_000_000
    world.gateway.answer(Answer(200))
    world.do(world.connection.pause_writing)
    world.pass_s(UNREAD_S - 1)
    assert not world.transport.ended
    world.pass_s(IDLE_S)
    assert world.transport.ended == "aborted"  # to close it would be to wait for the client


def test_a_small_answer_that_nobody_reads_does_too(world: World) -> None:
    world.send(GET)
    world.transport.unsent = 1_000
    world.gateway.answer(Answer(200))
    world.pass_s(IDLE_S + 10)
    assert world.transport.ended == "aborted"


def test_an_answer_that_is_read_slowly_is_sent_to_its_end(world: World) -> None:
    world.send(GET)
    world.transport.unsent = 1_000_000
    world.gateway.answer(Answer(200))
    world.do(world.connection.pause_writing)
    for _ in range(30):
        world.pass_s(20)
        world.transport.unsent -= 10_000
    assert not world.transport.ended
    world.do(world.connection.resume_writing)
    world.send(GET)
    assert len(world.gateway.asked) == 2


def test_what_comes_while_an_answer_is_unread_waits(world: World) -> None:
    world.send(GET)
    world.gateway.answer(Answer(200))
    world.do(world.connection.pause_writing)
    world.send(GET + GET)
    assert (len(world.gateway.asked), world.transport.reading) == (1, False)
    world.do(world.connection.resume_writing)
    assert (len(world.gateway.asked), world.transport.reading) == (2, True)
    world.gateway.answer(Answer(200))
    world.loop.settle()
    assert len(world.gateway.asked) == 3


def test_what_is_behind_a_request_is_read_no_further_until_its_answer(world: World) -> None:
    world.send(GET)
    world.send(GET)
    assert (len(world.gateway.asked), world.transport.reading) == (1, False)
    world.gateway.answer(Answer(200))
    world.loop.settle()
    assert (len(world.gateway.asked), world.transport.reading) == (2, True)


def test_a_client_that_goes_away_abandons_its_request(world: World) -> None:
    world.send(GET)
    world.connection.connection_lost(None)
    assert world.gateway.abandoned == 1
    world.connection.connection_lost(None)
    assert not world.state.connections


def test_an_answered_request_is_not_abandoned(world: World) -> None:
    world.send(GET)
    world.gateway.answer(Answer(200))
    world.connection.connection_lost(None)
    assert world.gateway.abandoned == 0


def test_a_server_that_stops_answers_what_runs_and_says_that_it_was_the_last(world: World) -> None:
    world.send(GET + GET)
    world.do(world.connection.shutdown)
    world.pass_s(10)
    assert not world.transport.ended
    world.gateway.answer(Answer(200, (), b"last"))
    assert b"connection: close\r\n" in world.transport.written
    assert (world.transport.ended, len(world.gateway.asked)) == ("closed", 1)


def test_a_server_that_stops_waits_for_what_may_be_on_its_way(world: World) -> None:
    world.do(world.connection.shutdown)
    world.pass_s(LAST_S / 2)
    world.send(GET)
    world.pass_s(LAST_S)
    assert not world.transport.ended
    world.gateway.answer(Answer(200))
    assert world.transport.ended == "closed"


def test_an_idle_connection_ends_with_the_server(world: World) -> None:
    world.do(world.connection.shutdown)
    world.pass_s(LAST_S)
    assert world.transport.ended == "closed"


def test_what_is_unusual_goes_to_the_stock_server_whole(world: World, stock: Stock) -> None:
    world.do(world.connection.shutdown)
    world.send(GET[:-5])
    # The data goes first: who has nothing under way is sent home at once.
    assert stock.got == [world.transport, GET[:-5], "shutdown"]
    assert isinstance(world.transport.protocol, PatientProtocol)
    assert not world.state.connections
    world.pass_s(2 * IDLE_S)
    assert world.transport.ended != "aborted"


def post(body: bytes) -> bytes:
    return b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize("parts", [[15], [3, 12], [1] * 15])
def test_a_body_may_come_behind_its_head(world: World, stock: Stock, parts: list[int]) -> None:
    body = b"x" * sum(parts)
    world.send(post(body)[: -len(body)])
    for length in parts:
        assert not world.gateway.asked
        world.send(b"x" * length)
    (incoming, _) = world.gateway.asked[0]
    assert (incoming.method, incoming.body) == ("POST", body)
    world.gateway.answer(Answer(201))
    world.send(post(body)[:-1])
    world.send(b"x" + GET)  # and the next request with the last of it
    world.gateway.answer(Answer(201))
    world.pass_s(0)
    assert [asked.method for asked, _ in world.gateway.asked] == ["POST", "POST", "GET"]
    assert not stock.got


def test_a_body_in_too_many_parts_goes_to_the_stock_server(world: World, stock: Stock) -> None:
    body = b"x" * (MOST_PARTS + 1)
    raw = post(body)
    world.send(raw[: -len(body)])
    for _ in range(MOST_PARTS):
        world.send(b"x")
    assert stock.got == [world.transport, raw[:-1]]
    assert not world.gateway.asked


def test_a_body_that_is_long_goes_to_the_stock_server_at_once(world: World, stock: Stock) -> None:
    raw = post(b"x" * (LONGEST_IN_PARTS + 1))[:-1]
    world.send(raw)
    assert stock.got == [world.transport, raw]


def test_a_body_that_does_not_come_is_waited_for_by_the_stock_server(world: World, stock: Stock) -> None:
    raw = post(b"abc")[:-1]
    world.send(raw)
    world.pass_s(SWEEP_S / 2)
    assert not stock.got
    world.pass_s(2 * SWEEP_S)
    assert stock.got == [world.transport, raw]


def test_a_request_half_there_when_the_server_stops(world: World, stock: Stock) -> None:
    raw = post(b"abc")[:-1]
    world.send(raw)
    world.do(world.connection.shutdown)
    assert stock.got == [world.transport, raw, "shutdown"]


def test_a_body_that_comes_while_nobody_reads_the_answers(world: World, stock: Stock) -> None:
    world.send(post(b"abc")[:-1])
    world.do(world.connection.pause_writing)
    world.send(b"c" + GET)
    world.pass_s(2 * SWEEP_S)
    assert not world.gateway.asked
    assert not stock.got
    world.do(world.connection.resume_writing)
    assert [incoming.body for incoming, _ in world.gateway.asked] == [b"abc"]


def head(number: int, length: int = 0) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: x\r\nX-A: %d%b\r\n\r\n" % (number, b"y" * length)


def test_so_many_heads_are_remembered_and_no_more(world: World) -> None:
    for number in range(3 * REMEMBERED):
        whole = world.lane.read(head(number), "")
        assert isinstance(whole, tuple)
        assert whole[0].headers["x-a"] == str(number)
    assert len(world.lane._senders) == REMEMBERED
    for number in range(3 * REMEMBERED):
        world.lane.write(
            Answer(200, (("X-A", str(number)),)), whole[1], world.state, last=False, bodiless=False
        )
    assert len(world.lane._heads) == REMEMBERED


def test_long_heads_are_read_and_forgotten(world: World) -> None:
    long = world.lane.read(head(1, LONGEST_REMEMBERED), "")
    assert isinstance(long, tuple)
    assert long[0].headers["x-a"] == "1" + "y" * LONGEST_REMEMBERED
    sent = world.lane.write(
        Answer(200, (("X-A", "z" * LONGEST_REMEMBERED),)),
        long[1],
        world.state,
        last=False,
        bodiless=False,
    )
    assert b"z" * LONGEST_REMEMBERED in sent
    assert (world.lane._senders, world.lane._heads) == ({}, {})
    assert world.lane.read(head(1, LONGEST_HEAD), "") is None


def test_what_the_settings_said_is_forgotten_with_them(world: World) -> None:
    raw = b"POST / HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\nContent-Length: 3\r\n\r\nabc"
    whole = world.lane.read(raw, "")
    assert isinstance(whole, tuple)
    assert dict(whole[1].cross_origin)["Access-Control-Allow-Origin"] == "*"
    world.gateway.config = Config(db_uri="unused", server_cors_allowed_origins=("https://b",))
    whole = world.lane.read(raw, "")
    assert isinstance(whole, tuple)
    assert not whole[1].cross_origin
    world.gateway.config = Config(db_uri="unused", max_body=2)
    assert world.lane.read(raw, "") is None


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "X-Forwarded-For: 9.9.9.9\r\n", "9.9.9.9"),
        ("127.0.0.1", "X-Forwarded-For: 6.6.6.6, 9.9.9.9, 127.0.0.1\r\n", "9.9.9.9"),
        ("127.0.0.1", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 9.9.9.9\r\n", "9.9.9.9"),
        ("8.8.8.8", "X-Forwarded-For: 9.9.9.9\r\n", "8.8.8.8"),
        ("", "X-Forwarded-For: 9.9.9.9\r\n", ""),
    ],
)
def test_who_asks_through_a_proxy_is_believed_as_uvicorn_believes_it(
    world: World, peer: str, said: str, client: str
) -> None:
    whole = world.lane.read(f"GET / HTTP/1.1\r\nHost: x\r\n{said}\r\n".encode(), peer)
    assert isinstance(whole, tuple)
    assert whole[0].client == client


def test_only_what_is_under_the_prefix_is_the_gateways(world: World) -> None:
    lane = Lane(world.gateway, "/rest/v1")  # type: ignore[arg-type]

    def inside(path: str) -> str | None:
        whole = lane.read(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), "")
        return whole[0].path if isinstance(whole, tuple) else None

    assert [inside(path) for path in ("/rest/v1/a", "/rest/v1", "/rest/v1/", "/rest%2Fv1/%61")] == [
        "/a",
        "",
        "/",
        "/a",
    ]
    assert [
        inside(path) for path in ("/", "/health", "/rest/v1a", "/rest/v", "/a/rest/v1/b", "//rest/v1/a")
    ] == [None] * 6


def test_a_status_without_a_name(world: World) -> None:
    sender: Any = SimpleNamespace(cross_origin=())
    sent = world.lane.write(
        Answer(299, (("X-É", "名"),), b"x"), sender, world.state, last=False, bodiless=False
    )
    assert sent == b"HTTP/1.1 299 \r\nx-\xe9: ?\r\ncontent-length: 1\r\n\r\nx"
