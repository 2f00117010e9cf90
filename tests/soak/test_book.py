"""The judge of the soak: what is wrong is seen to be wrong, and trouble explains only what it can."""

import itertools
import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from soak.book import Book
from soak.requests import Client, Outcome, Request, make_tokens
from soak.shape import FIRST, Shape, changes
from soak.wire import Answer

CLIENT = Client(0, random.Random("1"), make_tokens())
GONE = Answer(503, b'{"code":"PGRST000"}')


def judged(book: Book, request: Request, answer: Answer) -> bool:
    """Whether the answer to a request that is sent now passes."""
    book.judge(request, book.mark(), answer)
    return not book.failures


def right(request: Request, shape: Shape = FIRST) -> Answer:
    status, body = request.expect(shape)
    said = {"code": body} if status >= 400 else body
    return Answer(status, json.dumps(said).encode())


def changing() -> list[Callable[[Shape], Request]]:
    return [CLIENT.everything, CLIENT.related, CLIENT.shaped, CLIENT.write_and_undo]


@pytest.mark.parametrize("kind", [CLIENT.by_key, CLIENT.page, CLIENT.embed, CLIENT.function, CLIENT.large])
def test_a_wrong_answer_is_a_failure(kind: Callable[[Shape], Request]) -> None:
    request = kind(FIRST)
    assert judged(Book(), request, right(request))
    for wrong in (
        Answer(200, b"[]" if right(request).body != b"[]" else b"[1]"),
        replace(right(request), status=206),
        Answer(404, b'{"code":"PGRST205"}'),
        Answer(500, b"Internal Server Error"),
    ):
        assert not judged(Book(), request, wrong)


def test_another_tenants_row_is_a_failure_wherever_it_stands() -> None:
    book, request = Book(), CLIENT.everything(FIRST)
    assert not judged(book, request, Answer(400, b'{"code":"PGRST200","details":"beta-customer-2"}'))
    assert "another tenant" in book.failures[0]


def test_columns_have_an_order() -> None:
    request = CLIENT.everything(FIRST)
    turned = [dict(reversed(row.items())) for row in FIRST.rows()]
    assert not judged(Book(), request, Answer(200, json.dumps(turned).encode()))


def test_every_change_changes_an_answer() -> None:
    before = FIRST
    for shape, _ in itertools.islice(changes(), 30):
        requests = [kind(shape) for kind in changing()]
        assert any(request.expect(before) != request.expect(shape) for request in requests)
        before = shape


def test_an_old_version_is_right_only_until_the_new_one_is_known_to_all() -> None:
    book = Book()
    shape = next(shape for shape, _ in changes())
    request = CLIENT.everything(FIRST)
    book.versions.append(shape)
    assert judged(book, request, right(request, FIRST))
    assert judged(book, request, right(request, shape))
    assert judged(book, request, Answer(400, b'{"code":"42703"}'))
    early = book.mark()
    book.settled = 1
    book.judge(request, early, right(request, FIRST))  # it was on its way before
    assert not book.failures
    assert judged(book, request, right(request, shape))
    assert not judged(book, request, right(request, FIRST))
    assert len(book.failures) == 1


def test_a_change_explains_nothing_elsewhere() -> None:
    book = Book()
    book.versions.append(next(shape for shape, _ in changes()))
    assert not judged(book, CLIENT.by_key(FIRST), Answer(400, b'{"code":"42703"}'))


def test_an_absent_database_explains_what_was_sent_before_it_was_back() -> None:
    request = CLIENT.by_key(FIRST)
    assert not judged(Book(), request, GONE)
    book = Book(outages=1)
    assert judged(book, request, GONE)
    assert not judged(book, request, Answer(500, b'{"code":"XX000"}'))
    book = Book(outages=1, healed=1)
    assert not judged(book, request, GONE)


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (201, "", Outcome.DONE),
        (503, "PGRST000", Outcome.NOT_DONE),
        (503, "PGRST001", Outcome.UNKNOWN),
        (409, "23505", Outcome.UNKNOWN),
    ],
)
def test_what_became_of_a_write(status: int, code: str, outcome: Outcome) -> None:
    heard: list[Outcome] = []
    request = replace(CLIENT.insert(FIRST), told=heard.append)
    body = json.dumps({"code": code}).encode() if code else right(request).body
    judged(Book(outages=1), request, Answer(status, body))
    assert heard == [outcome]
