"""Cases as text: requests and the answers that must come.

    +++ films db_max_rows=2               the world of the cases below, and settings that differ from its own

    === a title [1 computed columns]      the rows of rows.txt that the request itself does not show
    POST /customers?select=id,name        the request line
    as writer                             its role (`as nobody`: no token), else the world's usual one;
                                          `as writer {"exp": 1}`: with these claims
    Prefer: return=representation         headers

    {"name": "Ann"}                       the body

    --- 201                               the status that must come
    Content-Range: */*                    headers that must come; `Location: -` must not;
    Server-Timing: ~ jwt;dur=.*           `~` asks for a pattern

    [{"id": 7, "name": "Ann"}]            the body: JSON is compared as JSON, else text as text

Other forms of an expected body: `= text` byte for byte; `~ {"code": "23505"}` these keys, whatever the others
are; lines of `@ /json/pointer value`, with `-` for a value that is not there; lines of `has text` and
`has not text`. A case may go on with another request. A file in a folder is about a setting, and its name is
the value (db_tx_end/rollback.txt), unless the file says so in its own `+++`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from rowgate.config import Config

CASES = Path(__file__).parent / "cases"
SETTINGS = frozenset(setting.name for setting in fields(Config))

_REQUEST = re.compile(r"(GET|HEAD|POST|PATCH|PUT|DELETE|OPTIONS|TRACE|BREW) (/\S*)")
_ANSWER = re.compile(r"--- (\d{3})")
_TAG = re.compile(r"\[(\d[^\]]*)\]")


@dataclass(frozen=True)
class Step:
    """A request and the answer that must come. ``role`` may go on with claims."""

    method: str
    url: str
    role: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 0
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""


@dataclass(frozen=True)
class Case:
    name: str
    tags: tuple[str, ...]
    steps: tuple[Step, ...]
    world: str = "company"
    settings: Mapping[str, str] = field(default_factory=dict)


def all_cases() -> list[Case]:
    """The cases of every file."""
    return [case for path in sorted(CASES.rglob("*.txt")) for case in read_cases(path)]


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of one file."""
    world, settings = "company", _settings_of_folder(path)
    for text in re.split(r"^(?=\+\+\+ |=== )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        first, _, rest = text.partition("\n")
        if first.startswith("+++ "):
            world, *said = first.split()[1:]
            settings = _settings_of_folder(path) | dict(part.split("=", 1) for part in said)
        else:
            title = first.removeprefix("=== ")
            name = (
                f"{path.relative_to(CASES).with_suffix('')}: {title}" if path.is_relative_to(CASES) else title
            )
            yield Case(name, tuple(_TAG.findall(title)), tuple(_steps(rest.splitlines())), world, settings)


def _settings_of_folder(path: Path) -> dict[str, str]:
    return {path.parent.name: path.stem} if path.parent.name in SETTINGS else {}


def _steps(lines: list[str]) -> Iterator[Step]:
    starts = [number for number, line in enumerate(lines) if _REQUEST.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _step(lines[start:end])


def _step(lines: list[str]) -> Step:
    method, url = _REQUEST.match(lines[0]).groups()  # type: ignore[union-attr]
    cut = next(number for number, line in enumerate(lines) if _ANSWER.match(line))
    headers, body = _headers_and_body(lines[1:cut])
    answer_headers, answer = _headers_and_body(lines[cut + 1 :])
    status = int(_ANSWER.match(lines[cut])[1])  # type: ignore[index]
    step = Step(method, url, headers.pop("as", ""), headers, body)
    return replace(step, status=status, answer_headers=answer_headers, answer=answer)


def _headers_and_body(lines: list[str]) -> tuple[dict[str, str], str]:
    blank = lines.index("") if "" in lines else len(lines)
    headers = {}
    for line in lines[:blank]:
        name, _, value = line.partition(" ") if line.startswith("as ") else line.partition(": ")
        headers[name] = value
    return headers, "\n".join(lines[blank:]).strip()
