"""The composition root: settings and a database become one web application. The only importer of rowgate."""

import asyncio
import base64
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo

from rowgate.app import Gateway, PythonSide
from rowgate.asgi import Asgi, Receive, Scope, Send, cross_origin, is_preflight, join_headers, send_answer
from rowgate.auth import Authenticator
from rowgate.catalog.model import Name
from rowgate.config import Config
from rowgate.errors import Refusal, status_of
from rowgate.lane import Lane
from rowgate.process.listener import Listener, listening
from rowgate.request import Headers
from rowgate.response import Answer, refuse
from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.metering import column_maps
from submeter.metering.actions import Options, Source, decide_waiting, import_file
from submeter.metering.arguments import day_of, number_of, whole_of
from submeter.metering.circuit_values import list_circuit_intervals, list_circuit_totals
from submeter.metering.exchanging import exchange_meter, exchange_of
from submeter.metering.interval_calls import CALLS
from submeter.metering.problems import no_content, staff_only, unknown_parameter, unreadable_value
from submeter.metering.reading_actions import (
    Outcome,
    add_readings,
    delete_readings,
    force_readings,
    mark_misread,
    process_readings,
)
from submeter.metering.reading_consumption import work_out_consumption
from submeter.metering.reading_problems import no_numbers
from submeter.metering.reading_rules import RULES
from submeter.metering.register_values import list_day_values, list_interval_values
from submeter.metering.report import Report, refused_row
from submeter.parties.actions import create_customer_token
from submeter.parties.tokens import KEY_ROLES
from submeter.settings import Settings
from submeter.uploads import Sent, Upload, receive_files

REST = "/rest/v1"
METER_DATA = "/api/meter-data"

log = logging.getLogger(__name__)

Served = Callable[..., list[dict[str, Any]]]


class Application:
    """Sends a request to the face it is meant for: ``/rest/v1``, uploads, ``/health``, the page of names."""

    def __init__(self, settings: Settings, database: Database) -> None:
        config = gateway_config(settings, database)
        gateway = Gateway(config, python_side(settings, database))
        # The settings are Submeter's own: what "reload config" can mean here is the schema.
        reload = gateway.keeper.reload
        self._listener = Listener(config, reload, reload)
        self._rest = ApiKeyGate(Asgi(gateway, REST), config)
        self._uploads = Uploads(settings, database, self._rest, config)
        self.lane = Lane(gateway, REST, self._rest.door)
        """How a server makes the protocols of its connections: most requests go no further than here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "lifespan":
            async with listening(self._listener):
                await self._rest(scope, receive, send)
        elif path == REST or path.startswith(f"{REST}/"):
            await self._rest(scope, receive, send)
        elif scope["type"] == "http" and path == METER_DATA:
            await self._uploads(scope, receive, send)
        elif scope["type"] == "http":
            await send_answer(send, _front_page(path))


class ApiKeyGate:
    """Lets in who shows an API key: a token of ours for the role anon or service_role.

    The key only opens the door; ``Authorization`` decides the role. It goes no further than here.
    """

    def __init__(self, rest: Asgi, config: Config) -> None:
        self._rest = rest
        self._config = config
        self._authenticator = Authenticator(replace(config, db_anon_role=""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_preflight(scope, join_headers(scope["headers"])):
            await self._rest(scope, receive, send)
            return
        key, scope = _take_key(scope)
        try:
            self.check(key)
        except Refusal as refusal:
            await send_answer(
                send, refuse(refusal), cross_origin(join_headers(scope["headers"]), self._config)
            )
            return
        await self._rest(scope, receive, send)

    def door(self, headers: Headers) -> tuple[Headers, Callable[[], None]]:
        """The headers without the key, and the check of it, for each request that carries them."""
        others = Headers((name, value) for name, value in headers.items() if name != "apikey")
        first, _, _ = headers.get("apikey", "").partition(",")  # one that is said twice comes joined
        return others, partial(self.check, first.strip())

    def check(self, key: str | None) -> None:
        """Raises Refusal (401) for whoever has no key."""
        if not key:
            hint = "Send it as the header apikey. `make demo` writes one to .submeter/demo.env"
            raise Refusal(401, "KEY101", "No API key found in request", None, hint)
        try:
            role = self._authenticator.identify({"authorization": f"Bearer {key}"}).role
        except Refusal as refusal:
            raise Refusal(401, "KEY102", "Invalid API key", refusal.message, _KEY_HINT) from refusal
        if role not in KEY_ROLES:
            raise Refusal(401, "KEY102", "Invalid API key", f"A token of role {role} is no key", _KEY_HINT)


class Uploads:
    """``POST /api/meter-data``: files of meter data, as body or form, with the key and tokens of REST."""

    def __init__(self, settings: Settings, database: Database, gate: ApiKeyGate, config: Config) -> None:
        self._database = database
        self._gate = gate
        self._config = config
        self._authenticator = Authenticator(config)
        self._limit = settings.upload_limit * 1_000_000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = join_headers(scope["headers"])
        if is_preflight(scope, headers):
            await self._gate(scope, receive, send)
            return
        try:
            answer = _json(200, await self._load(scope, receive))
        except ConnectionAbortedError:
            return
        except Refused as refused:
            answer = refuse(_refusal(refused.problem))
        except Refusal as refusal:
            answer = refuse(refusal)
        except Exception:
            log.exception("bug while answering %s", METER_DATA)
            answer = refuse(Refusal(500, "PGRSTX00", "Internal error; it was logged"))
        await send_answer(send, answer, cross_origin(headers, self._config))

    async def _load(self, scope: Scope, receive: Receive) -> list[dict[str, Any]]:
        caller, scope = self._caller(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        said = {name: values[-1] for name, values in query.items()}
        with TemporaryDirectory(prefix="submeter-upload-") as folder:
            name = said.get("name", "upload")
            sent = await receive_files(
                receive, join_headers(scope["headers"]), name, Path(folder), self._limit
            )
            return await asyncio.to_thread(self._import, caller, sent, {**said, **sent.fields})

    def _caller(self, scope: Scope) -> tuple[Caller, Scope]:
        """Who asks. Refused before a byte of the body is read."""
        if scope["method"] != "POST":
            allow = (("Allow", "POST, OPTIONS"), ("Connection", "close"))
            raise Refusal(405, "WEB102", f"{METER_DATA} takes POST", None, "Send a file", allow)
        key, scope = _take_key(scope)
        self._gate.check(key)
        caller = self._authenticator.identify(join_headers(scope["headers"]))
        if caller.role not in ("operator", "service_role"):
            raise Refused(staff_only(caller.role))
        return _caller(json.loads(caller.claims)), scope

    def _import(self, caller: Caller, sent: Sent, said: Mapping[str, str]) -> list[dict[str, Any]]:
        """The report of each file. One that comes alone and cannot be used at all is refused as a request."""
        _refuse_unknown(said)
        options = _options(said)
        found = []
        for upload in sent.files:
            try:
                found.append(_row(import_file(self._database, caller, _spooled(upload), options, _now())))
            except Refused as refused:
                if len(sent.files) == 1:
                    raise
                found.append(refused_row(upload.name, refused.problem))
        return found


_KEY_HINT = "The key is a token of role anon or service_role; other tokens go into Authorization: Bearer."


def _take_key(scope: Scope) -> tuple[str | None, Scope]:
    """The key from the header, or from the query as some clients send it; and the request without it."""
    headers = [pair for pair in scope["headers"] if pair[0] != b"apikey"]
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"apikey"]
    query = scope["query_string"]
    if b"apikey=" in query:
        parts = query.split(b"&")
        sent += [part[7:].decode("latin-1") for part in parts if part.startswith(b"apikey=")]
        query = b"&".join(part for part in parts if not part.startswith(b"apikey="))
    return (sent[0] if sent else None), {**scope, "headers": headers, "query_string": query}


def gateway_config(settings: Settings, database: Database) -> Config:
    """rowgate's settings for Submeter's database."""
    return Config(
        db_uri=_bounded(database.authenticator_conninfo, settings.statement_timeout),
        db_schemas=("public",),
        db_extra_search_path=("extensions",),
        db_anon_role="anon",
        jwt_secret=settings.get_jwt_secret(),
        app_settings={"default_esco": settings.default_esco or ""},
        openapi_server_proxy_uri=_address(settings),
        # A forgotten filter must not change every row of a company's books.
        require_where=True,
        error_hints=True,
    )


def _address(settings: Settings) -> str:
    """Where the description of the API tells clients to go."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}/rest/v1"


def _bounded(conninfo: str, seconds: int) -> str:
    """The address with a limit on how long a statement may hold a connection that others wait for.

    Dates with slashes are read day first, as they are written where Submeter is used.
    """
    return make_conninfo(conninfo, options=f"-c statement_timeout={seconds}s -c datestyle=ISO,DMY")


def python_side(settings: Settings, database: Database) -> PythonSide:
    """What Python serves behind REST: functions whose SQL objects hold the signature, grants and comment."""

    def customer_token(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        token = create_customer_token(
            database,
            _caller(claims),
            str(arguments["customer_id"]),
            str(arguments.get("valid_for") or "1 day"),
            settings.get_jwt_secret(),
            datetime.now(UTC),
        )
        return [{"token": token.text, "expires_at": token.expires_at.isoformat()}]

    def meter_data(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        source = _sent_file(arguments, _now())
        return [_row(import_file(database, _caller(claims), source, _options(arguments), _now()))]

    def waiting(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        accept, reason = _is_true(arguments.get("accept")), str(arguments["reason"] or "")
        number = whole_of("id", arguments["id"])
        outcome = decide_waiting(database, _caller(claims), number, reason, accept=accept)
        return [{"outcome": outcome}]

    def exchange(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        result = exchange_meter(database, _caller(claims), exchange_of(arguments), datetime.now(UTC))
        return [{
            "outcome": result.outcome, "old_meter_id": str(result.old_meter_id),
            "new_meter_id": str(result.new_meter_id), "at": result.at.isoformat(),
        }]  # fmt: skip

    def intervals(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        key, first, end = _period(arguments)
        minutes = whole_of("minutes", arguments.get("minutes") or 30)
        rows = list_interval_values(database, _caller(claims), key, first, end, minutes)
        return [{"timestamp": row.starts_at.isoformat(), "quantity": _text(row.quantity)} for row in rows]

    def days(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        rows = list_day_values(database, _caller(claims), *_period(arguments))
        return [
            {**row._asdict(), "day": row.day.isoformat(), "quantity": _text(row.quantity)} for row in rows
        ]

    def circuit(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        key, first, end = _period(arguments, "circuit_id")
        minutes = whole_of("minutes", arguments.get("minutes") or 30)
        rows = list_circuit_intervals(database, _caller(claims), key, first, end, minutes)
        return [{"timestamp": row.starts_at.isoformat(), "kwh": _text(row.quantity)} for row in rows]

    def totals(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        key, first, end = _period(arguments, "circuit_id")
        rows = list_circuit_totals(database, _caller(claims), key, first, end, arguments.get("step") or "day")
        return [
            {**row._asdict(), "starts_on": row.starts_on.isoformat(), "kwh": _text(row.kwh)} for row in rows
        ]

    served: dict[str, Served] = {
        "circuit_intervals": circuit,
        "circuit_totals": totals,
        "exchange_meter": exchange,
        "register_intervals": intervals,
        "register_days": days,
        "create_customer_token": customer_token,
        "import_meter_data": meter_data,
        "decide_import_waiting": waiting,
        **served_readings(database),
    }
    for name, call in {**CALLS, **column_maps.CALLS}.items():
        served[name] = lambda claims, arguments, call=call: call(database, _caller(claims), arguments)
    return {Name("public", name): _worded(action) for name, action in served.items()}


def served_readings(database: Database) -> Mapping[str, Any]:
    """What Python serves of dial readings: the insert of meter_readings, and the functions of the queue."""

    def insert(claims: Mapping[str, Any], rows: Any) -> list[dict[str, Any]]:
        given = rows if isinstance(rows, list) else [rows]
        return add_readings(database, _caller(claims), given, datetime.now(UTC))

    def process(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        ids, rolled = _numbers(arguments), number_of(arguments, "add_factor")
        return _outcomes(process_readings(database, _caller(claims), ids, datetime.now(UTC), rolled))

    def force(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        ids, reason = _some_numbers(arguments), str(arguments["reason"] or "")
        return _outcomes(force_readings(database, _caller(claims), ids, reason, datetime.now(UTC)))

    def delete(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        ids, reason = _some_numbers(arguments), str(arguments["reason"] or "")
        return _outcomes(delete_readings(database, _caller(claims), ids, reason, datetime.now(UTC)))

    def misread(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        reading_id, reason = str(arguments["reading_id"]), str(arguments["reason"] or "")
        return mark_misread(database, _caller(claims), reading_id, reason, datetime.now(UTC))

    def consumption(claims: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
        days = (day_of(arguments, name) for name in ("from_date", "to_date"))
        found = work_out_consumption(database, _caller(claims), str(arguments["register_id"]), *days)
        return [period.as_json() for period in found]

    return {
        "meter_readings": insert,
        "process_reading": process,
        "force_reading": force,
        "delete_reading": delete,
        "mark_misread": misread,
        "register_consumption": consumption,
    }


def _numbers(arguments: Any) -> list[int] | None:
    """The readings that are meant; None for all that wait. A list may come as SQL writes one: {1,2}."""
    one, some = arguments.get("id"), arguments.get("ids")
    if one is None and some is None:
        return None
    many = some.strip("{}").split(",") if isinstance(some, str) else some or []
    return [whole_of("ids", number) for number in (*many, one) if number not in (None, "")]


def _some_numbers(arguments: Any) -> list[int]:
    numbers = _numbers(arguments)
    if not numbers:
        raise Refused(no_numbers())
    return numbers


def _outcomes(found: list[Outcome]) -> list[dict[str, Any]]:
    return [one.as_json() for one in found]


def _sent_file(arguments: Any, now: datetime) -> Source:
    """The file that a request holds. Raises Refused MTR234."""
    text, encoded = arguments.get("content"), arguments.get("content_base64")
    if (text is None) == (encoded is None):
        raise Refused(no_content("neither content nor content_base64" if text is None else "both are given"))
    try:
        content = text.encode() if text is not None else base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise Refused(no_content(f"content_base64: {error}")) from error
    return Source(str(arguments["name"]), lambda: BytesIO(content), now)


def _options(said: Mapping[str, Any]) -> Options:
    return Options(
        all_or_nothing=_is_true(said.get("all_or_nothing")),
        dry_run=_is_true(said.get("dry_run")),
        format=str(said.get("format") or ""),
        columns=str(said.get("columns") or ""),
        clock=str(said.get("clock") or ""),
    )


def _refuse_unknown(said: Mapping[str, str]) -> None:
    """A slip in a name must not load what was only to be looked at. Raises Refused MTR198."""
    for name in said:
        if name not in _PARAMETERS:
            near = get_close_matches(name, _PARAMETERS, n=1)
            raise Refused(unknown_parameter(name, near, _PARAMETERS))


_PARAMETERS = ("name", "format", "all_or_nothing", "dry_run", "columns", "clock")


def _is_true(said: Any) -> bool:
    return said in (True, "true", "t", "1", "yes", "on")


def _row(report: Report) -> dict[str, Any]:
    """A report as both faces give it, under names that a column of SQL may have."""
    told = report.as_json()
    return {**told, "file_name": told["name"], "read_as": told["format"]}


def _spooled(upload: Upload) -> Source:
    return Source(upload.name, lambda: upload.path.open("rb"), _now())


def _now() -> datetime:
    return datetime.now(UTC)


def _period(arguments: Any, of: str = "register_id") -> tuple[UUID, date, date]:
    """The register or circuit and the days that a request means; PostgreSQL has looked at them before."""
    first, end = (day_of(arguments, name) for name in ("from_date", "to_date"))
    if first is None or end is None:
        raise Refused(unreadable_value("from_date, to_date", None, "day"))
    return UUID(str(arguments[of])), first, end


def _text(quantity: Decimal | None) -> str | None:
    """Written out: PostgreSQL reads it as exactly that number."""
    return None if quantity is None else f"{quantity:f}"


def _worded(action: Any) -> Any:
    """The action with its refusals in the gateway's words."""

    def call(claims: Mapping[str, Any], arguments: Any) -> Any:
        try:
            return action(claims, arguments)
        except Refused as refused:
            raise _refusal(refused.problem) from refused
        except psycopg.Error as error:
            raise _of_the_database(error) from error

    return call


def _of_the_database(error: psycopg.Error) -> Exception:
    """What the database refused, as the gateway words it for its own statements; else the error as it is."""
    if error.sqlstate is None or error.sqlstate[:2] not in ("22", "23", "42"):
        return error
    status, said = status_of(error.sqlstate, anonymous=False), error.diag
    message = said.message_primary or str(error)
    return Refusal(status, error.sqlstate, message, said.message_detail, said.message_hint)


_STATUS = {
    **dict.fromkeys(
        [
            "PTY101",
            "PTY102",
            "MTR196",
            "MTR232",
            "MTR261",
            "MTR264",
            "MTR266",
            "MTR400",
            "MTR402",
            "MTR406",
            "MTR409",
        ],
        404,
    ),
    **dict.fromkeys(["NET128", "NET130", "NET131"], 404),
    **dict.fromkeys(["23505", "MTR230", "MTR262", "MTR408", "NET129", "NET133", "NET135", "NET136"], 409),
    "MTR235": 413,
    "MTR237": 403,
    "MTR238": 408,
    **{rule.code: 409 for rule in RULES},
}


def _refusal(problem: Problem) -> Refusal:
    status = _STATUS.get(problem.code, 503 if problem.code.startswith("DBS") else 400)
    # What is left of a body that nobody reads would be taken for the next request.
    headers = (("Connection", "close"),) if status in (408, 413) else ()
    return Refusal(status, problem.code, problem.title, problem.detail or None, problem.hint or None, headers)


def _caller(claims: Mapping[str, Any]) -> Caller:
    return Caller(str(claims["role"]), claims.get("esco_id"), claims.get("customer_id"), claims.get("key"))


def _front_page(path: str) -> Answer:
    if path == "/health":
        return _json(200, {"status": "ok"})
    if path == "/":
        said = {"name": "Submeter", "version": version("submeter"), "rest": REST, "meter_data": METER_DATA}
        return _json(200, said)
    return refuse(
        Refusal(404, "WEB101", f"Nothing is served at {path}", None, f"The REST API is under {REST}")
    )


def _json(status: int, value: Any) -> Answer:
    headers = (("Content-Type", "application/json; charset=utf-8"),)
    return Answer(status, headers, json.dumps(value, default=str).encode())
