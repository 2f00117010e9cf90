"""`submeter demo`: a small energy company to try things on, from nothing to a running API."""

import time
import urllib.request
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from submeter.cli.migrate import say
from submeter.cli.serve import Host, Port, address, chosen, listening, run
from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db import migrations
from submeter.db.database import open_database
from submeter.demo import DemoCompany, refuse_strangers, seed
from submeter.parties.tokens import sign
from submeter.settings import Settings, load_settings

KEYS_LAST = timedelta(days=3650)
TOKENS_LAST = timedelta(days=365)

_GUIDE = """
Submeter is running: {url}/rest/v1   ({homes} homes of ESCO {code}, {days} days of half-hours)

Try it in another terminal:

  . {env}
  curl "$SUBMETER_URL/rest/v1/customers?select=id,name,status&limit=3" \\
    -H "apikey: $SUBMETER_ANON_KEY" -H "Authorization: Bearer $SUBMETER_OPERATOR_TOKEN"

  curl "$SUBMETER_URL/rest/v1/monthly_costs?order=month.desc&limit=3" \\
    -H "apikey: $SUBMETER_ANON_KEY" -H "Authorization: Bearer $SUBMETER_CUSTOMER_TOKEN"

The operator sees all of {code}, the customer only what is theirs. More: README.md, docs/tutorial.md
Ctrl-C stops the server{also}; the data stays in {where}.
"""


def demo(
    *,
    host: Host = None,
    port: Port = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Only prepare; do not serve.")] = False,
) -> None:
    """Start the database, fill it with a small company (once) and serve it."""
    started = time.monotonic()
    settings = chosen(load_settings(), host, port)
    refuse_second(settings)
    with listening(settings) as listener, open_database(settings, say) as database:
        if settings.database_url:
            say(f"using DATABASE_URL: database {database.name!r}")
        refuse_strangers(database)
        applied = migrations.apply(database)
        if applied:
            say(f"{len(applied)} migrations applied")
        company = seed(database, date.today(), say)  # noqa: DTZ011  the newcomer's own calendar
        env = write_environment(settings, company, address(listener))
        say(f"ready after {time.monotonic() - started:.1f} s")
        if not no_serve:
            typer.echo(guide(settings, company, address(listener), env))
            run(settings, database, listener)


def refuse_second(settings: Settings) -> None:
    """Two demonstrations in one directory would write one demo.env. Raises Refused SRV103."""
    url = read_url(settings.data_dir / "demo.env")
    if url and answers(f"{url}/health"):
        hint = "Use that one, or stop it first (Ctrl-C in its terminal)."
        raise Refused(Problem("SRV103", "The demonstration already runs here", url, hint))


def read_url(path: Path) -> str | None:
    """The address that a demonstration wrote down."""
    lines = path.read_text().splitlines() if path.exists() else []
    return next(
        (line.removeprefix("SUBMETER_URL=") for line in lines if line.startswith("SUBMETER_URL=")), None
    )


def answers(url: str) -> bool:
    """Whether Submeter answers there, within a moment."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  our own address
            return b'"status": "ok"' in answer.read(100)
    except (OSError, ValueError):
        return False


def write_environment(settings: Settings, company: DemoCompany, url: str) -> Path:
    """Write `demo.env`: plain NAME=value lines, readable by its owner only."""
    secret, now = settings.get_jwt_secret(), datetime.now(UTC)

    def token(caller: Caller, valid_for: timedelta) -> str:
        return sign(caller, secret, now, valid_for).text

    customer = Caller("authenticated", company.esco_id, company.customer_id)
    values = {
        "SUBMETER_URL": url,
        "SUBMETER_ANON_KEY": token(Caller("anon"), KEYS_LAST),
        "SUBMETER_SERVICE_ROLE_KEY": token(Caller("service_role"), KEYS_LAST),
        "SUBMETER_OPERATOR_TOKEN": token(Caller("operator", company.esco_id), TOKENS_LAST),
        "SUBMETER_CUSTOMER_TOKEN": token(customer, TOKENS_LAST),
    }
    path = settings.data_dir / "demo.env"
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return path


def guide(settings: Settings, company: DemoCompany, url: str, env: Path) -> str:
    """What to try first."""
    here = Path.cwd()
    shown = env.relative_to(here) if env.is_relative_to(here) else env
    return _GUIDE.format(
        url=url,
        homes=company.homes,
        code=company.esco_code,
        days=company.days,
        env=f"./{shown}" if not shown.is_absolute() else shown,
        also="" if settings.database_url else " and the database",
        where="the database of DATABASE_URL" if settings.database_url else shown.parent,
    )
