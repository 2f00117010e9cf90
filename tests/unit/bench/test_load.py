"""The load must see what is wrong, or the bench would praise a gateway that answers nonsense."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from bench import load
from bench.answers import parse
from bench.load import Exchange

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
REQUEST = Exchange("GET / HTTP/1.1\r\nhost: x\r\n\r\n", "\r\n\r\n[]")
Serve = Callable[..., int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves the pieces of one answer, again and again, on each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(*pieces: bytes) -> int:
            threading.Thread(target=_accept, args=(listener, pieces), daemon=True).start()
            return int(listener.getsockname()[1])

        yield answer
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, pieces: tuple[bytes, ...]) -> None:
    while True:
        try:
            link, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(link, pieces), daemon=True).start()


def _answer(link: socket.socket, pieces: tuple[bytes, ...]) -> None:
    with link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while link.recv(65536):
            for piece in pieces:
                link.sendall(piece)


@pytest.mark.parametrize("connections", [2, 16])
def test_right_answers_are_counted(serve: Serve, connections: int) -> None:
    made = load.run(serve(GOOD), [REQUEST], connections, 0.1)
    assert made.answers >= connections
    assert made.failures == 0
    assert 0 < made.p50 <= made.p99
    assert made.rate == made.answers / made.seconds


def test_an_answer_may_come_in_pieces(serve: Serve) -> None:
    assert load.run(serve(GOOD[:10], GOOD[10:-1], GOOD[-1:]), [REQUEST], 2, 0.1).failures == 0


@pytest.mark.parametrize(
    "wrong",
    [
        GOOD.replace(b"200", b"404"),
        GOOD.replace(b"[]", b"{}"),
        GOOD.replace(b": 2", b": 4") + b"[]",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
def test_a_wrong_answer_ends_the_bench(serve: Serve, wrong: bytes) -> None:
    with pytest.raises(SystemExit, match="answers were wrong"):
        load.run(serve(wrong), [REQUEST], 2, 0.1)


def test_each_request_has_its_own_answer(serve: Serve) -> None:
    other = Exchange(REQUEST.request, "\r\n\r\n[1]")
    with pytest.raises(SystemExit, match="answers were wrong"):
        load.run(serve(GOOD), [REQUEST, other], 2, 0.1)


def test_a_server_that_hangs_up_ends_the_bench() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            listener.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(SystemExit, match="the load failed"):
            load.run(listener.getsockname()[1], [REQUEST], 1, 0.1)


def test_chunks_are_one_body() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"2\r\n[1\r\n1;x=y\r\n]\r\n0\r\n\r\n"
    answer = parse(head + body)
    assert answer
    assert (answer.status, answer.body, answer.tail) == (200, b"[1]", b"\r\n\r\n" + body)


def test_an_unfinished_answer_is_none() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
    for whole in (GOOD, chunked):
        assert parse(whole)
        assert [parse(whole[:end]) for end in range(len(whole))] == [None] * len(whole)
