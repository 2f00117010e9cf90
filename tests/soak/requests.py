"""Requests of every kind, each with the answer that it must get under each version of the schema."""

import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from integration.rowgate.world import token
from soak.shape import FUNCTIONS, NEVER, Shape

TENANTS = ("alpha", "beta")
CUSTOMERS = 400
LARGE = 300  # rows of 1 KB

Expected = tuple[int, object]


class Outcome(Enum):
    """What became of a write, as far as its client can know."""

    DONE = "done"
    NOT_DONE = "not done"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Request:
    """``expect`` gives status and body (JSON, or an error's code) under a version; ``told`` hears the outcome."""

    kind: str
    raw: bytes
    tenant: str
    expect: Callable[[Shape], Expected]
    told: Callable[[Outcome], None] = lambda _: None
    changing: bool = False


@dataclass
class Written:
    """What this client wrote, for the count at the end."""

    known: set[str]
    unknown: set[str]
    counters: dict[int, set[int]]


class Client:
    """One client: its tenant, its own rows, and what it asks next."""

    def __init__(self, number: int, rng: random.Random, tokens: dict[str, str]) -> None:
        self.rng = rng
        self.tenant = TENANTS[number % len(TENANTS)]
        self._number = number
        self._tokens = tokens
        self._serial = itertools.count(1)
        self.written = Written(set(), set(), {})
        self._counter: int | None = None
        self._unique: str | None = None
        self._kinds = list(self._weighted())

    def _weighted(self) -> list[Callable[[Shape], Request]]:
        often = [self.by_key, self.page, self.embed, self.insert, self.patch, self.function]
        sometimes = [
            self.everything,
            self.one_column,
            self.related,
            self.shaped,
            self.write_and_undo,
            self.unknown_table,
            self.bad_filter,
            self.bad_value,
            self.not_mine,
            self.bad_token,
            self.refused,
            self.no_single_row,
            self.again,
        ]
        return often * 24 + sometimes * 12 + [self.slow, self.large]

    def next(self, now: Shape) -> Request:
        """Another request, chosen by chance, while ``now`` is the newest version."""
        return self.rng.choice(self._kinds)(now)

    # What never changes

    def by_key(self, _: Shape) -> Request:
        number = self.rng.randint(1, CUSTOMERS)
        rows = [_customer(number)] if self._mine(number) else []
        return self._get("by key", f"/customers?select=id,name&id=eq.{number}", 200, rows)

    def page(self, _: Shape) -> Request:
        offset = self.rng.randrange(0, 180, 20)
        mine = [_customer(number) for number in range(1, CUSTOMERS + 1) if self._mine(number)]
        path = f"/customers?select=id,name&order=id&limit=20&offset={offset}"
        return self._get("page", path, 200, mine[offset : offset + 20])

    def embed(self, _: Shape) -> Request:
        number = self.rng.randint(1, CUSTOMERS)
        meters = [
            {"serial": f"{self.tenant}-meter-{3 * number + k}", "customers": {"id": number}} for k in range(3)
        ]
        rows = [{**_customer(number), "meters": meters}] if self._mine(number) else []
        path = f"/customers?select=id,name,meters(serial,customers(id))&id=eq.{number}&meters.order=id"
        return self._get("embed", path, 200, rows)

    def function(self, _: Shape) -> Request:
        if self.rng.random() < 0.3:
            return self._get("function", "/rpc/whose", 200, self.tenant)
        a, b = self.rng.randint(0, 999), self.rng.randint(0, 999)
        return self._post("function", "/rpc/add", {"a": a, "b": b}, 200, a + b)

    def large(self, _: Shape) -> Request:
        text = self.tenant + "x" * 1000
        rows = [{"n": number, "text": text} for number in range(1, LARGE + 1)]
        return self._get("large", f"/rpc/large?rows={LARGE}", 200, rows)

    def slow(self, _: Shape) -> Request:
        return self._post("slow", "/rpc/rest", {"seconds": 0.3}, 200, "")

    # What is refused

    def unknown_table(self, _: Shape) -> Request:
        return self._get("unknown table", "/nothing_of_this_name", 404, "PGRST205")

    def bad_filter(self, _: Shape) -> Request:
        return self._get("bad filter", "/customers?id=almost.1", 400, "PGRST100")

    def bad_value(self, _: Shape) -> Request:
        return self._get("bad value", "/customers?id=eq.many", 400, "22P02")

    def refused(self, _: Shape) -> Request:
        return self._post("refused by a function", "/rpc/refuse", {}, 402, "PT402")

    def no_single_row(self, _: Shape) -> Request:
        single = "Accept: application/vnd.pgrst.object+json\r\n"
        return self._get("no single row", "/customers?id=eq.0", 406, "PGRST116", single)

    def bad_token(self, _: Shape) -> Request:
        raw = f"GET /customers HTTP/1.1\r\nHost: x\r\nAuthorization: {self._tokens['bad']}\r\n\r\n"
        return Request("bad token", raw.encode(), self.tenant, lambda _: (401, "PGRST301"))

    def not_mine(self, _: Shape) -> Request:
        other = TENANTS[self.tenant == TENANTS[0]]
        row = {"tenant": other, "key": f"theft-{self._number}-{next(self._serial)}"}
        return self._post("row of another tenant", "/written", row, 403, "42501")

    # What writes

    def insert(self, _: Shape) -> Request:
        key = f"{self.tenant}-{self._number}-{next(self._serial)}"

        def told(outcome: Outcome) -> None:
            if outcome is not Outcome.NOT_DONE:
                (self.written.known if outcome is Outcome.DONE else self.written.unknown).add(key)

        full = "Prefer: return=representation\r\n"
        path, rows = "/written?select=tenant,key", [{"tenant": self.tenant, "key": key}]
        return self._post("insert", path, {"key": key}, 201, rows, full, told)

    def again(self, _: Shape) -> Request:
        """A key that is there is refused with 409; whether it is there is known after the first 201."""
        there, key = (
            self._unique is not None,
            self._unique or f"{self.tenant}-{next(self._serial)}-{self._number}",
        )

        def told(outcome: Outcome) -> None:
            if outcome is Outcome.DONE and not there:
                self._unique = key

        answer: Expected = (409, "23505") if there else (201, None)
        return self._post("same key again", "/unique_keys", {"key": key}, *answer, "", told)

    def patch(self, now: Shape) -> Request:
        """Count one on. A counter whose state is not known is left alone from then on."""
        if self._counter is None:
            return self._new_counter()
        number = self._counter
        (before,) = self.written.counters[number]
        row = {"id": number, "value": before + 1}

        def told(outcome: Outcome) -> None:
            if outcome is Outcome.DONE:
                self.written.counters[number] = {before + 1}
            elif outcome is Outcome.UNKNOWN:
                self.written.counters[number] = {before, before + 1}
                self._counter = None

        path = f"/counters?select=id,value&id=eq.{number}&value=eq.{before}"
        full = "Prefer: return=representation\r\n"
        return self._send("patch", "PATCH", path, {"value": before + 1}, (200, [row]), full, told)

    def _new_counter(self) -> Request:
        number = self._number * 1_000_000 + next(self._serial)

        def told(outcome: Outcome) -> None:
            if outcome is Outcome.DONE:
                self.written.counters[number] = {0}
                self._counter = number

        return self._post(
            "insert", "/counters", {"id": number, "tenant": self.tenant, "value": 0}, 201, None, "", told
        )

    # What changes with the schema

    def everything(self, _: Shape) -> Request:
        return self._changing("select=*", "/shape?order=id", lambda shape: (200, shape.rows()))

    def one_column(self, now: Shape) -> Request:
        name = self.rng.choice((*(name for name, _ in now.columns), NEVER))
        path = f"/shape?select=id,{name}&order=id"
        return self._changing("a column that comes and goes", path, lambda shape: shape.column(name))

    def related(self, _: Shape) -> Request:
        path = "/shape?select=id,parts(id)&order=id"
        return self._changing("an embed that comes and goes", path, Shape.embedded)

    def shaped(self, _: Shape) -> Request:
        return self._changing("a function of changing type", "/rpc/shaped", _shaped)

    def write_and_undo(self, _: Shape) -> Request:
        number = self.rng.randint(10**6, 10**9)
        full = "Prefer: return=representation, tx=rollback\r\n"
        return self._send(
            "insert with rollback",
            "POST",
            "/shape",
            {"id": number},
            lambda shape: shape.inserted(number),
            full,
            changing=True,
        )

    # How it is sent

    def _mine(self, number: int) -> bool:
        return TENANTS[number % 2 == 0] == self.tenant

    def _changing(self, kind: str, path: str, expect: Callable[[Shape], Expected]) -> Request:
        return Request(kind, self._raw("GET", path), self.tenant, expect, changing=True)

    def _get(self, kind: str, path: str, status: int, body: object, headers: str = "") -> Request:
        return Request(kind, self._raw("GET", path, headers), self.tenant, lambda _: (status, body))

    def _post(
        self,
        kind: str,
        path: str,
        body: object,
        status: int,
        answer: object,
        headers: str = "",
        told: Callable[[Outcome], None] = lambda _: None,
    ) -> Request:
        return self._send(kind, "POST", path, body, (status, answer), headers, told)

    def _send(
        self,
        kind: str,
        method: str,
        path: str,
        body: object,
        expected: Expected | Callable[[Shape], Expected],
        headers: str = "",
        told: Callable[[Outcome], None] = lambda _: None,
        *,
        changing: bool = False,
    ) -> Request:
        raw = self._raw(method, path, headers, json.dumps(body).encode())
        expect = expected if callable(expected) else lambda _: expected
        return Request(kind, raw, self.tenant, expect, told, changing)

    def _raw(self, method: str, path: str, headers: str = "", body: bytes = b"") -> bytes:
        return as_bytes(method, path, self._tokens[self.tenant], headers, body)


def as_bytes(method: str, path: str, bearer: str, headers: str = "", body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    sized = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\n{headers}{sized}\r\n"
    return head.encode() + body


def make_tokens() -> dict[str, str]:
    """A token of each tenant, and one that somebody else signed."""
    tokens = {tenant: f"Bearer {token('soak_tenant', tenant=tenant)}" for tenant in TENANTS}
    return {
        **tokens,
        "bad": f"Bearer {token('soak_tenant', 'another secret, of the right length', tenant='alpha')}",
    }


def _customer(number: int) -> dict[str, object]:
    return {"id": number, "name": f"{TENANTS[number % 2 == 0]}-customer-{number}"}


def _shaped(shape: Shape) -> Expected:
    return 200, FUNCTIONS[shape.function][1]
