"""Statements: names are quoted, values travel as parameters, and nothing else comes from the client."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.errors import Refusal
from rowgate.sql.parts import array_literal, quote
from unit.rowgate.shop import rendered

MARK = "zqhostile"
hostile = st.text(
    st.sampled_from(["'", '"', "\\", "$", ";", "-", "*", "/", "(", ")", "{", "}", ",", ".", ":", ">", "%", " ", "\n", "\u2019", "é", "a"]),
    max_size=12,
).map(lambda text: f"{text}{MARK}{text}")  # fmt: skip


def outside_quotes(text: str) -> str:
    """The statement without its quoted names and its own literals: the part that is code."""
    return re.sub(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'', "", text)


def percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def quoted(text: str) -> str:
    return percent('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')


@given(hostile)
def test_a_name_never_leaves_its_quotes(name: str) -> None:
    for url in (
        f"/customers?select={quoted(name)}",
        f"/customers?select={quoted(name)}:id",
        f"/customers?select=x:{quoted(name)}::int",
        f"/customers?{quoted(name)}=eq.1",
        f"/customers?order={quoted(name)}.desc",
        f"/customers?or=({quoted(name)}.eq.1,id.in.(1))",
        f"/customers?select={quoted(name)}:escos(id)",
        f"/customers?select=...escos({quoted(name)}:name)",
        f"/escos?select=...customers({quoted(name)})",
        f"/customers?select=escos(id)&order=escos({quoted(name)})",
        f"/customers?select=id,{quoted(name)}:escos(id)&{quoted(name)}=is.null",
    ):
        statement = rendered("GET", url)
        assert quote(name) in statement.text
        assert MARK not in outside_quotes(statement.text)
        assert outside_quotes(statement.text) == outside_quotes(
            rendered("GET", url.replace(quoted(name), "plain")).text
        )


@given(hostile)
def test_a_value_is_a_parameter(value: str) -> None:
    for method, url, body in (
        ("GET", f"/customers?name=eq.{percent(value)}", ""),
        ("GET", f"/customers?name=not.like.{percent(value)}", ""),
        ("GET", f"/customers?name=fts.{percent(value)}", ""),
        ("GET", f"/customers?name=in.({quoted(value)},b)", ""),
        ("GET", f"/customers?and=(name.eq.{quoted(value)},id.eq.1)", ""),
        ("GET", f"/customers?meta-%3E%3E{quoted(value)}=eq.1", ""),
        ("GET", f"/rpc/joined?words={percent(value)}x", ""),
        ("PATCH", f"/customers?name=eq.{percent(value)}", '{"name": "x"}'),
        ("DELETE", f"/customers?name=gt.{percent(value)}", ""),
    ):
        statement = rendered(method, url, body)
        assert MARK not in statement.text
        assert any(MARK.encode() in parameter for parameter in statement.parameters if parameter)


@given(hostile)
def test_a_body_is_one_parameter(value: str) -> None:
    import json

    body = json.dumps({"name": value})
    for statement in (rendered("POST", "/customers", body), rendered("PATCH", "/customers?id=eq.1", body)):
        assert MARK not in statement.text
        assert body.encode() in statement.parameters


@given(st.text(max_size=30))
def test_a_cast_is_never_more_than_a_type(cast: str) -> None:
    try:
        statement = rendered("GET", f"/customers?select=id::{percent(cast)}")
    except Refusal:
        return
    found = re.search(r"CAST\(\"customers\"\.\"id\" AS ([A-Za-z0-9_ ]*(?:\[\])*)\)", statement.text)
    assert found
    assert found[1] in cast


@given(st.lists(st.text(), max_size=5))
def test_array_literals_hold_their_values(values: list[str]) -> None:
    literal = array_literal(values)
    inside = re.findall(r'"((?:[^"\\]|\\.)*)"', literal, re.DOTALL)
    assert [re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) for text in inside] == values


def test_the_same_shape_is_the_same_text() -> None:
    """Statements are kept prepared by their text, so values must not be in it."""
    one = rendered("GET", "/customers?select=id&name=eq.x&or=(id.eq.1,id.in.(1,2))&limit=5&offset=3")
    other = rendered("GET", "/customers?select=id&name=eq.y&or=(id.eq.7,id.in.(3,4,5))&limit=9&offset=1")
    assert one.text == other.text
    assert one.parameters != other.parameters


def test_as_many_placeholders_as_parameters() -> None:
    for method, url, body in (
        ("GET", "/customers?select=meta->a,accounts!inner(id)&accounts.id=gt.1&id=in.(1,2)&limit=1", ""),
        ("POST", "/customers?on_conflict=id&select=id,escos(name)", '[{"id": 1}]'),
        ("PATCH", "/customers?id=eq.1", '{"name": "x"}'),
        ("PATCH", "/customers?id=eq.1", "{}"),
        ("PUT", "/customers?id=eq.1&select=id,escos(name)", '{"id": 1, "name": "x"}'),
        ("POST", "/customers?columns=id,name,meta", '[{"id": 1}]'),
        ("DELETE", "/customers?or=(id.eq.1,id.eq.2)", ""),
        ("GET", "/rpc/customers_from?min_id=1&id=eq.1&order=id&limit=3", ""),
        ("POST", "/rpc/add", '{"a": 1}'),
    ):
        for prefer in (
            "",
            "count=exact, return=representation",
            "return=headers-only, resolution=merge-duplicates, missing=default",
        ):
            statement = rendered(method, url, body, prefer=prefer)
            used = {int(number) for number in re.findall(r"\$(\d+)", outside_quotes(statement.text))}
            assert used == set(range(1, len(statement.parameters) + 1)), (method, url, prefer)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/escos?id=eq.1", ' WHERE "escos"."id" = $1'),
        ("/escos?id=not.is.null", ' WHERE NOT ("escos"."id" IS NULL)'),
        ("/escos?name=like.a*", ' WHERE "escos"."name" LIKE $1'),
        ("/escos?id=in.(1,2)", ' WHERE "escos"."id" = ANY ($1)'),
        ("/escos?name=eq(any).{a}", ' WHERE "escos"."name" = ANY ($1)'),
        ("/escos?not.or=(id.eq.1,id.gt.2)", ' WHERE NOT ("escos"."id" = $1 OR "escos"."id" > $2)'),
        ("/customers?meta->a->>0=eq.1", ' WHERE "customers"."meta"->$1::text->>$2::int = $3'),
        ("/customers?tags->>-1=eq.1", ' WHERE to_jsonb("customers"."tags")->>$1::int = $2'),
        ("/customers?meta->٣=eq.1", ' WHERE "customers"."meta"->$1::text = $2'),
        ("/escos?order=id.desc.nullslast,name", ' ORDER BY "escos"."id" DESC NULLS LAST, "escos"."name"'),
        ("/escos?limit=1&offset=2", " LIMIT $1 OFFSET $2"),
        (
            "/escos?name=fts(english).x",
            ' WHERE to_tsvector($1::regconfig, "escos"."name") @@ to_tsquery($1::regconfig, $2)',
        ),
    ],
)
def test_conditions_order_and_windows(url: str, expected: str) -> None:
    assert expected in rendered("GET", url).text


def test_a_row_that_does_not_name_a_column_takes_its_default() -> None:
    url, body = "/customers?columns=id,name", '[{"name": "x"}]'
    assert "json_to_recordset" in rendered("POST", url, body).text
    statement = rendered("POST", url, body, prefer="missing=default")
    assert "CAST(nextval('s'::regclass) AS integer)" in statement.text
    assert b"id" in statement.parameters, "a key of the body is a value"
    assert statement.text.count("CASE WHEN") == 1, "what has no default is null anyway"


def test_a_put_is_a_row_that_agrees_with_the_address() -> None:
    statement = rendered("PUT", "/customers?id=eq.1", '{"id": 1, "name": "x"}')
    assert ' WHERE "rowgate_body"."id" = $2 ON CONFLICT ("id") DO UPDATE' in statement.text
    assert statement.parameters[1] == b"1"


def test_a_void_function_is_run_though_nothing_reads_its_result() -> None:
    assert "AS MATERIALIZED (" in rendered("POST", "/rpc/nothing", "").text
