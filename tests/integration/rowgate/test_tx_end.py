"""How a transaction ends, by each setting: cases/tx_end/ has a file of cases for each."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.test_cases import walk
from integration.rowgate.world import HERE, Case, read_cases, world_config
from rowgate.app import Gateway
from rowgate.config import TX_ENDS
from submeter.db.database import Database

FOLDER = HERE / "cases" / "tx_end"
CASES = [(end, case) for end in TX_ENDS for case in read_cases(FOLDER / f"{end}.txt")]


@pytest.fixture(scope="module")
def ending(world: Database, run: Run) -> Iterator[Callable[[str], Gateway]]:
    """Makes a gateway whose transactions end in the given way."""
    made: dict[str, Gateway] = {}

    def make(end: str) -> Gateway:
        if end not in made:
            made[end] = Gateway(world_config(world.authenticator_conninfo, db_tx_end=end))
            run(made[end].start())
        return made[end]

    yield make
    for gateway in made.values():
        gateway.stop()


@pytest.mark.parametrize(("end", "case"), CASES, ids=lambda value: getattr(value, "name", value))
def test_ends(
    end: str, case: Case, owner: psycopg.Connection, ending: Callable[[str], Gateway], run: Run
) -> None:
    walk(case, owner, ending(end), run)
