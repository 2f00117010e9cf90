"""`submeter demo`: a small energy company to try things on, from nothing to a running API."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from submeter.cli.migrate import say
from submeter.cli.serve import Host, Port, address, chosen, listening, run
from submeter.core.caller import Caller
from submeter.db import migrations
from submeter.db.database import open_database
from submeter.demo import DemoCompany, seed
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
Ctrl-C stops the server and the database; the data stays in {data}.
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
    with listening(settings) as listener, open_database(settings, say) as database:
        applied = migrations.apply(database)
        if applied:
            say(f"{len(applied)} migrations applied")
        company = seed(database, date.today(), say)  # noqa: DTZ011  the newcomer's own calendar
        env = write_environment(settings, company, address(listener))
        say(f"ready after {time.monotonic() - started:.1f} s")
        if not no_serve:
            typer.echo(guide(company, address(listener), env))
            run(settings, database, listener)


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


def guide(company: DemoCompany, url: str, env: Path) -> str:
    """What to try first."""
    here = Path.cwd()
    shown = env.relative_to(here) if env.is_relative_to(here) else env
    return _GUIDE.format(
        url=url,
        homes=company.homes,
        code=company.esco_code,
        days=company.days,
        env=f"./{shown}" if not shown.is_absolute() else shown,
        data=shown.parent,
    )
