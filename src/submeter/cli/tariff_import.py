"""`submeter tariff import`: price plans from files into the database.

Exit codes: 0 every plan was taken, 1 of a file nothing was, 2 wrong usage, 3 some were not.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from submeter.cli.days import day_option
from submeter.cli.import_files import FOUND, caller_for, check_migrated, tell_as_json, tell_as_text
from submeter.cli.migrate import say
from submeter.cli.output import worst_of
from submeter.core.problem import Problem, Refused
from submeter.db.database import open_database
from submeter.metering.model import FileError
from submeter.metering.problems import no_file
from submeter.metering.report import finding_json, told
from submeter.settings import load_settings
from submeter.tariffs.actions import Keep, keeping_plans
from submeter.tariffs.formats.problems import Reading, not_accepted
from submeter.tariffs.formats.reading import read_plans
from submeter.tariffs.model import Plan

__all__ = ["import_plans", "read_file"]

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="Tables of prices, or URDB JSON.")]
From = Annotated[date | None, day_option("--from", "First day of the prices.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of it.")]
Accept = Annotated[
    bool, typer.Option("--accept", help="Take plans although a price could not be carried over.")
]
Esco = Annotated[str | None, typer.Option(help="Code or id of the ESCO.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def import_plans(
    files: Files,
    *,
    first: From = None,
    dry_run: DryRun = False,
    accept: Accept = False,
    esco: Esco = None,
    as_json: AsJson = False,
) -> None:
    """Load price plans. What is found wrong is told with its place; a plan is loaded whole, or not at all."""
    codes = []
    with open_database(load_settings(), say, must_exist=True) as database:
        check_migrated(database)
        with keeping_plans(database, caller_for(database, esco), dry_run=dry_run) as keep:
            for path in files:
                report = _load(path, keep, first, accept=accept)
                _tell(report, as_json=as_json, dry_run=dry_run)
                codes.append(1 if isinstance(report, Problem) else report.exit_code)
    sys.exit(worst_of(codes))


def read_file(path: Path, first: date | None) -> Reading:
    """What the file says. Raises Refused where nothing of it can be used."""
    try:
        return read_plans(path.read_bytes(), first)
    except OSError as error:
        problem = no_file(error.strerror or str(error))
    except FileError as error:
        problem = error.problem
    detail = f"{path}: {problem.detail}".removesuffix(": ")
    raise Refused(replace(problem, detail=detail, context={**problem.context, "file": path.name}))


class _Outcome(NamedTuple):
    """What became of a plan."""

    code: str
    done: str
    problems: Sequence[Problem] = ()
    """Why it was not taken."""
    remarks: Sequence[Problem] = ()
    """What looks like a slip, and was taken."""


class _Report(NamedTuple):
    """What became of a file."""

    name: str
    reading: Reading
    outcomes: Sequence[_Outcome]

    @property
    def exit_code(self) -> int:
        """1 where nothing was taken, 3 where not all was."""
        refused = sum(bool(one.problems) for one in self.outcomes)
        if refused == len(self.outcomes):
            return 1
        return FOUND if refused or self.reading.left_out else 0


def _load(path: Path, keep: Keep, first: date | None, *, accept: bool) -> _Report | Problem:
    try:
        reading = read_file(path, first)
    except Refused as refused:
        return refused.problem
    doubtful = frozenset[str]() if accept else reading.doubtful
    outcomes = [_save(keep, plan, first) for plan in reading.plans if plan.code not in doubtful]
    outcomes += [_Outcome(code, "not taken", [not_accepted(code)]) for code in sorted(doubtful)]
    return _Report(path.name, reading, outcomes)


def _save(keep: Keep, plan: Plan, first: date | None) -> _Outcome:
    try:
        saved = keep(plan, first)
    except Refused as refused:
        return _Outcome(plan.code, "refused", [refused.problem, *refused.problem.context.get("also", ())])
    return _Outcome(plan.code, saved.outcome, (), saved.remarks)


def _tell(report: _Report | Problem, *, as_json: bool, dry_run: bool) -> None:
    if isinstance(report, Problem):
        tell = tell_as_json if as_json else tell_as_text
        tell(report)
    elif as_json:
        typer.echo(json.dumps({**_row(report), "dry_run": dry_run}))
    else:
        typer.echo("\n".join(_lines(report, dry_run=dry_run)))


def _row(report: _Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "plans": [
            {
                "code": one.code,
                "outcome": one.done,
                "problems": [_problem(problem) for problem in one.problems],
                "remarks": [_problem(problem) for problem in one.remarks],
            }
            for one in report.outcomes
        ],
        "left_out": report.reading.left_out,
        "findings": [dict(finding_json(one)) for one in report.reading.findings],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "title": problem.title, "detail": problem.detail, "hint": problem.hint}


_WOULD = {"added": "would be added", "changed": "would be changed"}


def _lines(report: _Report, *, dry_run: bool) -> Iterator[str]:
    yield f"{report.name}:"
    for one in report.outcomes:
        yield f"  {one.code}: {_WOULD.get(one.done, one.done) if dry_run else one.done}"
        for problem in (*one.problems, *one.remarks):
            yield f"    {problem}"
            yield f"      {problem.hint}"
    if report.reading.left_out:
        yield f"  {report.reading.left_out} plan(s) left out, because of what was found"
    for finding in report.reading.findings:
        yield from told(finding)
