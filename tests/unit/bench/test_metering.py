"""The bench of meter files: its files are good, and a reader that reads something else ends it."""

from pathlib import Path

import pytest
from bench import metering
from bench.metering import Run, compare, judge, read_with_mdff_reader, read_with_nemreader, read_with_submeter
from bench.nem12_files import write_file


@pytest.mark.parametrize(("minutes", "intervals"), [(5, 288), (30, 48)])
def test_all_readers_find_the_same_in_its_files(tmp_path: Path, minutes: int, intervals: int) -> None:
    path = tmp_path / "made.csv"
    write_file(path, minutes, 0)
    write_file(path, minutes, 1)
    own, other = read_with_submeter(path)(), read_with_mdff_reader(path)()
    assert own[0] == other[0]
    assert own[0] % (60 * intervals) == 0
    assert own[0] > 0
    assert own[1] == pytest.approx(other[1], rel=1e-9)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_nemreader_too(tmp_path: Path) -> None:
    path = tmp_path / "made.csv"
    write_file(path, 30, 1)
    assert read_with_nemreader(path)()[0] == read_with_submeter(path)()[0]


def test_a_reader_that_finds_something_else_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {"submeter": Run(1, 100, 5.0, 1), "other": Run(1, 100, 6.0, 1)}
    monkeypatch.setattr(metering, "run", lambda reader, path: runs[reader])
    with pytest.raises(SystemExit, match="other has read"):
        compare(Path("x"), ["submeter", "other"], 1)


def test_goals_are_judged() -> None:
    best = {"submeter": Run(1, 8_000_000, 5.0, 1), "other": Run(2, 8_000_000, 5.0, 1)}
    assert judge(best) == [
        "2.00 of the goal of 4 million readings a second",
        "2.00 times the fastest library (goal 2)",
    ]
