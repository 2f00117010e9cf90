"""The cases of cases/reads/*.txt: reading, over the world of films.

The first line of a file may be ``with db_max_rows=2``: settings that its cases run under.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.world import HERE, Case, read_cases, same
from rowgate.app import Gateway
from rowgate.config import from_environment
from submeter.db.database import Database

Serve = Callable[[Path], Gateway]
CASES = [
    (path, case) for path in sorted((HERE / "cases" / "reads").glob("*.txt")) for case in read_cases(path)
]


def settings(path: Path) -> dict[str, str]:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    return (
        dict(part.split("=") for part in first.removeprefix("with ").split())
        if first.startswith("with ")
        else {}
    )


@pytest.fixture(scope="module")
def serve(module_database: Database, run: Run) -> Iterator[Serve]:
    """The gateway over the world of films, with the settings that a file of cases asks for."""
    with psycopg.connect(module_database.owner_conninfo, autocommit=True) as connection:
        connection.execute((HERE / "world_reads.sql").read_text(encoding="utf-8"))
    gateways: dict[Path, Gateway] = {}

    def serving(path: Path) -> Gateway:
        if path not in gateways:
            said: dict[str, Any] = {
                "DB_URI": module_database.authenticator_conninfo, "DB_SCHEMAS": "film", "DB_ANON_ROLE": "rowgate_anon",
                **{name.upper(): value for name, value in settings(path).items()},
            }  # fmt: skip
            gateways[path] = Gateway(
                from_environment({f"PGRST_{name}": value for name, value in said.items()})
            )
            run(gateways[path].start())
        return gateways[path]

    yield serving
    for gateway in gateways.values():
        gateway.stop()


@pytest.mark.parametrize(("path", "case"), CASES, ids=lambda value: getattr(value, "name", ""))
def test_reading(path: Path, case: Case, serve: Serve, run: Run) -> None:
    for step in case.steps:
        step.role = "nobody"
        answer = run(serve(path).answer(step.incoming()))
        found = f"{step.method} {step.url}\n{answer.status} {dict(answer.headers)}\n{answer.body.decode()}"
        assert answer.status == step.status, found
        for name, value in step.answer_headers.items():
            values = [text for key, text in answer.headers if key.lower() == name.lower()]
            assert values == [] if value == "-" else value in values, found
        assert same(step.answer, answer.body) if step.answer else not answer.body, found
