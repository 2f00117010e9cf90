"""The description as a page to read: one file, nothing loaded from anywhere, no script."""

from collections.abc import Iterable
from html import escape

from rowgate.catalog.model import Parameter
from rowgate.openapi.describe import Description, Function, Property, Resource
from rowgate.openapi.server import Server
from rowgate.openapi.types import format_of

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e4e6ea; } }
summary { cursor: pointer; padding: .4rem 0; } summary code { font-weight: 600; }
details { border-top: 1px solid #8884; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
  border-bottom: 1px solid #8883; }
.verb { font: 600 .75rem ui-monospace, monospace; border: 1px solid #8888; border-radius: .25rem;
  padding: .1rem .35rem; margin-right: .25rem; }
.muted { opacity: .7; } p.text { white-space: pre-line; }
"""


def page(said: Description, server: Server) -> str:
    """The whole page. Whatever comes out of the database is escaped."""
    title = escape(said.title)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{title}</h1><p class="text">{escape(said.about)}</p>'
        f"<p>Server: <code>{escape(server.url)}</code>. As documents, by <code>Accept</code>: "
        "<code>application/openapi+json</code> (Swagger 2.0), "
        "<code>application/vnd.oai.openapi+json;version=3.1</code> (OpenAPI 3.1).</p>"
        f"<h2>Tables and views</h2>{_all(map(_resource, said.resources))}"
        f"<h2>Functions</h2>{_all(map(_function, said.functions))}"
        "</body></html>\n"
    )


def _all(parts: Iterable[str]) -> str:
    return "".join(parts) or '<p class="muted">None that you may use.</p>'


def _resource(resource: Resource) -> str:
    rights = resource.rights
    allowed = {"GET": rights.select, "POST": rights.insert, "PATCH": rights.update, "DELETE": rights.delete}
    verbs = [verb for verb, held in allowed.items() if held]
    rows = "".join(_column(column) for column in resource.properties)
    return _details(f"/{resource.name}", verbs, resource.comment.whole, _table("Column", rows))


def _function(function: Function) -> str:
    verbs = ["GET", "POST"] if function.by_get else ["POST"]
    rows = "".join(_parameter(parameter) for parameter in function.parameters)
    table = _table("Argument", rows) if rows else ""
    return _details(f"/rpc/{function.name}", verbs, function.comment.whole, table)


def _details(path: str, verbs: Iterable[str], comment: str | None, table: str) -> str:
    shown = "".join(f'<span class="verb">{verb}</span>' for verb in verbs)
    text = f'<p class="text">{escape(comment)}</p>' if comment else ""
    return f"<details><summary>{shown}<code>{escape(path)}</code></summary>{text}{table}</details>\n"


def _table(first: str, rows: str) -> str:
    return f"<table><tr><th>{first}</th><th>Type</th><th>Needed</th><th>About</th></tr>{rows}</table>"


def _column(column: Property) -> str:
    about = column.schema.get("description", "").split("<", 1)[0] if not column.comment else column.comment
    choices = column.schema.get("enum", ())
    about += f" One of: {', '.join(choices)}." if choices else ""
    return _row(column.name, column.format, needed=column.required, about=about)


def _parameter(parameter: Parameter) -> str:
    about = "may be repeated" if parameter.variadic else ""
    return _row(parameter.name, format_of(parameter.type_name), needed=parameter.required, about=about)


def _row(name: str, kind: str, *, needed: bool, about: str) -> str:
    cells = (f"<code>{escape(name)}</code>", escape(kind), "yes" if needed else "", escape(about))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
