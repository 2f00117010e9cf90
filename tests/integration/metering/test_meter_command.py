"""`submeter meter ...` as it is typed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result
from typer.testing import CliRunner

from integration.metering.town import DAY, Town, days_from, make_town
from submeter.cli import meter
from submeter.core.problem import Refused
from submeter.db.database import Database

HOME = "6001000001"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def town(module_database: Database) -> Town:
    town = make_town(module_database, [HOME])
    town.load(days_from(HOME, 3))
    return town


@pytest.fixture
def run(town: Town, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type a command in a directory where the town's database is."""

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Database]:
        yield town.database

    monkeypatch.setattr(meter, "open_database", opened)
    return lambda *words: CliRunner().invoke(meter.app, words)


def code_of(result: Result) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, Refused)
    return result.exception.problem.code


def test_list_and_show(run: Run) -> None:
    said = run("list").stdout.splitlines()
    assert said[0].split() == ["register", "identifier", "unit", "flow", "property", "site", "from", "to"]
    assert said[1].split()[:3] == [f"M{HOME}/E1", HOME, "kWh"]
    assert said[1].split()[-1] == str(DAY + timedelta(2))
    assert run("list", "--site", "Estate", "--esco", "town").stdout.splitlines() == said
    shown = run("show", HOME).stdout
    assert f"register       M{HOME}/E1\n" in shown
    assert f"first day      {DAY}\n" in shown
    (one,) = map(json.loads, run("show", HOME, "--json").stdout.splitlines())
    assert (one["label"], one["last_day"]) == (f"M{HOME}/E1", str(DAY + timedelta(2)))
    assert [json.loads(line) for line in run("list", "--json").stdout.splitlines()] == [one]


def test_a_chart_in_the_terminal(run: Run) -> None:
    said = run("chart", HOME, "--from", str(DAY + timedelta(1)))
    assert said.exit_code == 0
    assert said.stdout.startswith(f"M{HOME}/E1: Friday 6 March 2026\n")
    assert "█" in said.stdout


@pytest.mark.parametrize("kind", ["day", "week", "average", "year", "missing", "months"])
def test_a_chart_in_a_file(run: Run, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "chart.SVG"
    assert run("chart", HOME, "--kind", kind, "-o", str(file)).stdout == ""
    assert ElementTree.parse(file).getroot().attrib["role"] == "img"
    assert list(tmp_path.iterdir()) == [file]


def test_a_chart_in_pixels(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "chart.png"
    assert run("chart", HOME, "--output", str(file)).exit_code == 0
    assert file.read_bytes().startswith(b"\x89PNG")


def test_an_export_to_standard_output_and_to_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    said = run("export", HOME, "--from", str(DAY), "--to", str(DAY + timedelta(1)))
    assert said.stdout.count("\n") == 49
    assert run("export", "--site", "Estate", "--to", str(DAY + timedelta(1)), "-o", str(file)).exit_code == 0
    assert file.read_bytes() == said.stdout_bytes
    nem12 = run("export", HOME, "--format", "nem12").stdout.splitlines()
    assert [nem12[0][:9], nem12[1], nem12[-1]] == ["100,NEM12", f"200,{HOME},E1,,E1,,M{HOME},kWh,30,", "900"]


def test_what_is_refused_leaves_no_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    file.write_text("from before")
    assert code_of(run("export", HOME, "--from", "2030-01-01", "-o", str(file))) == "MTR452"
    assert code_of(run("export", "nobody", "-o", str(file))) == "MTR450"
    assert code_of(run("chart", HOME, "-o", str(tmp_path / "chart.jpeg"))) == "MTR454"
    assert code_of(run("chart", HOME, "-o", str(tmp_path / "nowhere" / "chart.svg"))) == "MTR454"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["from before"]


def test_wrong_usage(run: Run) -> None:
    assert run("export").exit_code == 2
    assert run("export", HOME, "--from", "yesterday").exit_code == 2
    assert run("chart", HOME, "--kind", "pie").exit_code == 2
