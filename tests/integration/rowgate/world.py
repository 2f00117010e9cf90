"""The world that the gateway's cases live in, and the cases: text files of requests and their answers.

    === a title
    POST /customers?select=id,name        the request line
    as writer                             its role (`as nobody`: no token); writer where nothing is said;
                                          `as writer {"exp": 1}`: with these claims
    Prefer: return=representation         headers

    {"name": "Ann"}                       the body

    --- 201                               the status that must come
    Content-Range: */*                    headers that must come; `Location: -` must not

    [{"id": 7, "name": "Ann"}]            the body: JSON is compared as JSON, else text as text;
                                          `~ {"code": "23505"}` asks for these keys, whatever the others are

A case may go on with another request. Before each case the tables are filled afresh.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from joserfc import jwt
from joserfc.jwk import OctKey

from rowgate.config import Config
from rowgate.request import Incoming

SECRET = "a secret of the tests, long enough for HS256"
HERE = Path(__file__).parent
_PARTS = ("world.sql", "world_media.sql", "world_process.sql", "world_writes.sql")
WORLD = "\n".join((HERE / name).read_text(encoding="utf-8") for name in _PARTS)

_REQUEST = re.compile(r"(GET|HEAD|POST|PATCH|PUT|DELETE|OPTIONS|TRACE|BREW) (/\S*)")
_ANSWER = re.compile(r"--- (\d{3})")


def token(role: str | None, secret: str = SECRET, **claims: Any) -> str:
    """A token as an issuer would make it."""
    said = {**({"role": role} if role else {}), **claims}
    return jwt.encode({"alg": "HS256"}, said, OctKey.import_key(secret))


def bearer(role: str, **claims: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {token(f'rowgate_{role}', **claims)}"}


def world_config(conninfo: str, **settings: Any) -> Config:
    values: dict[str, Any] = {
        "db_schemas": ("api", "archive"),
        "db_anon_role": "rowgate_anon",
        "jwt_secret": SECRET,
        "app_settings": {"colour": "green"},
        "server_host": "127.0.0.1",
        "jwt_aud": "us",
        "server_trace_header": "X-Request-Id",
        "db_plan_enabled": True,
        **settings,
    }
    return Config(db_uri=conninfo, **values)


@dataclass
class Step:
    """A request and the answer that must come."""

    method: str
    url: str
    role: str = "writer"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer: str = ""

    def incoming(self) -> Incoming:
        path, _, query = self.url.partition("?")
        path = unquote(path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.role != "nobody":
            role, _, claims = self.role.partition(" ")
            said = {"role": f"rowgate_{role}", "sub": "ann", **json.loads(claims or "{}")}
            headers = {"authorization": f"Bearer {token(said.pop('role'), **said)}", **headers}
        return Incoming(self.method, path, query.encode(), headers, self.body.encode())


@dataclass
class Case:
    name: str
    steps: list[Step]


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of one file."""
    for text in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = text.partition("\n")
        yield Case(f"{path.stem}: {title}", list(_steps(rest.splitlines())))


def _steps(lines: list[str]) -> Iterator[Step]:
    starts = [number for number, line in enumerate(lines) if _REQUEST.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _step(lines[start:end])


def _step(lines: list[str]) -> Step:
    method, url = _REQUEST.match(lines[0]).groups()  # type: ignore[union-attr]
    cut = next(number for number, line in enumerate(lines) if _ANSWER.match(line))
    headers, body = _headers_and_body(lines[1:cut])
    role = headers.pop("as", "writer")
    answer_headers, answer = _headers_and_body(lines[cut + 1 :])
    status = int(_ANSWER.match(lines[cut])[1])  # type: ignore[index]
    return Step(method, url, role, headers, body, status, answer_headers, answer)


def _headers_and_body(lines: list[str]) -> tuple[dict[str, str], str]:
    blank = lines.index("") if "" in lines else len(lines)
    headers = {}
    for line in lines[:blank]:
        name, _, value = line.partition(" ") if line.startswith("as ") else line.partition(": ")
        headers[name] = value
    return headers, "\n".join(lines[blank:]).strip()


def same(expected: str, found: bytes) -> bool:
    """Whether a body is the expected one."""
    if expected.startswith("~ "):
        wanted, got = json.loads(expected[2:]), json.loads(found)
        return {key: got.get(key) for key in wanted} == wanted
    try:
        # Numbers as they are written: 1.50 is not 1.5.
        return bool(json.loads(expected, parse_float=str) == json.loads(found, parse_float=str))
    except ValueError:
        return expected == found.decode()


def wait_until(done: Any, patience_s: float = 30) -> None:
    """Wait for something that must come true."""
    end = time.monotonic() + patience_s
    while not done():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
