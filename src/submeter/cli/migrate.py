"""`submeter migrate`: bring the database up to date."""

from typing import Annotated

import typer

from submeter.db import migrations
from submeter.db.database import open_database
from submeter.settings import load_settings


def migrate(
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be applied.")] = False,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Set authenticator's password anew, from a changed secret.")
    ] = False,
) -> None:
    """Bring the database up to date. Safe to repeat, and safe for two at once."""
    with open_database(load_settings(), say) as database:
        if plan:
            pending = migrations.plan(database)
        else:
            pending = migrations.apply(database, say, new_secret=new_secret)
    for migration in pending if plan else ():
        typer.echo(migration.file)
    say(f"{len(pending)} to apply" if plan else f"{len(pending)} applied" if pending else "nothing to do")


def say(text: str) -> None:
    """Tell of progress: on stderr, so that the output stays what was asked for."""
    typer.echo(text, err=True)
