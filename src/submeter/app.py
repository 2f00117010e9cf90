"""The composition root: settings and a database become one web application. The only importer of rowgate."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs

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
from submeter.metering import column_maps, import_calls, interval_calls, reading_calls, value_calls
from submeter.metering.actions import Source, import_file
from submeter.metering.import_calls import options_of, report_row
from submeter.metering.problems import staff_only
from submeter.metering.reading_rules import RULES
from submeter.metering.report import refused_row
from submeter.parties.actions import create_customer_token
from submeter.parties.tokens import KEY_ROLES
from submeter.rating import calls as rating_calls
from submeter.settings import Settings
from submeter.tariffs import calls as tariff_calls
from submeter.uploads import Sent, receive_files

REST = "/rest/v1"
METER_DATA = "/api/meter-data"

CALLS = {
    **column_maps.CALLS,
    **import_calls.CALLS,
    **interval_calls.CALLS,
    **rating_calls.CALLS,
    **reading_calls.CALLS,
    **value_calls.CALLS,
    **tariff_calls.CALLS,
}

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
        options = options_of(said)
        found = []
        for upload in sent.files:
            now = datetime.now(UTC)
            source = Source(upload.name, upload.open, now)
            try:
                found.append(report_row(import_file(self._database, caller, source, options, now)))
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

    served: dict[str, Served] = {"create_customer_token": customer_token}
    for name, call in CALLS.items():
        served[name] = lambda claims, arguments, call=call: call(database, _caller(claims), arguments)
    return {Name("public", name): _worded(action) for name, action in served.items()}


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
    **dict.fromkeys(["NET128", "NET130", "NET131", "TRF140", "TRF142"], 404),
    **dict.fromkeys(["RTG200", "RTG220"], 404),
    **dict.fromkeys(
        ["23505", "MTR230", "MTR262", "MTR408", "NET129", "NET133", "NET135", "NET136", "RTG226"], 409
    ),
    **dict.fromkeys(["TRF130", "TRF133", "TRF141"], 409),
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
