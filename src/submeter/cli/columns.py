"""`submeter columns`: column maps that are kept, so that imports can name them."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from submeter.cli.import_files import caller_for, check_migrated
from submeter.cli.map_files import map_at
from submeter.cli.migrate import say
from submeter.core.problem import Refused
from submeter.db.database import open_database
from submeter.metering.column_maps import drop_map, keep_map, list_maps
from submeter.metering.problems import no_such_map
from submeter.settings import load_settings

app = typer.Typer(
    name="columns",
    help="Column maps: tables of no format, as their operator describes them.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a map that is kept.")]
Esco = Annotated[str | None, typer.Option(help="Code or id of the ESCO.")]


def _open() -> Any:
    return open_database(load_settings(), say, must_exist=True)


@app.command()
def keep(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Maps in TOML or JSON.")],
    *,
    esco: Esco = None,
) -> None:
    """Keep maps under their names; one of the same name is replaced."""
    maps = [map_at(path) for path in files]
    with _open() as database:
        check_migrated(database)
        caller = caller_for(database, esco)
        for told in maps:
            kept = keep_map(database, caller, told)
            by = f"confirmed: {kept['confirmed']}" if kept["confirmed"] else "not confirmed"
            typer.echo(f"{kept['name']}  {kept['kind']}  {by}")


@app.command("list")
def list_(
    *,
    esco: Esco = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, one a line.")] = False,
) -> None:
    """List the maps that are kept."""
    with _open() as database:
        rows = list_maps(database, caller_for(database, esco))
    for row in rows:
        said = f"{row['name']}  {row['kind']}  {row['confirmed'] or 'not confirmed'}"
        typer.echo(json.dumps(row) if as_json else said)


@app.command()
def show(name: Name, *, esco: Esco = None) -> None:
    """Show a map, as JSON that `keep` takes."""
    with _open() as database:
        rows = list_maps(database, caller_for(database, esco))
    found = [row for row in rows if row["name"].lower() == name.strip().lower()]
    if not found:
        raise Refused(no_such_map(name, [row["name"] for row in rows]))
    typer.echo(json.dumps(found[0]["settings"], indent=1))


@app.command()
def drop(name: Name, *, esco: Esco = None) -> None:
    """Take a map away. What was read by it stays, and each file keeps the map that it was read by."""
    with _open() as database:
        drop_map(database, caller_for(database, esco), name)
