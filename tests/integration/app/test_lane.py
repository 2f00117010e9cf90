"""Submeter behind the fast lane and behind the stock server alone: the same answers, on one connection too."""

from collections.abc import Iterator

import pytest

from integration.rowgate.served import served
from integration.rowgate.wire import Reply, all_replies, request, wire
from integration.rowgate.world import SECRET, token
from rowgate.patience import PatientProtocol
from submeter.app import Application
from submeter.db.database import Database
from submeter.settings import Settings

ANON, SERVICE = token("anon"), token("service_role")
AS_SERVICE = {"apikey": SERVICE, "Authorization": f"Bearer {SERVICE}"}
READ = "/rest/v1/customers?select=id&limit=1"
OTHER_KEYS = [
    {"apikey": ANON, "Authorization": ""},
    {"apikey": "", "Authorization": ""},
    {"apikey": "nonsense", "Authorization": ""},
    {"apikey": token("anon", exp=1), "Authorization": ""},
    {"apikey": token("operator"), "Authorization": ""},
    {"apikey": token("anon", "a secret of somebody else, and long enough"), "Authorization": ""},
    {"apikey": "", "Authorization": f"Bearer {SERVICE}"},
    {"apikey": ANON, "Authorization": "Bearer nonsense"},
    {"apikey": "", "Authorization": "", "Origin": "https://portal.example"},
    {**AS_SERVICE, "Origin": "https://portal.example"},
    {"apikey": f"{ANON}\r\napikey: {ANON}", "Authorization": ""},
]
TARGETS = [
    "/",
    "/health",
    "/rest/v1",
    "/rest/v1/",
    "/rest",
    "/rest/v1x",
    "/rest%2Fv1/customers?limit=0",
    "/rest/v1/nothing",
]


class Ports:
    def __init__(self, lane: int, stock: int) -> None:
        self.lane = lane
        self.stock = stock

    def agree(self, raw: bytes) -> list[Reply | str]:
        head = (raw[:4] == b"HEAD",)
        mine, stock = (all_replies(port, [raw], head) for port in (self.lane, self.stock))
        assert mine == stock
        return mine


@pytest.fixture(scope="module")
def ports(module_database: Database) -> Iterator[Ports]:
    settings = Settings(jwt_secret=SECRET)
    application = Application(settings, module_database)
    alone = Application(settings, module_database)
    with served(application, application.lane) as lane, served(alone, PatientProtocol) as stock:
        yield Ports(lane, stock)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("keys", OTHER_KEYS, ids=range(len(OTHER_KEYS)))
def test_a_key_is_asked_for_either_way(ports: Ports, method: str, keys: dict[str, str]) -> None:
    ports.agree(request(method, READ, **keys))


@pytest.mark.parametrize("key", [ANON, SERVICE, "nonsense", "", f"{ANON}&apikey={SERVICE}"], ids=range(5))
@pytest.mark.parametrize("separator", ["&", "&x=1&", "&api"])
def test_a_key_in_the_address(ports: Ports, key: str, separator: str) -> None:
    ports.agree(request("GET", f"{READ}{separator}apikey={key}", Authorization=""))


@pytest.mark.parametrize("target", TARGETS)
def test_every_face_answers_either_way(ports: Ports, target: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        ports.agree(request(method, target, **AS_SERVICE))


def test_all_faces_on_one_connection(ports: Ports) -> None:
    order = [
        "/rest/v1/customers?limit=0",
        "/health",
        "/rest/v1/customers?limit=0",
        "/",
        "/nothing",
        "/rest/v1/nothing",
    ]
    raws = [request("GET", target, **AS_SERVICE) for target in order] * 2
    answers = []
    for port in (ports.lane, ports.stock):
        with wire(port) as connection:
            for raw in raws:
                connection.send(raw)
                answers.append(connection.reply())
        with wire(port) as connection:  # and all at once
            connection.send(b"".join(raws))
            answers += [connection.reply() for _ in raws]
    assert answers[: len(answers) // 2] == answers[len(answers) // 2 :]
    assert [answer.status for answer in answers[:6]] == [200, 200, 200, 200, 404, 404]


def test_a_key_that_was_good_is_asked_for_again(ports: Ports) -> None:
    good, bad = (request("GET", READ, apikey=key, Authorization="") for key in (SERVICE, "nonsense"))
    with wire(ports.lane) as connection:
        for raw, refused in (
            (good, False),
            (bad, True),
            (good, False),
            (request("GET", READ, Authorization=""), True),
        ):
            connection.send(raw)
            assert (b"KEY10" in connection.reply().body) == refused
