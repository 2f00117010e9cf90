"""Meter files as uploads: as a body, as a form, too large, damaged, cut off, by the wrong people."""

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.metering.clerk import operator_of
from integration.metering.nem import nem12
from integration.metering.town import Town, make_town
from integration.rowgate.served import speak
from integration.rowgate.world import token
from submeter import uploads
from submeter.db.database import Database

HOME = "6001000001"
PAGE = nem12({HOME: 3}).encode()
PATH = "/api/meter-data"


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database, (HOME,))


@pytest.fixture
def client(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """An operator of the town, at a server that takes a megabyte and spools to a directory of its own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with operator_of(town, "", upload_limit=1) as client:
        yield client
    assert list(tmp_path.iterdir()) == []  # nothing that was spooled stays


def test_the_body_is_the_file(client: httpx.Client, town: Town) -> None:
    answer = client.post(PATH, params={"name": "march.csv"}, content=PAGE)
    (report,) = answer.json()
    assert (answer.status_code, report["status"], report["counts"]["stored"]) == (200, "loaded", 3)
    assert (report["file_name"], report["read_as"], report["findings"]) == ("march.csv", "nem12", [])
    (again,) = client.post(PATH, content=gzip.compress(PAGE, mtime=0)).json()
    assert (again["name"], again["counts"]["repeated"]) == ("upload", 3)
    assert town.value("select count(*) from submeter.register_intervals") == 3


def test_a_form_with_several_files_and_fields(client: httpx.Client, town: Town) -> None:
    files = [
        ("file", ("a.csv", PAGE)),
        ("file", ("b.csv", b"%PDF-1.4")),
        ("file", ("c.csv", PAGE.replace(b",1.0,", b",x,", 1))),
    ]
    reports = client.post(PATH, files=files, data={"dry_run": "true"}).json()
    assert [(one["name"], one["status"]) for one in reports] == [
        ("a.csv", "checked"),
        ("b.csv", "refused"),
        ("c.csv", "checked"),
    ]
    assert reports[1]["code"] == "MTR143"
    assert [(one["line"], one["column"], one["value"]) for one in reports[2]["findings"]] == [(3, 3, "x")]
    assert town.value("select count(*) from submeter.register_intervals") == 0


def test_a_body_in_pieces_of_any_size(client: httpx.Client, town: Town) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="format"\r\n\r\nnem12\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        + PAGE
        + b"\r\n--x--\r\n"
    )
    pieces = (form[at : at + 7] for at in range(0, len(form), 7))
    kind = {"content-type": "multipart/form-data; boundary=x"}
    (report,) = client.post(PATH, content=pieces, headers=kind).json()
    assert report["counts"]["stored"] == 3


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["hint"]
    return answer.status_code, answer.json()["code"]


def test_what_is_too_large_is_refused_before_and_while_it_comes(client: httpx.Client) -> None:
    large = b"x" * 1_000_001
    assert refused(client.post(PATH, content=large)) == (413, "MTR235")
    assert refused(client.post(PATH, content=iter([large[:500_000]] * 3))) == (413, "MTR235")
    assert refused(client.post(PATH, files={"file": ("a.csv", large)})) == (413, "MTR235")


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("multipart/form-data", PAGE, "MTR236"),
        ("multipart/form-data; boundary=x", PAGE, "MTR236"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n100,', "MTR236"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + PAGE * 2 + b"\r\n--x--\r\n", "MTR236"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n--x--\r\n', "MTR234"),
        ("multipart/form-data; boundary=x", b'--x\r\nA: b\r\n\r\n1\r\n' * 101 + b"--x--\r\n", "MTR236"),
        ("text/csv", b"", "MTR142"),
        ("text/csv", b"hello", "MTR140"),
    ],
)  # fmt: skip
def test_what_is_no_file(client: httpx.Client, kind: str, body: bytes, code: str) -> None:
    assert refused(client.post(PATH, content=body, headers={"content-type": kind})) == (400, code)


def test_the_door(client: httpx.Client, town: Town) -> None:
    def ask(method: str = "POST", **headers: str) -> tuple[int, str]:
        return refused(client.request(method, PATH, content=b"100", headers=headers))

    customer = token("authenticated", esco_id=town.esco_id, customer_id=town.esco_id)
    assert ask(apikey="") == (401, "KEY101")
    assert ask(apikey=token("operator")) == (401, "KEY102")
    assert ask(authorization=f"Bearer {customer}") == (403, "MTR237")
    assert ask(authorization="") == (403, "MTR237")
    assert client.post(PATH, headers={"authorization": "Bearer a.b.c"}).status_code == 401
    assert ask("PUT") == (405, "WEB102")
    asked = {"origin": "https://page.example", "access-control-request-method": "POST"}
    assert client.options(PATH, headers=asked).status_code == 200
    found = client.post(PATH, content=PAGE, headers={"origin": "https://page.example"})
    assert found.headers["access-control-allow-origin"] == "*"


def test_a_client_that_goes_away_leaves_nothing(client: httpx.Client, town: Town) -> None:
    head = _head(client, 100_000)
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), 30) as connection:
        connection.sendall(head + PAGE)
    assert client.get("/health").status_code == 200
    assert town.value("select count(*) from submeter.import_files") == 0


def test_a_client_that_stops_is_not_waited_for(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PATIENCE_S", 0.05)
    said = speak(client.base_url.port or 0, _head(client, 100_000) + PAGE)
    assert said.startswith(b"HTTP/1.1 408")
    assert b"MTR238" in said


def _head(client: httpx.Client, length: int) -> bytes:
    sent: dict[str, Any] = {"host": "x", "content-length": length, **client.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode()
