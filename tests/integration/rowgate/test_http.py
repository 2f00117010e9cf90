"""The gateway behind a real HTTP server: what only bytes on a connection can show."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from integration.rowgate.served import served, speak
from integration.rowgate.world import SECRET, bearer, wait_until, world_config
from rowgate.app import Gateway
from rowgate.asgi import Asgi
from rowgate.lane import Lane
from rowgate.patience import PatientProtocol
from submeter.db.database import Database

LARGEST = 10_000


@pytest.fixture(scope="module", params=["lane", "stock"])
def port(world: Database, request: pytest.FixtureRequest) -> Iterator[int]:
    gateway = Gateway(world_config(world.authenticator_conninfo, max_body=LARGEST))
    http = Lane(gateway, "/rest/v1") if request.param == "lane" else PatientProtocol
    with served(Asgi(gateway, "/rest/v1"), http) as port:
        yield port


@pytest.fixture(scope="module")
def client(port: int) -> Iterator[httpx.Client]:
    url = f"http://127.0.0.1:{port}/rest/v1"
    with httpx.Client(base_url=url, headers=bearer("writer", sub="ann"), timeout=20) as client:
        yield client


def still_serves(client: httpx.Client) -> None:
    assert client.get("/escos?select=id&id=eq.1").json() == [{"id": 1}]


@pytest.mark.row("13 exact lengths and spacing")
def test_answers_have_exact_lengths_and_their_type(client: httpx.Client) -> None:
    answer = client.get("/escos?select=id,name&order=id&limit=2")
    assert answer.content == '[{"id":1,"name":"Northside"}, \n {"id":2,"name":"Südhaus"}]'.encode()
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["content-range"] == "0-1/*"


def test_answers_without_a_body(client: httpx.Client) -> None:
    answer = client.patch("/escos?id=eq.99", json={"name": "x"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers
    for status in (204, 304):
        answer = client.get(f"/rpc/answer?status={status}")
        assert (answer.status_code, answer.content) == (status, b"")
    assert client.head("/escos").status_code == 200
    still_serves(client)


def test_errors_say_so_in_headers_and_body(client: httpx.Client) -> None:
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert answer.headers["proxy-status"] == "PostgREST; error=PGRST205"
    assert list(answer.json()) == ["code", "details", "hint", "message"]


def test_a_body_over_the_limit_is_refused_whether_announced_or_not(client: httpx.Client) -> None:
    large = b'{"name": "' + b"x" * LARGEST + b'"}'
    assert client.post("/customers", content=large).status_code == 413
    assert client.post("/customers", content=iter([large[:5000], large[5000:]])).status_code == 413
    still_serves(client)


def test_a_body_at_the_limit_is_taken(client: httpx.Client) -> None:
    body = b'{"name": "' + b"x" * (LARGEST - 12) + b'"}'
    assert len(body) == LARGEST
    assert client.post("/customers", content=body).status_code == 201


@pytest.mark.parametrize("length", ["99999999999999999999", "9" * 5000, "-1", "x", "+5"])
def test_lengths_that_are_none(client: httpx.Client, port: int, length: str) -> None:
    token = bearer("writer")["authorization"]
    raw = f"POST /rest/v1/escos HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {token}\r\nContent-Length: {length}\r\n\r\n{{}}"
    status = speak(port, raw.encode()).split(b" ")[1:2]
    assert status in ([b"400"], [b"413"])
    still_serves(client)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/rest/v1/escos?select=%00", 400),
        (b"/rest/v1/escos?id=eq.%00", 400),
        (b"/rest/v1/escos?%00=eq.1", 400),
        (b"/rest/v1/escos%00", 404),
        (b"/rest/v1/rpc/add%00?a=1", 404),
        (b"/rest/v1/escos?name=eq.%ff%fe", 400),
        (b"/rest/v1/escos?name=eq.%ed%a0%80", 400),
        (b"/rest/v1/%ff%fe", 404),
        (b"/rest/v1/escos?name=eq.%", 200),
        (b"/rest/v1/escos?name=eq.%zz", 200),
        (b"/rest/v1//escos", 200),
        (b"/rest/v1/escos/", 200),
        (b"/rest/v1/rpc/add/", 404),
        (b"/rest/v1/../escos", 404),
        (b"/rest/v1/escos?&&=&", 400),
        (b"/rest/v1/escos?select=id&select=name", 200),
        (b"/rest/v1/escos?" + b"&".join([b"id=eq.1"] * 7000), 200),
        (b"/rest/v1/escos?" + b"&".join([b"id=eq.1"] * 7600), 414),
        (b"/rest/v1/escos?id=in.(" + b"1," * 29000 + b"1)", 200),
        (b"/rest/v1/escos?select=" + b",".join([b"id"] * 2000), 400),
        (b"/rest/v1/customers?select=meta" + b"->a" * 15000, 400),
        (b"/rest/v1/customers?meta=eq." + b"[" * 50000, 400),
        (b"/rest/v1/customers?tags=cs." + b"{" * 50000, 400),
        (b"/rest/v1/customers?name=fts." + b"(" * 50000, 400),
        (b"/rest/v1/customers?name=match." + b"(" * 50000, 400),
        (b"/rest/v1/customers?or=" + b"(and" * 100, 400),
        (b"/rest/v1/customers?or=(" + b"and(" * 100 + b"id.eq.1" + b")" * 101, 400),
        (b"/rest/v1/customers?or=(" + b",".join([b"id.eq.1"] * 5000) + b")", 200),
        (b"/rest/v1/escos?select=" + b"customers(escos(" * 20 + b"id" + b"))" * 20, 400),
        (b"/rest/v1/escos?select=" + b"customers(" * 3000, 400),
        (b"/rest/v1/escos?order=" + b",".join([b"id"] * 10000), 200),
        (b"/rest/v1/escos?limit=" + b"9" * 5000, 400),
        (b"/rest/v1/escos?limit=%D9%A3", 400),
        (b"/rest/v1/customers?select=meta->%D9%A3", 200),
        (b"/rest/v1/rpc/add?" + b"&".join([b"a=1"] * 10000), 200),
    ],
    ids=lambda value: value[:40].decode() if isinstance(value, bytes) else str(value),
)
def test_hostile_addresses(client: httpx.Client, port: int, path: bytes, status: int) -> None:
    token = bearer("writer")["authorization"].encode()
    raw = b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: %s\r\n\r\n" % (path, token)
    answer = speak(port, raw)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    still_serves(client)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe{}", 400),
        ("{}".encode("utf-16"), 400),
        (b"\xef\xbb\xbf{}", 400),
        (b'{"name": "\xff"}', 400),
        (b'{"name": "\xed\xa0\x80"}', 400),
        (b'{"name": "\x00"}', 400),
        (b'{"name": "x"}\x00', 400),
        (b"null", 400),
        (b"5", 400),
        (b"true", 400),
        (b"[null]", 400),
        (b"[" * 9000, 400),
        (b'{"meta": ' + b"[" * 900 + b"]" * 900 + b"}", 400),
        (b'{"name": "x", "meta": ' + b"[" * 400 + b"]" * 400 + b"}", 201),
        (b'{"balance": ' + b"9" * 9000 + b"}", 400),
        (b'{"name": "x", "meta": ' + b"9" * 9000 + b"}", 201),
        (b'{"name": "x", "balance": 1e-9999}', 201),
        (b'{"name": "x", "balance": 1e99999999}', 400),
        (b'{"name": "x", "name": "y"}', 201),
        (b'{"name": "x", "balance": "NaN"}', 201),
        (b'{"name": "x", "since": "99999999-01-01"}', 400),
        (b'{"name": "x", "tags": "{{{{{{{{a}}}}}}}}"}', 400),
        (b'{"": 1}', 400),
    ],
    ids=lambda value: repr(value[:30]) if isinstance(value, bytes) else str(value),
)
def test_hostile_bodies(client: httpx.Client, body: bytes, status: int) -> None:
    answer = client.post("/customers", content=body)
    assert answer.status_code == status, answer.text
    still_serves(client)


@pytest.mark.parametrize(
    "headers",
    [
        {"range": "9" * 5000 + "-"},
        {"range": "0-" + "9" * 5000},
        {"range": "-5"},
        {"accept": ";q=,,*/*;q=nan"},
        {"accept": "application/json;q=inf"},
        {"prefer": "return=,=,,;count"},
        {"prefer": "count=exact, count=planned"},
        {"accept-profile": "api"},
        {"cookie": "\xe9\xff"},
        {"authorization": "Bearer \xe9.\xe9.\xe9"},
        {"authorization": "Bearer " + "a" * 20000},
        {"authorization": "Bearer " + "." * 20000},
        {"x-" + "y" * 1000: "z" * 20000},
    ],
)
def test_hostile_headers(client: httpx.Client, headers: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    assert client.get("/escos", headers=raw).status_code in (200, 401, 406)
    still_serves(client)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"\x00" * 100,
        b"GET\r\n\r\n",
        b"GET /rest/v1/escos HTTP/9.9\r\n\r\n",
        b"GET /rest/v1/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /rest/v1/escos HTTP/1.1\r\nHost: x\r\nBroken\r\n\r\n",
        b"GET /rest/v1/escos HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n",
        b"POST /rest/v1/escos HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"POST /rest/v1/escos HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /rest/v1/escos HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=repr,
)
def test_bytes_that_are_no_http(client: httpx.Client, port: int, raw: bytes) -> None:
    answer = speak(port, raw, last_word=True)
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    still_serves(client)


def test_a_client_that_goes_away_in_the_middle(client: httpx.Client, port: int) -> None:
    head = b"POST /rest/v1/escos HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head)
    still_serves(client)


def test_cross_origin_requests(client: httpx.Client) -> None:
    asked = {
        "origin": "https://portal.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "prefer, x-new",
    }
    answer = client.options("/escos", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "prefer, x-new" in answer.headers["access-control-allow-headers"]
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert client.get("/escos", headers={"origin": "https://a"}).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in client.get("/escos").headers


def test_only_the_origins_of_the_settings(world: Database) -> None:
    config = world_config(world.authenticator_conninfo, server_cors_allowed_origins=("https://a.example",))
    with served(Asgi(Gateway(config))) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        allowed = client.get("/escos", headers={"origin": "https://a.example"})
        assert allowed.headers["access-control-allow-origin"] == "https://a.example"
        assert allowed.headers["access-control-allow-credentials"] == "true"
        assert (
            "access-control-allow-origin" not in client.get("/escos", headers={"origin": "https://b"}).headers
        )


def rowgate(**settings: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PGRST_")}
    return subprocess.Popen(
        [sys.executable, "-m", "rowgate.cli"],
        env={**environment, "PGRST_SERVER_HOST": "127.0.0.1", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_the_command_alone_over_its_settings(world: Database) -> None:
    port = free_port()
    process = rowgate(
        PGRST_DB_URI=world.authenticator_conninfo,
        PGRST_DB_SCHEMAS="api, archive",
        PGRST_DB_ANON_ROLE="rowgate_anon",
        PGRST_JWT_SECRET=SECRET,
        PGRST_SERVER_PORT=str(port),
        PGRST_APP_SETTINGS_COLOUR="blue",
        PGRST_UNKNOWN="left alone",
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: process.poll() is not None or _answers(url))
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert httpx.get(f"{url}/escos?select=id&id=eq.1").json() == [{"id": 1}]
        assert httpx.get(f"{url}/rpc/whoami", headers=bearer("writer", sub="x")).json()["app"] == "blue"
        archived = httpx.get(f"{url}/escos", headers={**bearer("writer"), "accept-profile": "archive"})
        assert archived.headers["content-profile"] == "archive"
    finally:
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=30)
    assert "Traceback" not in output + errors


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.ConnectError:
        return False


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PGRST_DB_URI": "x", "PGRST_SERVER_PORT": "http"}, "PGRST_SERVER_PORT must be a whole number"),
        ({"PGRST_DB_URI": "x", "PGRST_JWT_SECRET": "short"}, "PGRST_JWT_SECRET is shorter than 32"),
    ],
)
def test_settings_that_cannot_be_used_stop_the_command(settings: dict[str, str], said: str) -> None:
    process = rowgate(**settings)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said in errors
    assert "Traceback" not in errors


def test_bodies_pass_through_as_they_were_written(client: httpx.Client) -> None:
    body = '{"v": {"n": 1.10, "big": 123456789012345678901234567890, "ü": "\\u00fc"}}'
    answer = client.post("/rpc/same", content=body)
    assert answer.text == '{"n": 1.10, "big": 123456789012345678901234567890, "ü": "\\u00fc"}'
    assert json.loads(answer.content)
