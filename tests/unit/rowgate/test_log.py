"""Which requests the log has, and what its lines say."""

import io
import logging

import pytest

from rowgate.config import Config
from rowgate.process.log import AccessLog, access_line
from rowgate.request import Incoming
from rowgate.response import Answer
from rowgate.story import Story

pytestmark = pytest.mark.row("12 logs")


def logged(level: str, status: int) -> bool:
    out = io.StringIO()
    AccessLog(Config(log_level=level), out)(Incoming("GET", "/t"), Story(), Answer(status))
    return bool(out.getvalue())


@pytest.mark.parametrize(
    ("level", "statuses"),
    [
        ("crit", []),
        ("error", [500, 503]),
        ("warn", [400, 401, 404, 500, 503]),
        ("info", [200, 204, 400, 401, 404, 500, 503]),
        ("debug", [200, 204, 400, 401, 404, 500, 503]),
    ],
)
def test_which_answers_a_level_logs(level: str, statuses: list[int]) -> None:
    assert [status for status in (200, 204, 400, 401, 404, 500, 503) if logged(level, status)] == statuses


def test_a_line_names_the_role_and_the_whole_request() -> None:
    story = Story()
    story.role = "editor"
    headers = {"user-agent": "curl/8", "referer": "https://x"}
    incoming = Incoming("GET", "/t", b"id=eq.1", headers, client="10.0.0.1")
    line = access_line(incoming, story, Answer(200, body=b"[]"), 0)
    assert line.startswith("10.0.0.1 - editor [")
    assert line.endswith('] "GET /t?id=eq.1 HTTP/1.1" 200 2 "https://x" "curl/8"')


def test_a_line_without_role_client_or_body() -> None:
    line = access_line(Incoming("DELETE", "/t"), Story(), Answer(204), 0)
    assert line.startswith("- - - [")
    assert line.endswith('] "DELETE /t HTTP/1.1" 204 - "" ""')


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\x1b[0m", "a\u2028b"])
def test_nothing_a_client_sends_ends_its_line(text: str) -> None:
    headers = {"user-agent": text, "referer": text}
    line = access_line(Incoming("GET", f"/{text}", headers=headers), Story(), Answer(200), 0)
    assert line.count('"') == 6
    assert all(letter.isprintable() for letter in line)


@pytest.mark.parametrize(("log_query", "texts"), [(True, ["SELECT 1"]), (False, [])])
def test_the_statement_is_logged_where_the_settings_say_so(
    log_query: bool, texts: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    story = Story()
    story.sql = "SELECT 1"
    with caplog.at_level(logging.INFO, "rowgate"):
        config = Config(log_level="info", log_query=log_query)
        AccessLog(config, io.StringIO())(Incoming("GET", "/t"), story, Answer(200))
    assert caplog.messages == texts
