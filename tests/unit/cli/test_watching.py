"""A directory that is watched: what is loaded when, and where it goes."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from submeter.cli.watching import watch
from submeter.core.problem import Problem, Refused
from submeter.metering.report import Report

Result = Report | Problem


def looks(*actions: Callable[[], object]) -> Callable[[float], None]:
    """Between two looks, the next action."""
    waiting = iter(actions)
    return lambda _: next(waiting, lambda: None)()


def names(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_a_file_that_is_still_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1")
    seen: list[str] = []

    def load(found: Path) -> Result:
        seen.append(found.read_text())
        return Report(found.name)

    grow = [lambda size=size: path.write_text("1" * size) for size in (2, 3)]
    found: Iterator[Result] = watch(tmp_path, load, 1, once=True, sleep=looks(*grow))
    assert len(list(found)) == 1
    assert seen == ["111"]
    assert names(tmp_path) == ["archive/a.csv", "archive/a.csv.report.json"]


def test_what_is_not_the_files_fault_leaves_it_there_to_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    answers = iter([Problem("DBS201", "away"), Problem("MTR230", "in use"), Report("a.csv")])
    found = watch(tmp_path, lambda _: next(answers), 1, sleep=lambda _: None)
    assert [getattr(one, "code", "loaded") for one in islice(found, 2)] == ["DBS201", "MTR230"]
    assert names(tmp_path) == ["a.csv"]
    assert isinstance(next(found), Report)
    assert names(tmp_path) == ["archive/a.csv", "archive/a.csv.report.json"]


def test_once_ends_where_nothing_can_be_loaded_now(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    found = list(watch(tmp_path, lambda _: Problem("DBS201", "away"), 1, once=True, sleep=lambda _: None))
    assert len(found) == 1


def test_nothing_is_written_over(tmp_path: Path) -> None:
    for _ in range(3):
        (tmp_path / "a.csv.gz").write_text("1")
        list(
            watch(
                tmp_path,
                lambda found: Report(found.name, status="refused"),
                1,
                once=True,
                sleep=lambda _: None,
            )
        )
    assert [name for name in names(tmp_path) if "report" not in name] == [
        "errors/a-2.csv.gz",
        "errors/a-3.csv.gz",
        "errors/a.csv.gz",
    ]


def test_a_file_that_vanishes_leaves_its_report(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")

    def load(path: Path) -> Result:
        path.unlink()
        return Problem("MTR233", "gone")

    list(watch(tmp_path, load, 1, once=True, sleep=lambda _: None))
    report = json.loads((tmp_path / "errors" / "a.csv.report.json").read_text())
    assert (report["name"], report["code"]) == ("a.csv", "MTR233")


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        next(watch(tmp_path / "none", lambda _: Report("a"), 1))
    assert refused.value.problem.code == "MTR239"
