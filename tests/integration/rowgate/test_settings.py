"""Cases under another setting than the world's: cases/<setting>/<value>.txt."""

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.test_cases import walk
from integration.rowgate.world import HERE, Case, read_cases, world_config
from rowgate.app import Gateway
from rowgate.config import Config
from submeter.db.database import Database

SETTINGS = {setting.name for setting in fields(Config)}
FILES = sorted(path for path in (HERE / "cases").glob("*/*.txt") if path.parent.name in SETTINGS)
CASES = [(path.parent.name, path.stem, case) for path in FILES for case in read_cases(path)]


@pytest.fixture(scope="module")
def gateway_with(world: Database, run: Run) -> Iterator[Callable[[str, str], Gateway]]:
    """Makes a gateway with one setting changed, once for each value."""
    made: dict[tuple[str, str], Gateway] = {}

    def make(setting: str, text: str) -> Gateway:
        if (setting, text) not in made:
            config = world_config(world.authenticator_conninfo, **{setting: value(text)})
            made[setting, text] = Gateway(config)
            run(made[setting, text].start())
        return made[setting, text]

    yield make
    for gateway in made.values():
        gateway.stop()


def value(text: str) -> Any:
    """A number, true or false, or else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize(
    ("setting", "text", "case"), CASES, ids=[f"{setting} {case.name}" for setting, _, case in CASES]
)
def test_case_under(
    setting: str,
    text: str,
    case: Case,
    owner: psycopg.Connection,
    gateway_with: Callable[[str, str], Gateway],
    run: Run,
) -> None:
    walk(case, owner, gateway_with(setting, text), run)
