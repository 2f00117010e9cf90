"""`submeter import`: files of meter data, one by one or as they arrive in a directory.

Exit codes: 0 everything was taken, 1 a file was refused, 2 wrong usage, 3 loaded, with findings.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import psycopg
import typer

from submeter.cli.map_files import map_named
from submeter.cli.migrate import say
from submeter.cli.output import worst_of
from submeter.cli.watching import watch
from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db import migrations
from submeter.db.database import Database, connection_refused, open_database
from submeter.metering.actions import Options, Source, check_how, import_file
from submeter.metering.problems import no_file
from submeter.metering.report import Report, refused_row
from submeter.parties.actions import choose_esco, get_esco
from submeter.settings import load_settings

FOUND = 3
"""Exit code where not all could be done."""

Files = Annotated[list[Path] | None, typer.Argument(metavar="FILE", help="Files; zip and gzip too.")]
AllOrNothing = Annotated[
    bool, typer.Option("--all-or-nothing", help="Load nothing of a file in which anything is found.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Reports for programs, one a line.")]
Format = Annotated[str, typer.Option("--as", metavar="FORMAT", help="The format, instead of finding it out.")]
Columns = Annotated[
    str, typer.Option("--columns", metavar="MAP", help="A column map: its file (.toml, .json), or its name.")
]
Clock = Annotated[
    str, typer.Option(metavar="ZONE", help="The clock of tables that do not state it: Europe/London, UTC+10.")
]
Esco = Annotated[
    str | None, typer.Option(help="Code or id of the ESCO; left out, the only one, or the default.")
]
Directory = Annotated[
    Path | None, typer.Option("--watch", help="Load what arrives in a directory, until Ctrl-C.")
]
Every = Annotated[float, typer.Option(help="Seconds between two looks at the directory.")]
Once = Annotated[bool, typer.Option("--once", help="Watch until the directory is empty.")]


def import_files(
    *,
    files: Files = None,
    all_or_nothing: AllOrNothing = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    format_name: Format = "",
    columns: Columns = "",
    clock: Clock = "",
    esco: Esco = None,
    directory: Directory = None,
    every: Every = 5.0,
    once: Once = False,
) -> None:
    """Load files of meter data. What is good goes into place; what is not is told, with what to do."""
    _check_usage(files, directory, dry_run=dry_run)
    options = Options(
        all_or_nothing=all_or_nothing,
        dry_run=dry_run,
        format=format_name,
        columns=map_named(columns),
        clock=clock,
    )
    with open_database(load_settings(), say, must_exist=True) as database:
        check_migrated(database)
        caller = caller_for(database, esco)
        check_how(database, caller, options)  # a slip here is no fault of the files

        def load(path: Path) -> Report | Problem:
            return load_path(database, caller, path, options)

        results = watch(directory, load, every, once=once) if directory else map(load, files or [])
        code = tell_all(results, as_json=as_json)
    sys.exit(code)


def _check_usage(files: Sequence[Path] | None, directory: Path | None, *, dry_run: bool) -> None:
    if bool(files) == bool(directory):
        message = "Name files, or a directory to watch (--watch DIR)."
        raise typer.BadParameter(message)
    if directory and dry_run:
        message = "What arrives in a directory is loaded, and moved: --dry-run is for files that are named."
        raise typer.BadParameter(message)


def check_migrated(database: Database) -> None:
    """Raises Refused SRV102 for a database that lacks what an import needs."""
    if pending := migrations.plan(database):
        hint = "Run `submeter migrate`."
        raise Refused(Problem("SRV102", "The database is not up to date", f"{len(pending)} to apply", hint))


def caller_for(database: Database, esco: str | None) -> Caller:
    """Whoever runs the machine, acting for one ESCO. Raises Refused PTY101."""
    return Caller("operator", get_esco(database, esco)) if esco else Caller("service_role")


def caller_for_one(database: Database, esco: str | None) -> Caller:
    """Whoever runs the machine, acting for the ESCO that is meant. Raises Refused PTY101, PTY105."""
    return Caller("operator", choose_esco(database, esco))


def load_path(database: Database, caller: Caller, path: Path, options: Options) -> Report | Problem:
    """Load one file; why not, where nothing of it could be loaded."""
    try:
        with progress(path) as (open_file, advance):
            made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            source = Source(path.name, open_file, made_at)
            return import_file(
                database, caller, source, replace(options, progress=advance), datetime.now(UTC)
            )
    except psycopg.OperationalError as error:
        problem = connection_refused(error, authenticator=True).problem
    except OSError as error:
        problem = no_file(error.strerror or str(error))
    except Refused as refused:
        problem = refused.problem
    detail = f"{path}: {problem.detail}".removesuffix(": ")
    return replace(problem, detail=detail, context={**problem.context, "file": path.name})


def tell_all(results: Iterable[Report | Problem], *, as_json: bool) -> int:
    """Say what became of each, as soon as it is known; the exit code for all of them."""
    codes = []
    for result in results:
        tell = tell_as_json if as_json else tell_as_text
        tell(result)
        codes.append(code_of(result))
    return worst_of(codes)


def code_of(result: Report | Problem) -> int:
    """The exit code that one file alone would end with."""
    if isinstance(result, Problem) or result.status == "refused":
        return 1
    return 0 if result.is_clean else FOUND


def tell_as_json(result: Report | Problem) -> None:
    """A line of JSON."""
    if isinstance(result, Problem):
        typer.echo(json.dumps(refused_row(result.context.get("file", ""), result)))
    else:
        typer.echo(json.dumps(result.as_json()))


def tell_as_text(result: Report | Problem) -> None:
    """For people; refusals go where errors go."""
    if isinstance(result, Report):
        typer.echo(result.as_text())
        return
    typer.echo(f"error {result.code}: {result.title}: {result.detail}", err=True)
    typer.echo(f"hint: {result.hint}", err=True)


@contextmanager
def progress(path: Path) -> Iterator[tuple[Callable[[], BinaryIO], Callable[[int], None]]]:
    """How to open the file, and what to call as it goes on: a bar, where somebody looks at a terminal."""
    opened: list[BinaryIO] = []

    def open_file() -> BinaryIO:
        opened.append(path.open("rb"))
        return opened[-1]

    if not sys.stderr.isatty():
        yield open_file, lambda _: None
        return
    size = path.stat().st_size
    with typer.progressbar(length=size, label=path.name, file=sys.stderr) as bar:
        yield open_file, lambda _: bar.update(opened[-1].tell() - bar.pos)
        bar.update(size - bar.pos)
