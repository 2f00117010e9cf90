"""The log: one line a request on stdout, what happens to the process on stderr."""

import logging
import sys
import time
from typing import TextIO

from rowgate.config import Config
from rowgate.request import Incoming
from rowgate.response import Answer
from rowgate.story import Story

__all__ = ["AccessLog", "access_line", "set_up"]

_LEAST = {"crit": 1000, "error": 500, "warn": 400, "info": 0, "debug": 0}


def set_up(config: Config) -> None:
    """Diagnostics go to stderr, whatever the level: they are few."""
    logging.basicConfig(
        level=logging.DEBUG if config.log_level == "debug" else logging.INFO,
        format="%(asctime)s: %(message)s",
        datefmt="%d/%b/%Y:%H:%M:%S %z",
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for noisy in ("asyncio", "psycopg", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


class AccessLog:
    """Writes a line for the requests that ``log-level`` asks for; their SQL too where ``log-query`` does."""

    def __init__(self, config: Config, out: TextIO | None = None) -> None:
        self._least = _LEAST[config.log_level]
        self._with_sql = config.log_query
        self._out = out or sys.stdout

    def wants(self, status: int) -> bool:
        """Whether there is a line to be written about such an answer."""
        return status >= self._least

    def __call__(self, incoming: Incoming, story: Story, answer: Answer) -> None:
        if answer.status < self._least:
            return
        if self._with_sql and story.sql:
            logging.getLogger("rowgate").info("%s", story.sql)
        print(access_line(incoming, story, answer, time.time()), file=self._out, flush=True)


def access_line(incoming: Incoming, story: Story, answer: Answer, now: float) -> str:
    """The line that web servers have always written."""
    when = time.strftime("%d/%b/%Y:%H:%M:%S %z", time.localtime(now))
    query = f"?{incoming.query_string.decode('latin-1')}" if incoming.query_string else ""
    size = len(answer.body) or "-"
    return (
        f"{incoming.client or '-'} - {_safe(story.role or '-')} [{when}] "
        f'"{incoming.method} {_safe(incoming.path + query)} HTTP/1.1" {answer.status} {size} '
        f'"{_safe(incoming.headers.get("referer", ""))}" "{_safe(incoming.headers.get("user-agent", ""))}"'
    )


def _safe(text: str) -> str:
    """Nothing a client sends may end the line, or its place in it."""
    return "".join(
        letter if letter.isprintable() and letter != '"' else f"\\u{ord(letter):04x}" for letter in text
    )
