"""`submeter tariff import`, `show` and `export` as they are typed."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import Result
from typer.testing import CliRunner

from submeter.cli import tariff, tariff_assign, tariff_import
from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.tariffs.actions import find_stored_plan, save_plan
from submeter.tariffs.formats.price_rows import read_price_rows

Run = Callable[..., Result]
TABLE = """\
plan_code,plan_name,component_code,kind,band,day_types,time_from,time_to,rate,from_date
HOUSE,Time of use,SUPPLY,supply,,,,,1.10,2026-07-01
HOUSE,Time of use,USAGE,usage,peak,mon-fri,15:00,21:00,0.42,2026-07-01
HOUSE,Time of use,USAGE,usage,offpeak,,,,0.21,2026-07-01
"""
RATE = {
    "label": "r1", "name": "Small", "startdate": 1782864000, "dgrules": "Net Billing Instantaneous",
    "energyratestructure": [[{"rate": 0.1, "unit": "kWh"}]], "demandreactivepowercharge": 0.3,
}  # fmt: skip


@pytest.fixture(scope="module")
def clerk(module_database: Database, new_world: Any, builders: Any) -> Caller:
    world = new_world(module_database)
    builders.esco(world, "wlce", "south_west")
    operator: Caller = world.operator("wlce")
    return operator


@pytest.fixture
def run(module_database: Database, clerk: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Type a command in a directory with files."""

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Database]:
        yield module_database

    for module in (tariff, tariff_import, tariff_assign):
        monkeypatch.setattr(module, "open_database", opened)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "house.csv").write_text(TABLE)
    (tmp_path / "rate.json").write_text(json.dumps(RATE))
    return lambda *words: CliRunner().invoke(tariff.app, words)


def code_of(result: Result) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, Refused)
    return result.exception.problem.code


def test_a_table_goes_in_and_comes_out(run: Run, module_database: Database, clerk: Caller) -> None:
    checked = run("import", "house.csv", "--esco", "wlce", "--dry-run")
    assert (checked.exit_code, checked.stdout) == (0, "house.csv:\n  HOUSE: would be added\n")
    assert run("import", "house.csv", "--esco", "wlce").stdout == "house.csv:\n  HOUSE: added\n"
    (report,) = map(json.loads, run("import", "house.csv", "--esco", "wlce", "--json").stdout.splitlines())
    assert report["plans"] == [{"code": "HOUSE", "outcome": "unchanged", "problems": [], "remarks": []}]

    stored = find_stored_plan(module_database, clerk, "HOUSE").plan
    assert read_price_rows(run("export", "HOUSE", "--esco", "wlce").stdout).plans == (stored,)
    run("export", "HOUSE", "--esco", "wlce", "-o", "out.csv")
    assert read_price_rows(Path("out.csv").read_text()).plans == (stored,)
    (said,) = map(json.loads, run("export", "HOUSE", "--esco", "wlce", "--json").stdout.splitlines())
    assert (said["code"], said["components"][1]["bands"][0]["from_minute"]) == ("HOUSE", 900)
    assert said["components"][0]["rates"][0]["price"] in ("1.1", "1.10", "1.100000")


def test_new_prices_hold_from_a_day(run: Run, module_database: Database, clerk: Caller) -> None:
    run("import", "house.csv", "--esco", "wlce")
    Path("dearer.csv").write_text(TABLE.replace("1.10", "1.20").replace("2026-07-01", ""))
    said = run("import", "dearer.csv", "--from", "2027-07-01", "--esco", "wlce")
    assert said.stdout == "dearer.csv:\n  HOUSE: changed\n"
    supply = find_stored_plan(module_database, clerk, "HOUSE").plan.components[0]
    assert [(str(one.from_date), float(one.price)) for one in supply.rates] == [
        ("2026-07-01", 1.1), ("2027-07-01", 1.2),
    ]  # fmt: skip


def test_a_plan_that_lacks_a_price_is_taken_when_that_is_accepted(run: Run) -> None:
    said = run("import", "rate.json", "--dry-run", "--esco", "wlce")
    assert said.exit_code == 1
    assert "r1: not taken\n    TRF228" in said.stdout
    assert "TRF224 A price was not carried over: demandreactivepowercharge" in said.stdout
    assert (
        "r1: would be added" in run("import", "rate.json", "--dry-run", "--accept", "--esco", "wlce").stdout
    )
    (report,) = map(json.loads, run("import", "rate.json", "--esco", "wlce", "--json").stdout.splitlines())
    assert report["plans"][0]["problems"][0]["code"] == "TRF228"
    assert [one["code"] for one in report["findings"]] == ["TRF224"]
    assert "r1: added" in run("import", "rate.json", "--esco", "wlce", "--accept").stdout
    written = json.loads(
        run("export", "r1", "--esco", "wlce", "--format", "urdb", "--on", "2026-08-01").stdout
    )
    assert written["items"][0]["energyratestructure"] == [[{"rate": 0.1, "unit": "kWh"}]]


def test_a_bad_plan_is_left_out_and_the_others_are_taken(run: Run) -> None:
    Path("mixed.csv").write_text(TABLE + "OTHER,,SUPPLY,supply,,,,,abc,2026-07-01\n")
    said = run("import", "mixed.csv", "--dry-run", "--esco", "wlce")
    assert said.exit_code == 3
    assert "HOUSE: " in said.stdout
    assert "line 5, column 9: 'abc': TRF204 The cell is no number" in said.stdout


def test_a_bad_file_does_not_keep_the_next_ones_from_being_read(run: Run) -> None:
    """Each is told, and the exit code says that something failed."""
    Path("hole.csv").write_text("\n".join(TABLE.splitlines()[:-1]) + "\n")
    Path("other.csv").write_text("a,b\n1,2\n")
    said = run("import", "hole.csv", "nowhere.csv", "other.csv", "house.csv", "--dry-run", "--esco", "wlce")
    assert said.exit_code == 1
    assert "HOUSE: refused\n    TRF106" in said.stdout
    assert said.stderr.count("error MTR233: ") == said.stderr.count("error TRF216: ") == 1
    assert re.search(r"house.csv:\n  HOUSE: (would be added|would be changed|unchanged)\n", said.stdout)
    rows = run(
        "import", "nowhere.csv", "house.csv", "--dry-run", "--esco", "wlce", "--json"
    ).stdout.splitlines()
    assert [json.loads(row).get("code", "") for row in rows] == ["MTR233", ""]


DRY = ("--esco", "wlce", "--dry-run")


def test_a_dry_run_finds_what_the_database_finds_and_changes_nothing(
    run: Run, module_database: Database, clerk: Caller
) -> None:
    table = TABLE.replace("HOUSE", "DRY")
    Path("tax.csv").write_text(
        table.replace("from_date\n", "from_date,tax_code\n").replace("2026-07-01\n", "2026-07-01,GTS\n")
    )
    said = run("import", "tax.csv", *DRY)
    assert (said.exit_code, said.stdout.count("TRF114")) == (1, 2)
    Path("dry.csv").write_text(table)
    Path("dearer.csv").write_text(table.replace("0.42", "0.52"))
    # The second file is looked at as if the first were in.
    said = run("import", "dry.csv", "dearer.csv", "dry.csv", *DRY)
    assert [line.strip() for line in said.stdout.splitlines() if "DRY" in line] == [
        "DRY: would be added", "DRY: would be changed", "DRY: would be changed",
    ]  # fmt: skip
    with pytest.raises(Refused, match="TRF140"):
        find_stored_plan(module_database, clerk, "DRY")


def test_what_looks_like_a_slip_is_told_and_taken(run: Run) -> None:
    Path("slips.csv").write_text(
        "plan_code,component_code,kind,rate,from_date,condition\n"
        "SLIPS,SUPPLY,supply,1,2026-07-01,\n"
        "SLIPS,DEBIT,discount,0.05,2026-07-01,direct_debt\n"
    )
    said = run("import", "slips.csv", "--esco", "wlce")
    assert said.exit_code == 0
    assert "SLIPS: added\n    TRF121: No agreement has this condition: DEBIT: direct_debt" in said.stdout
    assert "Is it direct_debit?" in said.stdout
    assert (
        "TRF122: A percentage is less than one: DEBIT, rate: 0.05 %\n      Write 5 if 5 % is meant"
        in said.stdout
    )
    (report,) = map(json.loads, run("import", "slips.csv", "--esco", "wlce", "--json").stdout.splitlines())
    assert [one["code"] for one in report["plans"][0]["remarks"]] == ["TRF121", "TRF122"]


@pytest.mark.parametrize(
    ("was", "is_", "code", "words"),
    [
        ("HOUSE", "HOUSE!", "TRF120", "code: 'HOUSE!'"),
        ("SUPPLY,supply", "SUPPLY,discount", "TRF120", "SUPPLY unit: 'kwh'"),
    ],
)
def test_a_value_that_cannot_be_kept_is_named(run: Run, was: str, is_: str, code: str, words: str) -> None:
    head, *rows = TABLE.replace(was, is_).splitlines()
    Path("odd.csv").write_text(
        "\n".join([f"{head},unit", *(f"{row},kwh" if "SUPPLY" in row else f"{row}," for row in rows)])
    )
    said = run("import", "odd.csv", "--esco", "wlce")
    assert said.exit_code == 1
    assert code in said.stdout + said.stderr
    assert words in said.stdout + said.stderr


def test_what_no_check_finds_before_the_database_has_a_code_too(
    module_database: Database, clerk: Caller
) -> None:
    (plan,) = read_price_rows(TABLE).plans
    huge = replace(plan, code="HUGE", decimals=99999)
    with pytest.raises(Refused, match=r"TRF120: .*decimals: '99999'"):
        save_plan(module_database, clerk, huge)
    odd = replace(plan, code="ODD", true_up="gift")  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"TRF146: .*price_plans\.true_up: ") as refused:
        save_plan(module_database, clerk, odd)
    assert refused.value.problem.hint == "Correct true_up"


def test_a_plan_is_shown(run: Run) -> None:
    said = run("show", "house.csv", "--on", "2026-08-01").stdout.splitlines()
    assert said[0] == "HOUSE  Time of use"
    assert [line.split() for line in said if "usage" in line] == [
        ["USAGE", "usage", "peak", "0.42", "kWh"], ["usage", "offpeak", "0.21", "kWh"],
    ]  # fmt: skip
    assert "Jan ░░░░░░░░░░░░░░░██████░░░   ░░░░░░░░░░░░░░░░░░░░░░░░" in said
    assert max(map(len, said)) <= 80
    run("import", "house.csv", "--esco", "wlce")
    stored = run("show", "HOUSE", "--on", "2026-08-01", "--esco", "wlce").stdout.splitlines()
    assert stored[4:] == said[4:]
    (told,) = map(json.loads, run("show", "house.csv", "--json").stdout.splitlines())
    assert told["components"][1]["bands"][0]["day_types"] == ["fri", "mon", "thu", "tue", "wed"]


def test_a_map_is_drawn(run: Run) -> None:
    assert run("show", "house.csv", "--output", "map.svg").exit_code == 0
    words = [text.text for text in ElementTree.parse("map.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert "peak" in words
    run("show", "house.csv", "--output", "map.png")
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")
    assert code_of(run("show", "house.csv", "--output", "map.gif")) == "MTR454"
    assert code_of(run("show", "house.csv", "--component", "GAS")) == "TRF242"


def test_what_cannot_be_done_is_refused(run: Run) -> None:
    Path("two.csv").write_text(TABLE + TABLE.replace("HOUSE", "OTHER").partition("\n")[2])
    assert code_of(run("show", "two.csv", "--output", "map.svg")) == "TRF234"
    Path("bad.csv").write_text(TABLE.replace("0.42", "x"))
    assert code_of(run("show", "bad.csv")) == "TRF219"
    Path("other.csv").write_text("a,b\n1,2\n")
    assert code_of(run("show", "other.csv")) == "TRF216"
    assert code_of(run("show", "NOTHING", "--esco", "wlce")) == "TRF140"
