"""The gateway as a process: settings from the database, reloading, the admin's pages, its command line."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from integration.rowgate.conftest import Run
from integration.rowgate.served import served
from integration.rowgate.test_http import free_port
from integration.rowgate.test_transactions import get, post
from integration.rowgate.world import SECRET, bearer, wait_until, world_config
from rowgate.app import Gateway
from rowgate.asgi import Asgi
from rowgate.cli import main
from submeter.db.database import Database


class Running:
    """A rowgate of its own, with an API port and an admin port."""

    def __init__(
        self, tmp_path: Path, conninfo: str, arguments: tuple[str, ...] = (), **settings: str
    ) -> None:
        self.port, self.admin_port = free_port(), free_port()
        self.url, self.admin = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.admin_port}"
        values = {
            "PGRST_DB_URI": conninfo,
            "PGRST_DB_SCHEMAS": "api",
            "PGRST_DB_ANON_ROLE": "rowgate_anon",
            "PGRST_JWT_SECRET": SECRET,
            "PGRST_SERVER_HOST": "127.0.0.1",
            "PGRST_SERVER_PORT": str(self.port),
            "PGRST_ADMIN_SERVER_PORT": str(self.admin_port),
            "PGRST_LOG_LEVEL": "info",
            **settings,
        }
        self.environment = {**clean(), **values}
        self.out, self.err = tmp_path / f"{self.port}.out", tmp_path / f"{self.port}.err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rowgate.cli", *arguments],
                env=self.environment,
                stdout=out,
                stderr=err,
            )

    def status(self, page: str) -> int:
        try:
            return httpx.get(f"{self.admin}/{page}").status_code
        except httpx.TransportError:
            return 0

    def wait_ready(self) -> None:
        wait_until(lambda: self.process.poll() is not None or self.status("ready") == 200)
        assert self.process.poll() is None, self.err.read_text()

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers={**bearer("writer"), **headers}, timeout=20)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        assert "Traceback" not in self.err.read_text()


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PGRST_")}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:

        def start(conninfo: str, arguments: tuple[str, ...] = (), **settings: str) -> Running:
            running = Running(tmp_path, conninfo, arguments, **settings)
            stack.callback(running.stop)
            return running

        yield start


@pytest.fixture
def superuser(world: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(world.admin_conninfo(world.name), autocommit=True) as connection:
        yield connection


@pytest.mark.row("12 reload")
def test_reload_by_notification_and_by_signal(
    world: Database, start: Any, superuser: psycopg.Connection
) -> None:
    running = start(world.authenticator_conninfo)
    running.wait_ready()
    for number, tell in enumerate(("notify", "empty", "signal")):
        name = f"late_{number}"
        assert running.get(f"/{name}").status_code == 404
        superuser.execute(
            f"create view api.{name} as select 1 as a; grant select on api.{name} to rowgate_writer"
        )
        if tell == "signal":
            running.process.send_signal(signal.SIGUSR1)
        else:
            superuser.execute("notify pgrst, 'reload schema'" if tell == "notify" else "notify pgrst")
        wait_until(lambda name=name: running.get(f"/{name}").status_code == 200, 10)
        superuser.execute(f"drop view api.{name}")


@pytest.mark.row("12 configuration")
@pytest.mark.row("12 reload")
def test_settings_in_the_database_go_before_the_environment(
    world: Database, start: Any, superuser: psycopg.Connection
) -> None:
    database = sql.Identifier(world.name)
    superuser.execute("create schema config; grant usage on schema config to authenticator")
    superuser.execute(
        "create function config.pre() returns void language sql as "
        "$$ select set_config('pgrst.db_max_rows', '2', true), set_config('pgrst.server_port', '1', true) $$"
    )
    set_schemas = sql.SQL("alter role authenticator in database {} set pgrst.db_schemas to {}")
    superuser.execute(set_schemas.format(database, "archive, api"))
    try:
        running = start(world.authenticator_conninfo, PGRST_DB_PRE_CONFIG="config.pre", PGRST_DB_MAX_ROWS="1")
        running.wait_ready()
        answer = running.get("/customers?select=id")
        assert (len(answer.json()), answer.headers["content-profile"]) == (2, "archive")
        config = httpx.get(f"{running.admin}/config").text
        assert 'db-schemas = "archive,api"' in config
        assert f"server-port = {running.port}" in config
        superuser.execute(set_schemas.format(database, "api"))
        superuser.execute("notify pgrst, 'reload config'")
        wait_until(lambda: "content-profile" not in running.get("/customers").headers, 10)
        superuser.execute(set_schemas.format(database, "pg_catalog"))
        running.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: "does not allow schema" in running.err.read_text(), 10)
        assert running.get("/customers?select=id").status_code == 200
        dumped = command("--dump-config", **{**running.environment, "PGRST_DB_CONFIG": "false"})
        assert 'db-schemas = "api"' in dumped.stdout
    finally:
        superuser.execute(sql.SQL("alter role authenticator in database {} reset all").format(database))


@pytest.mark.row("12 admin server")
def test_a_start_before_the_database_heals(
    tmp_path: Path, short_tmp: Path, world: Database, start: Any
) -> None:
    """The database appears where it was looked for in vain: its socket's directory comes to be."""
    place, secret = short_tmp / "later", tmp_path / "uri"
    there = conninfo_to_dict(world.authenticator_conninfo)
    secret.write_text(make_conninfo(world.authenticator_conninfo, host=str(place)) + "\n")
    running = start(f"@{secret}", PGRST_SERVER_TRACE_HEADER="X-Trace")
    wait_until(lambda: running.status("live") == 200)
    answer = running.get("/escos", **{"x-trace": "7"})
    assert (answer.status_code, answer.json()["code"]) == (503, "PGRST002")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-trace"] == "7"
    assert running.status("ready") == 503
    assert running.status("schema_cache") == 503
    place.symlink_to(str(there["host"]))
    wait_until(lambda: running.status("ready") == 200, 20)
    assert running.get("/escos").status_code == 200


@pytest.mark.row("12 reload")
def test_the_listener_comes_back(world: Database, start: Any, superuser: psycopg.Connection) -> None:
    running = start(world.authenticator_conninfo)
    running.wait_ready()
    superuser.execute(
        "create view api.meanwhile as select 1 as a; grant select on api.meanwhile to rowgate_writer"
    )
    superuser.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rowgate listener'"
    )
    wait_until(lambda: running.get("/meanwhile").status_code == 200, 15)
    wait_until(lambda: running.status("ready") == 200, 10)


@pytest.mark.row("12 admin server")
def test_the_pages_of_the_admin(world: Database, start: Any) -> None:
    running = start(world.authenticator_conninfo)
    running.wait_ready()
    for _ in range(3):
        running.get("/escos")
    running.get("/nothing")
    said = httpx.get(f"{running.admin}/metrics")
    assert said.headers["content-type"] == "text/plain; charset=utf-8"
    for line in (
        'pgrst_schema_cache_loads_total{status="SUCCESS"} 1',
        "pgrst_db_pool_max 10",
        "pgrst_db_pool_available 10",
        "pgrst_db_pool_waiting 0",
        "pgrst_db_pool_timeouts_total 0",
        "pgrst_jwt_cache_requests_total 4",
        "# TYPE pgrst_jwt_cache_hits_total counter",
        'rowgate_requests_total{status="200"} 3',
        'rowgate_requests_total{status="404"} 1',
    ):
        assert f"{line}\n" in said.text
    tables = httpx.get(f"{running.admin}/schema_cache").json()["dbTables"]
    assert {"schema": "api", "name": "escos"} in [table["name"] for table in tables]
    assert running.status("live") == 200
    assert running.status("other") == 404
    ready = command("--ready", **running.environment)
    assert (ready.returncode, ready.stdout) == (0, f"OK: {running.admin}/ready\n")
    schema = command("--dump-schema", **running.environment)
    assert json.loads(schema.stdout)["dbTables"]


@pytest.mark.row("12 logs")
def test_the_log_has_a_line_for_each_request(world: Database, start: Any) -> None:
    running = start(world.authenticator_conninfo, PGRST_LOG_LEVEL="warn", PGRST_LOG_QUERY="true")
    running.wait_ready()
    running.get("/escos")
    running.get("/escos?nothing=eq.1", **{"user-agent": "me/1"})
    httpx.get(f"{running.url}/escos%0a", headers={"user-agent": 'a"b'})
    lines = running.out.read_text().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("127.0.0.1 - rowgate_writer [")
    assert '"GET /escos?nothing=eq.1 HTTP/1.1" 400 ' in lines[0]
    assert lines[0].endswith('"" "me/1"')
    assert lines[1].startswith("127.0.0.1 - rowgate_anon [")
    assert 'a\\u0022b"' in lines[1]
    assert "SELECT" in running.err.read_text()


def test_each_request_of_a_shape_is_told_where_its_own_answer_is(world: Database, start: Any) -> None:
    running = start(world.authenticator_conninfo)
    running.wait_ready()
    for query in ("id=eq.1", "id=eq.2", "select=id&id=eq.1", "select=id&id=eq.2"):
        canonical = "&".join(sorted(query.split("&")))
        assert running.get(f"/escos?{query}").headers.get_list("content-location") == [f"/escos?{canonical}"]
    assert running.get("/escos").headers["content-location"] == "/escos"
    assert "content-location" not in running.get("/rpc/add?a=1").headers


@pytest.mark.row("12 shutdown")
def test_a_request_under_way_is_finished_at_the_end(world: Database, start: Any) -> None:
    running = start(world.authenticator_conninfo)
    running.wait_ready()
    with socket.create_connection(("127.0.0.1", running.port), 20) as connection:
        token = bearer("writer")["authorization"]
        connection.sendall(
            f"GET /rpc/rest?seconds=1 HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".replace(
                "GET /rpc/rest?seconds=1", "POST /rpc/rest"
            )
            .replace(
                "\r\n\r\n", '\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"seconds":1}'
            )
            .encode()
        )
        wait_until(lambda: "pgrst_db_pool_available 9" in httpx.get(f"{running.admin}/metrics").text, 5)
        running.process.send_signal(signal.SIGTERM)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    running.process.wait(10)


@pytest.mark.row("12 shutdown")
def test_several_workers_share_a_port(world: Database, start: Any) -> None:
    running = start(world.authenticator_conninfo, PGRST_SERVER_WORKERS="2")
    running.wait_ready()
    assert {running.get("/escos?select=id&id=eq.1").text for _ in range(10)} == {'[{"id":1}]'}
    wait_until(lambda: running.err.read_text().count("API server listening") == 2)


@pytest.mark.row("12 connection")
def test_a_unix_socket(tmp_path: Path, short_tmp: Path, world: Database, start: Any) -> None:
    path = short_tmp / "s"
    running = start(
        world.authenticator_conninfo, PGRST_SERVER_UNIX_SOCKET=str(path), PGRST_SERVER_UNIX_SOCKET_MODE="600"
    )
    running.wait_ready()
    assert path.stat().st_mode & 0o777 == 0o600
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
        assert client.get("http://x/escos?select=id&id=eq.1").json() == [{"id": 1}]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rowgate.cli", *arguments],
        env={**clean(), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.row("12 configuration")
def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("PGRST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PGRST_DB_CONFIG", "false")

    def said(*arguments: str) -> str:
        assert main(arguments) == 0
        return capsys.readouterr().out

    example, again = tmp_path / "rowgate.conf", tmp_path / "again.conf"
    example.write_text(said("--example"))
    dumped = said("--dump-config")
    assert said(str(example), "--dump-config") == dumped
    again.write_text(dumped)
    monkeypatch.delenv("PGRST_DB_CONFIG")
    assert said(str(again), "--dump-config") == dumped
    assert main(["--ready"]) == 1
    assert "admin-server-port" in capsys.readouterr().err
    assert main(["/nonexistent/file"]) == 2
    assert "Cannot read" in capsys.readouterr().err
    for argument, code in (("--version", 0), ("--help", 0), ("--nothing", 2)):
        with pytest.raises(SystemExit) as info:
            main([argument])
        assert info.value.code == code


# Within one process


@pytest.fixture
def checked(world: Database, run: Run) -> Iterator[Gateway]:
    config = world_config(
        world.authenticator_conninfo,
        db_pre_request="api.check_request",
        server_timing_enabled=True,
        server_trace_header="X-Request-Id",
    )
    gateway = Gateway(config)
    run(gateway.start())
    yield gateway
    gateway.stop()


@pytest.mark.row("10 db-pre-request")
def test_a_function_looks_at_every_request_first(checked: Gateway, run: Run) -> None:
    answer = run(checked.answer(get("/rpc/setting", "name=app.checked")))
    assert answer.body == b'"rowgate_writer"'
    blocked = get("/escos")
    blocked.headers["x-block"] = "rowgate_writer"  # type: ignore[index]
    answer = run(checked.answer(blocked))
    assert (answer.status, json.loads(answer.body)["message"]) == (403, "No, you are blocked")


def test_how_long_it_took_and_whose_it_was(checked: Gateway, run: Run) -> None:
    request = get("/escos")
    request.headers["x-request-id"] = "abc"  # type: ignore[index]
    headers = dict(run(checked.answer(request)).headers)
    assert headers["X-Request-Id"] == "abc"
    stages = [part.split(";dur=") for part in headers["Server-Timing"].split(", ")]
    assert [name for name, _ in stages] == ["jwt", "parse", "plan", "transaction", "response"]
    assert float(stages[3][1]) > 0
    assert "X-Request-Id" not in dict(run(checked.answer(get("/escos"))).headers)


def running_queries(owner: psycopg.Connection) -> int:
    row = owner.execute(
        "select count(*) from pg_stat_activity where state = 'active' and query like '%rest%seconds%'"
        " and application_name = 'rowgate'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_client_that_goes_away_takes_its_query_with_it(
    world: Database, superuser: psycopg.Connection
) -> None:
    config = world_config(world.authenticator_conninfo, db_pool=1)
    with served(Asgi(Gateway(config))) as port:
        body = b'{"seconds":30}'
        head = (
            f"POST /rpc/rest HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer('writer')['authorization']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.encode() + body)
            wait_until(lambda: running_queries(superuser) == 1, 5)
        wait_until(lambda: running_queries(superuser) == 0, 5)
        answer = httpx.get(f"http://127.0.0.1:{port}/escos?select=id&id=eq.1")
        assert answer.json() == [{"id": 1}]


def test_a_body_that_comes_too_slowly_is_refused(world: Database) -> None:
    config = world_config(world.authenticator_conninfo, server_patience=1)
    with (
        served(Asgi(Gateway(config))) as port,
        socket.create_connection(("127.0.0.1", port), 10) as connection,
    ):
        connection.sendall(b"POST /escos HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        assert connection.recv(4096).startswith(b"HTTP/1.1 408")


@pytest.mark.row("12 reload")
def test_a_reload_under_load_never_serves_the_wrong_shape(
    world: Database, run: Run, superuser: psycopg.Connection
) -> None:
    superuser.execute(
        "create table api.shape (a int); insert into api.shape values (1); grant select on api.shape to rowgate_writer"
    )
    gateway = Gateway(world_config(world.authenticator_conninfo))

    async def ask(seen: list[tuple[int, bytes]]) -> None:
        for _ in range(60):
            answer = await gateway.answer(get("/shape"))
            seen.append((answer.status, answer.body))

    async def scenario() -> list[tuple[int, bytes]]:
        await gateway.start()
        seen: list[tuple[int, bytes]] = []
        asking = [asyncio.create_task(ask(seen)) for _ in range(4)]
        for change in ("add b text default 'x'", "alter a type text", "drop b"):
            await asyncio.to_thread(superuser.execute, f"alter table api.shape {change}")
            gateway.keeper.reload()
            await asyncio.sleep(0.3)
        await asyncio.gather(*asking)
        last = await gateway.answer(get("/shape"))
        gateway.stop()
        return [*seen, (last.status, last.body)]

    seen = run(scenario())
    assert set(seen) <= {
        (200, b'[{"a":1}]'),
        (200, b'[{"a":1,"b":"x"}]'),
        (200, b'[{"a":"1","b":"x"}]'),
        (200, b'[{"a":"1"}]'),
    }
    assert seen[-1] == (200, b'[{"a":"1"}]')


@pytest.mark.row("12 connection")
def test_connections_are_given_up_when_idle_or_old(world: Database, run: Run) -> None:
    config = world_config(world.authenticator_conninfo, db_pool_max_idletime=1, db_pool_max_lifetime=0)
    gateway = Gateway(config)

    async def scenario() -> int:
        await gateway.start()
        assert (await gateway.answer(post("/rpc/add", {"a": 1}))).status == 200
        await asyncio.sleep(0.1)
        return len(gateway.pool._idle)

    assert run(scenario()) == 0
    gateway.stop()


def test_cross_origin_requests_of_origins_that_are_not_ours(world: Database) -> None:
    config = world_config(world.authenticator_conninfo, server_cors_allowed_origins=("https://a",))
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "Foo,Bar"}
    with served(Asgi(Gateway(config))) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        mine = client.options("/escos", headers={"origin": "https://a", **asked})
        assert mine.headers["access-control-allow-origin"] == "https://a"
        assert mine.headers["access-control-allow-headers"] == (
            "Authorization, Foo, Bar, Accept, Accept-Language, Content-Language"
        )
        assert mine.headers["access-control-max-age"] == "86400"
        other = client.options("/escos", headers={"origin": "https://b", **asked})
        assert other.headers["allow"].startswith("OPTIONS,GET,HEAD")
        assert "access-control-allow-origin" not in other.headers
