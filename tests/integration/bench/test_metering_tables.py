"""The bench of meter files in tables: small, so that it goes on working, and it stops where something is missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import metering_tables as bench
from bench.nem12_files import write_file

from submeter.core.caller import Caller
from submeter.db.database import Database
from submeter.settings import Settings

Town = tuple[Database, Caller, Settings]


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with bench.town(200) as made:
        yield made


def test_a_file_goes_in_and_a_second_process_finds_it_there(town: Town, tmp_path: Path) -> None:
    database, caller, _ = town
    path = tmp_path / "made.csv"
    write_file(path, 30, 1)
    bench.make_new(path, 0, 30)
    _, values = bench.end_to_end(database, caller, path)
    assert values % (60 * 48) == 0
    bench.make_new(path, 0, 30)
    path.write_bytes(path.read_bytes().replace(b"300,2000", b"300,2003"))
    assert bench.in_a_child(database, caller, path)[1] == values


def test_what_is_not_stored_ends_it(town: Town, tmp_path: Path) -> None:
    database, caller, _ = town
    path = tmp_path / "made.csv"
    write_file(path, 30, 1)
    path.write_bytes(path.read_bytes().replace(b"200,61000000", b"200,62000000"))
    with pytest.raises(SystemExit, match="not all of it was stored"):
        bench.end_to_end(database, caller, path)


def test_its_figures(town: Town, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    database, caller, settings = town
    monkeypatch.setattr(bench, "PAGES", 3)
    bench.measure_store(database, caller, 1)
    bench.measure_out(database, caller, settings, 40, 1)
    said = capsys.readouterr().out
    assert "of it (goal 0.3)" in said
    assert "a month of 40 registers" in said
    assert "times (goal 3)" in said
