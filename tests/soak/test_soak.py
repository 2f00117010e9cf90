"""A long life at full load: the database restarts, the schema changes, clients vanish, and every answer is right."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest
import uvloop

from integration.rowgate.world import wait_until
from soak.book import table
from soak.server import GatewayProcess, OwnDatabase
from soak.soak import Size, Soak

FULL = bool(os.environ.get("SUBMETER_PROVE"))
SECONDS = float(os.environ.get("SUBMETER_SOAK", "600" if FULL else "8"))
SEED = os.environ.get("SUBMETER_SOAK_SEED", "1")
STEADY_S = 60  # a shorter run is all warming up, and says nothing of memory
SIZE = Size(SECONDS) if FULL else Size(SECONDS, restarts=1, changes=3, crowds=0)
SHORT = Size(max(SECONDS / 10, 8), restarts=1, changes=3, crowds=0)

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")


@pytest.fixture
def own_database(short_tmp: Path) -> Iterator[OwnDatabase]:
    database = OwnDatabase(short_tmp / "db")
    try:
        database.make_login()
        yield database
    finally:
        database.close()


@pytest.mark.proof
@pytest.mark.parametrize(("workers", "size"), [(2, SIZE), (1, SHORT)])
def test_nothing_is_wrong_in_a_long_life(
    own_database: OwnDatabase, tmp_path: Path, workers: int, size: Size, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = GatewayProcess(own_database.conninfo("soak_login"), tmp_path / "log", workers)
    try:
        base = gateway.descriptors(), own_database.backends()
        soak = Soak(size, SEED, own_database, gateway)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(soak.run())
        with capsys.disabled():
            sys.stdout.write(report(soak, workers))
        check_answers(soak)
        check_writes(soak)
        wait_until(lambda: (gateway.descriptors(), own_database.backends()) == base)
        check_memory(soak.memory)
    finally:
        code = gateway.stop()
    assert code == 0
    assert "Traceback" not in gateway.log(), gateway.log()


def check_answers(soak: Soak) -> None:
    book = soak.book
    shown = "\n".join(book.failures[:10])
    assert not book.failures, f"seed {soak.seed}: {len(book.failures)} failures\n{shown}"
    assert (book.outages, book.settled) == (soak.size.restarts, soak.size.changes)
    assert book.dropped > 10
    assert min(book.asked.values()) > 0
    away = sum(count for (status, _, why), count in book.answers.items() if status == 503 and "away" in why)
    assert away > 0, "nobody noticed that the database was away"


def check_writes(soak: Soak) -> None:
    """What was acknowledged is there once, what is unknown at most once, and nothing else is there."""
    with soak.database.connect() as connection:
        found = Counter(key for (key,) in connection.execute("select key from api.written"))
        values = dict(connection.execute("select id, value from api.counters"))
    known = set[str]().union(*(client.written.known for client in soak.clients))
    unknown = set[str]().union(*(client.written.unknown for client in soak.clients))
    assert [key for key, count in found.items() if count > 1] == []
    assert known - found.keys() == set()
    assert found.keys() - known - unknown == set()
    for client in soak.clients:
        for number, possible in client.written.counters.items():
            assert values[number] in possible


def thirds(samples: list[dict[int, int]]) -> dict[int, tuple[float, float]]:
    """What each process kept in the second and in the last third.

    Nine samples of ten have more: the answers that clients have not read yet come and go with those clients.
    What leaks does not go.
    """
    part = len(samples) // 3
    return {
        pid: (_floor(samples[part : 2 * part], pid), _floor(samples[2 * part :], pid)) for pid in samples[0]
    }


def _floor(samples: list[dict[int, int]], pid: int) -> float:
    return quantiles((one[pid] for one in samples), n=10)[0]


def check_memory(samples: list[dict[int, int]]) -> None:
    assert len({frozenset(one) for one in samples}) == 1, "a worker ended"
    if len(samples) < STEADY_S:
        return
    for pid, (second, last) in thirds(samples).items():
        assert last < second * 1.1, f"process {pid} grew from {second / 2**20:.0f} to {last / 2**20:.0f} MiB"


def report(soak: Soak, workers: int) -> str:
    book, size = soak.book, soak.size
    memory = (
        f"{second / 2**20:.0f} -> {last / 2**20:.0f} of {max(one[pid] for one in soak.memory) / 2**20:.0f} MiB"
        for pid, (second, last) in thirds(soak.memory).items()
    )
    rows: list[tuple[str, object]] = [
        ("requests", sum(book.asked.values())),
        *((f"  {kind}", count) for kind, count in sorted(book.asked.items())),
        ("answers", sum(book.answers.values())),
        *(
            (f"  {status} {code} ({why})", count)
            for (status, code, why), count in sorted(book.answers.items())
        ),
        ("without explanation", len(book.failures)),
        ("clients dropped", book.dropped),
        ("restarts of the database", f"{book.outages}, healed after {_seconds(soak.healing_s)} s"),
        ("changes of the schema", f"{book.settled}, known after {_seconds(soak.changes_s)} s"),
        ("pool exhausted", book.crowds),
        ("memory kept, second and last third, of the most", ", ".join(memory)),
    ]
    title = f"\nsoak: {size.seconds:.0f} s, {size.clients} clients, {workers} process(es), seed {soak.seed}\n"
    return f"{title}{table(rows)}\n"


def _seconds(values: list[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)
