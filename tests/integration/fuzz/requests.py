"""Malformed requests: half are valid ones with something broken, half are made up. The same seed, the same requests."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import quote

from rowgate.catalog.model import Catalog, Relation
from rowgate.request.grammar import OPERATORS

OPERATOR_NAMES = sorted(OPERATORS)
METHODS = ("GET", "GET", "GET", "HEAD", "POST", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE")
HOSTILE = (
    "\0", "'", '"', "\\", "--", ";", "$1", "%", "*", "(", ")", "{", "}", "[", "]", ",", ".", ":", "::", "->", "->>",
    "\u202e", "\ufeff", "\U0001f600", "e\u0301", "\ud7ff", "\uffff", "\u0000", "null", "NaN", "Infinity", "-0", "1e999",
    "9" * 400, "-" + "9" * 40, "0x10", "1_000", "٣", "' or 1=1 --", "${x}", "%s", "%00", "\r\n", "\t", " ", "", "*/",
    "not.", "and(", "or(", "!inner", "...", "count()", "in.()", "is.null", "select", "apikey=", "2026-02-30",
    "(" * 300, "[" * 300, "{" * 300, '"' * 51, "\\" * 51, "a" * 3000,
)  # fmt: skip
TYPED = {
    "uuid": (("00000000-0000-0000-0000-000000000001",), "zz"),
    "text": (("n1", "active", "live", "power", "fuzz", "GBP"), "x"),
    "date": (("2026-04-01", "2026-01-01", "infinity"), "2026-13-01"),
    "timestamp with time zone": (("2026-04-01T00:00Z", "2020-01-01T12:30+10:00", "-infinity"), "2026-13-01"),
    "boolean": (("true", "false"), "maybe"),
    "jsonb": (('{"a":1}', "[1,2]"), "{"),
    "numeric": (("1.50", "0", "-7.123456"), "1,5"),
}
NUMBER = (("1", "0", "30"), "1.5")


@dataclass(frozen=True)
class Request:
    """One request as it goes over the wire; ``broken`` if its frame may be no HTTP at all."""

    kind: str
    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...]
    body: bytes = b""
    broken: bytes | None = None

    def wire(self) -> bytes:
        if self.broken is not None:
            return self.broken
        lines = [f"{self.method} ".encode() + self.target + b" HTTP/1.1", b"Host: fuzz"]
        lines += [name.encode() + b": " + value for name, value in self.headers]
        if self.body or self.method in ("POST", "PATCH", "PUT"):
            lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


class Fuzzer:
    """Makes requests against a catalog; ``tokens`` are Authorization values, ``key`` opens the door, ``ids`` exist."""

    def __init__(
        self,
        seed: str,
        catalog: Catalog,
        tokens: Sequence[str],
        key: str,
        prefix: str,
        ids: Sequence[str] = (),
    ) -> None:
        self.random = random.Random(seed)
        self.ids = ids
        self.relations = sorted(catalog.relations.values(), key=lambda relation: relation.name)
        self.ways = catalog.relationships
        self.routines = sorted(catalog.routines.items())
        self.tokens, self.key, self.prefix = tokens, key, prefix
        self.hostility = 0.1

    def next(self) -> Request:
        chance = self.random.random()
        if chance < 0.05:
            return self._broken_frame(self._valid())
        if chance < 0.5:
            return self._mutated(self._valid())
        if chance < 0.75:
            return self._hostile_values()
        return self._generated()

    def _hostile_values(self) -> Request:
        """The right form, with values that nobody would send."""
        self.hostility = 0.5
        request = self._valid()
        self.hostility = 0.1
        return replace(request, kind=f"hostile {request.kind}")

    # What a client in its right mind would send.

    def _valid(self) -> Request:
        make = self.random.choice(
            (
                self._read,
                self._read,
                self._read,
                self._insert,
                self._insert,
                self._update,
                self._delete,
                self._call,
            )
        )
        return make()

    def _frame(
        self, kind: str, method: str, path: str, query: Sequence[tuple[str, str]] = (), body: Any = None
    ) -> Request:
        text = "&".join(
            f"{quote(name, safe='.:()!,*>-_')}={quote(value, safe='.:()!,*>-_')}" for name, value in query
        )
        target = f"{self.prefix}{quote(path)}{'?' if text else ''}{text}".encode()
        headers = [("apikey", self.key.encode()), ("Authorization", self.random.choice(self.tokens).encode())]
        if body is not None:
            headers.append(("Content-Type", b"application/json"))
        if self.random.random() < 0.4:
            headers.append(("Prefer", self.random.choice(PREFERENCES)))
        if self.random.random() < 0.2:
            headers.append(("Accept", self.random.choice(ACCEPTS)))
        if self.random.random() < 0.1:
            headers.append(("Range", self.random.choice((b"0-4", b"0-", b"2-", b"5-1", b"-3"))))
        return Request(
            kind, method, target, tuple(headers), b"" if body is None else json.dumps(body).encode()
        )

    def _relation(self) -> Relation:
        return self.random.choice(self.relations)

    def _read(self) -> Request:
        relation = self._relation()
        query = [("select", self._select(relation))] if self.random.random() < 0.7 else []
        query += self._filters(relation)
        if self.random.random() < 0.5:
            query.append(("order", f"{self._column(relation)}.desc.nullslast"))
        if self.random.random() < 0.5:
            query.append(("limit", str(self.random.randrange(20))))
        return self._frame("read", self.random.choice(("GET", "HEAD")), f"/{relation.name.name}", query)

    def _insert(self) -> Request:
        relation = self._relation()
        rows = self._rows(relation)
        query = [("select", self._select(relation))] if self.random.random() < 0.3 else []
        return self._frame(
            "insert", "POST", f"/{relation.name.name}", query, self.random.choice((rows, rows[0]))
        )

    def _update(self) -> Request:
        relation = self._relation()
        row = {name: self._value(relation.columns[name].type_name) for name in [self._column(relation)]}
        return self._frame("update", "PATCH", f"/{relation.name.name}", self._filters(relation), row)

    def _delete(self) -> Request:
        relation = self._relation()
        return self._frame("delete", "DELETE", f"/{relation.name.name}", self._filters(relation))

    def _call(self) -> Request:
        name, overloads = self.random.choice(self.routines)
        routine = self.random.choice(overloads)
        arguments = {one.name: self._value(one.type_name) for one in routine.parameters if one.name}
        if self.random.random() < 0.5:
            return self._frame("call", "GET", f"/rpc/{name.name}", list(arguments.items()))
        return self._frame("call", "POST", f"/rpc/{name.name}", (), arguments)

    def _column(self, relation: Relation) -> str:
        return self.random.choice(sorted(relation.columns))

    def _value(self, type_name: str) -> str:
        good, bad = TYPED.get(type_name.partition("(")[0], NUMBER)
        if self.random.random() < self.hostility:
            return self.random.choice((bad, *HOSTILE))
        return self.random.choice((self.ids if type_name == "uuid" else None) or good)

    def _rows(self, relation: Relation) -> list[dict[str, Any]]:
        """One to three rows with the columns that must be there, and a few that may."""
        columns = relation.columns
        names = [name for name, column in columns.items() if not column.nullable and column.default is None]
        names += self.random.sample(sorted(columns), min(3, len(columns)))
        return [
            {name: self._value(columns[name].type_name) for name in names}
            for _ in range(self.random.randint(1, 3))
        ]

    def _select(self, relation: Relation) -> str:
        items = [self._column(relation) for _ in range(self.random.randint(1, 3))]
        ways = self.ways.get(relation.name, ())
        if ways and self.random.random() < 0.6:
            way = self.random.choice(ways)
            hint = f"!{way.constraint}" if way.constraint and self.random.random() < 0.7 else ""
            items.append(f"{way.target.name}{hint}({self.random.choice(('*', 'id', 'esco_id'))})")
        return ",".join(items)

    def _filters(self, relation: Relation) -> list[tuple[str, str]]:
        return [self._filter(relation) for _ in range(self.random.randint(1, 3))]

    def _filter(self, relation: Relation) -> tuple[str, str]:
        column = self._column(relation)
        value = self._value(relation.columns[column].type_name)
        usual = ("eq", "eq", "neq", "gt", "lte", "in", "is")
        operator = self.random.choice(usual if self.random.random() < 0.8 else OPERATOR_NAMES)
        if operator == "in":
            value = f"({value})"
        if operator == "is":
            value = self.random.choice(("null", "null", "not_null", "true"))
        text = f"{self.random.choice(('', '', 'not.'))}{operator}.{value}"
        if self.random.random() < 0.2:
            return self.random.choice(("or", "and", "not.or")), f"({column}.{text},{column}.is.null)"
        return column, text

    # The same with something broken.

    def _mutated(self, valid: Request) -> Request:
        request = valid
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            part = self.random.choice(
                ("target", "target", "target", "body", "body", "header", "more", "method")
            )
            request = self._MUTATIONS[part](self, request)
        return replace(request, kind=f"mutated {valid.kind}")

    def _mutate_target(self, request: Request) -> Request:
        start = len(self.prefix)
        return replace(
            request, target=request.target[:start] + _in_one_line(self._bytes(request.target[start:]))
        )

    def _mutate_body(self, request: Request) -> Request:
        if self.random.random() < 0.5:
            return replace(request, body=self._bytes(request.body))
        return replace(
            request,
            body=json.dumps(self._json(3), ensure_ascii=self.random.random() < 0.5).encode(errors="replace"),
        )

    def _mutate_header(self, request: Request) -> Request:
        headers = list(request.headers)
        place = self.random.randrange(len(headers))
        name, value = headers[place]
        if name != "apikey" or self.random.random() < 0.1:
            headers[place] = (name, _in_one_line(self._bytes(value)))
        return replace(request, headers=tuple(headers))

    def _mutate_method(self, request: Request) -> Request:
        return replace(request, method=self.random.choice(METHODS))

    def _more_headers(self, request: Request) -> Request:
        name = self.random.choice(("Prefer", "Accept", "Range", "Range-Unit", "Content-Type", "Accept-Profile", "Cookie",
                                   "Content-Profile", "Authorization", "Origin", "X-Junk", "apikey"))  # fmt: skip
        junk = self._bytes(self.random.choice((b"", b"public", b"0-9", b"return=representation", b"*/*")))
        return replace(request, headers=(*request.headers, (name, _in_one_line(junk))))

    _MUTATIONS: ClassVar[dict[str, Callable[["Fuzzer", Request], Request]]] = {
        "target": _mutate_target,
        "body": _mutate_body,
        "header": _mutate_header,
        "method": _mutate_method,
        "more": _more_headers,
    }

    def _bytes(self, data: bytes) -> bytes:
        """Flip, delete, double, cut, or put something hostile in."""
        place = self.random.randint(0, len(data))
        end = min(len(data), place + self.random.choice((1, 2, 3, 5, 8, 1000)))
        hostile = self.random.choice(HOSTILE).encode(errors="surrogatepass")
        if self.random.random() < 0.5:
            hostile = quote(hostile).encode()
        flipped = bytes((self.random.randrange(256),))
        operator = self.random.choice(OPERATOR_NAMES).encode()
        return self.random.choice(
            (
                data[:place] + flipped + data[place + 1 :],
                data[:place] + data[end:],
                data[:end] + data[place:],
                data[:place],
                data[:place] + hostile + data[place:],
                data[:place] + hostile + data[end:],
                data.replace(b"eq", operator).replace(b"like", operator),
                data[:place] + self.random.randbytes(5) + data[place:],
            )
        )

    def _broken_frame(self, valid: Request) -> Request:
        return replace(valid, kind="no HTTP", broken=self._bytes(valid.wire()))

    # Made up from nothing.

    def _generated(self) -> Request:
        relation = self._relation()
        path = self.random.choice(
            (f"/{relation.name.name}", f"/{relation.name.name}", f"/rpc/{self.random.choice(self.routines)[0].name}",
             "/", "/rpc/", f"/{self._word()}", f"/rpc/{self._word()}", f"/{self._word()}/{self._word()}")
        )  # fmt: skip
        names = (
            *relation.columns,
            "select",
            "order",
            "limit",
            "offset",
            "and",
            "or",
            "not.and",
            "columns",
            "on_conflict",
        )
        query = [
            (self.random.choice((*names, self._word())), self._expression(4))
            for _ in range(self.random.randint(0, 4))
        ]
        if self.random.random() < 0.3:
            query.append(("select", self._generated_select(relation, 4)))
        body = self._json(4) if self.random.random() < 0.5 else None
        request = self._frame("generated", self.random.choice(METHODS), path, query, body)
        return self._more_headers(request) if self.random.random() < 0.3 else request

    def _word(self) -> str:
        return (
            self.random.choice((*HOSTILE, self._column(self._relation()), self._relation().name.name)) or "x"
        )

    def _expression(self, depth: int) -> str:
        if depth == 0 or self.random.random() < 0.2:
            return self._word()
        operator = self.random.choice((*OPERATOR_NAMES, "not", "eq(any)", "fts(english)", "like(all)"))
        return self.random.choice(
            (
                f"{operator}.{self._word()}",
                f"({self._word()}.{operator}.{self._expression(depth - 1)},{self._expression(depth - 1)})",
                f"{self.random.choice(('and', 'or', 'not.and'))}({self._expression(depth - 1)})",
                f"in.({self._word()},{self._word()})",
                str(self.random.randint(-(10**20), 10**20)),
                f"{self._word()}.desc,{self._word()}",
            )
        )

    def _generated_select(self, relation: Relation, depth: int) -> str:
        ways = self.ways.get(relation.name, ())
        items = [
            self.random.choice(
                (self._column(relation), "*", self._word(), f"a:{self._column(relation)}::text")
            )
        ]
        if ways and depth:
            way = self.random.choice(ways)
            inner = next(one for one in self.relations if one.name == way.target)
            hint = self.random.choice(("", "!inner", "!left", f"!{way.constraint}", f"!{self._word()}"))
            items.append(f"{self.random.choice(('', 'b:', '...'))}{way.target.name}{hint}"
                         f"({self._generated_select(inner, depth - 1)})")  # fmt: skip
        return ",".join(items)

    def _json(self, depth: int) -> Any:
        relation = self._relation()
        scalars = (None, True, -1, 10**30, 1.5, self._word(), self._value("text"), "\ud800", "a\0b")
        if depth == 0 or self.random.random() < 0.15:
            return self.random.choice(scalars)
        if self.random.random() < 0.3:
            return [self._json(depth - 1) for _ in range(self.random.randint(0, 3))]
        return {
            self.random.choice((self._column(relation), self._word())): self._json(depth - 1)
            for _ in range(self.random.randint(0, 4))
        }


PREFERENCES = (
    b"return=representation", b"return=minimal", b"return=headers-only", b"count=exact", b"count=planned", b"nonsense",
    b"return=representation, count=exact", b"resolution=merge-duplicates, return=representation",
    b"resolution=ignore-duplicates", b"handling=strict", b"tx=rollback", b"missing=default",
)  # fmt: skip
ACCEPTS = (
    b"application/json",
    b"application/vnd.pgrst.object+json",
    b"text/csv",
    b"*/*;q=0.1",
    b"application/vnd.pgrst.array+json",
)


def _in_one_line(data: bytes) -> bytes:
    """What would end the line or the word stays out: that is what ``broken`` frames are for."""
    return bytes(byte for byte in data if byte > 32 and byte != 127)
