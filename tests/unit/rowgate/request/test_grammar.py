"""The little languages of the query string: texts in, values out, and refusals that say where."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.errors import Refusal
from rowgate.request import grammar
from rowgate.request.model import (
    Condition,
    Field,
    Group,
    JsonStep,
    Logic,
    OrderTerm,
    SelectEmbed,
    SelectField,
    SelectItem,
)

A = Field("a")


def select(text: str) -> tuple[SelectItem, ...]:
    return grammar.parse_select(text, 30)


def refused(parse: object, *arguments: object) -> Refusal:
    with pytest.raises(Refusal) as info:
        parse(*arguments)  # type: ignore[operator]
    assert (info.value.status, info.value.code) == (400, "PGRST100")
    return info.value


@pytest.mark.parametrize("operator", sorted(grammar.OPERATORS - {"in", "is"}))
def test_every_operator_takes_all_that_follows_as_its_value(operator: str) -> None:
    value = 'not.eq.(1),"x" ->'
    assert grammar.parse_condition(A, f"{operator}.{value}") == Condition(A, operator, value)
    assert grammar.parse_condition(A, f"not.{operator}.") == Condition(A, operator, "", negated=True)


@pytest.mark.parametrize("operator", sorted(grammar.QUANTIFIABLE))
def test_quantifiers(operator: str) -> None:
    assert grammar.parse_condition(A, f"{operator}(any).{{1,2}}").modifier == "any"
    assert grammar.parse_condition(A, f"not.{operator}(all).{{1,2}}").modifier == "all"


@pytest.mark.parametrize("operator", sorted(grammar.TEXT_SEARCHES))
def test_text_search_languages(operator: str) -> None:
    assert grammar.parse_condition(A, f"{operator}(english).x").modifier == "english"


@pytest.mark.parametrize("word", ["null", "NOT_NULL", "True", "false", "unknown"])
def test_is(word: str) -> None:
    assert grammar.parse_condition(A, f"is.{word}") == Condition(A, "is", word.lower())


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("()", ()),
        ("(1)", ("1",)),
        ("(1,2)", ("1", "2")),
        ("(,)", ("", "")),
        ('("a,b","c)d")', ("a,b", "c)d")),
        (r'("a\"b","c\\d")', ('a"b', "c\\d")),
        ('(a"b)', ('a"b',)),
        ('("a"b,"c")', ('"a"b', "c")),
        ("( 1, 2 )", (" 1", " 2 ")),
    ],
)
def test_lists(text: str, values: tuple[str, ...]) -> None:
    assert grammar.parse_condition(A, f"in.{text}") == Condition(A, "in", values=values)


@pytest.mark.parametrize(
    ("text", "place", "unexpected"),
    [
        ("", 1, "end of input"),
        ("1", 1, '"1"'),
        ("foo.1", 1, '"f"'),
        ("EQ.1", 1, '"E"'),
        ("not.", 5, "end of input"),
        ("not.not.eq.1", 5, '"n"'),
        ("eq", 3, "end of input"),
        ("eq(some).1", 3, '"("'),
        ("neq(any).1", 4, '"("'),
        ("in.1", 4, '"1"'),
        ("in.(1", 6, "end of input"),
        ("in.(1)x", 7, '"x"'),
        ("is.maybe", 4, '"m"'),
    ],
)
def test_a_refusal_says_where(text: str, place: int, unexpected: str) -> None:
    refusal = refused(grammar.parse_condition, A, text)
    assert refusal.message == f'"failed to parse filter ({text})" (line 1, column {place})'
    assert refusal.details.startswith(f"unexpected {unexpected} expecting ")


def test_trees() -> None:
    tree = grammar.parse_logic(
        "or", False, '(a.eq.1,not.and(b->>c.not.in.(1,"x)"),d.is.null) , a.like(any).{x,y})', 30
    )
    inner = Group(
        "and",
        (
            Condition(Field("b", (JsonStep("->>", "c"),)), "in", values=("1", "x)"), negated=True),
            Condition(Field("d"), "is", "null"),
        ),
        negated=True,
    )
    expected = (Condition(A, "eq", "1"), inner, Condition(A, "like", "{x,y}", modifier="any"))
    assert tree == Group("or", expected)


@pytest.mark.parametrize(
    "text", ["", "a.eq.1", "()", "(a)", "(a.eq.1", "(a.eq.1,)", "(a.eq.1))", "(and())", "(a.eq.1)x"]
)
def test_trees_that_are_none(text: str) -> None:
    refused(grammar.parse_logic, "and", False, text, 30)


def test_nesting_has_an_end() -> None:
    def tree(depth: int) -> str:
        return "(" + "and(" * (depth - 1) + "a.eq.1" + ")" * depth

    grammar.parse_logic("or", False, tree(30), 30)
    assert "deeper than 30" in refused(grammar.parse_logic, "or", False, tree(31), 30).message
    select("a(" * 30 + "b" + ")" * 30)
    assert "deeper than 30" in refused(grammar.parse_select, "a(" * 31 + "b" + ")" * 31, 30).message
    refused(grammar.parse_logic, "or", False, "(and" * 100_000, 30)
    refused(grammar.parse_select, "a(" * 100_000, 30)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", (SelectField(Field("*")),)),
        ("*", (SelectField(Field("*")),)),
        ("a, b", (SelectField(A), SelectField(Field("b")))),
        ("x:a::int", (SelectField(A, "x", "int"),)),
        ("a::text[]", (SelectField(A, None, "text[]"),)),
        ('"a,b":"c.d"', (SelectField(Field("c.d"), "a,b"),)),
        ("a->b->>0", (SelectField(Field("a", (JsonStep("->", "b"), JsonStep("->>", "0")))),)),
        ('a->"b->c"', (SelectField(Field("a", (JsonStep("->", "b->c"),))),)),
        ('a->"0"', (SelectField(Field("a", (JsonStep("->", "0", quoted=True),))),)),
        ("a->it's.sum()", (SelectField(Field("a", (JsonStep("->", "it's"),)), aggregate="sum"),)),
        ("count()", (SelectField(Field("*"), aggregate="count"),)),
        ("n:count()::text", (SelectField(Field("*"), "n", None, "count", "text"),)),
        ("a::int.avg()::text", (SelectField(A, None, "int", "avg", "text"),)),
        ("x:a.count()", (SelectField(A, "x", None, "count"),)),
        ("count", (SelectField(Field("count")),)),
        ("count(a)", (SelectEmbed("count", (SelectField(A),)),)),
        ("...r!inner(a)", (SelectEmbed("r", (SelectField(A),), inner=True, spread=True),)),
        ("first-name", (SelectField(Field("first-name")),)),
        ("名前", (SelectField(Field("名前")),)),
        ("r()", (SelectEmbed("r", ()),)),
        ("r!fk!inner(a)", (SelectEmbed("r", (SelectField(A),), None, "fk", inner=True),)),
        (
            "x:r!left(*,s(a))",
            (SelectEmbed("r", (SelectField(Field("*")), SelectEmbed("s", (SelectField(A),))), "x"),),
        ),
    ],
)
def test_select(text: str, items: tuple[SelectItem, ...]) -> None:
    assert select(text) == items


@pytest.mark.parametrize(
    "text",
    [
        ",",
        "a,",
        "a b(",
        "a::",
        "a::int;drop",
        "a:",
        ":a",
        "a)",
        "(a)",
        "a!",
        "a!x",
        "a->",
        "a->>",
        "a..b",
        '"a',
        "a::int)",
    ],
)
def test_selects_that_are_none(text: str) -> None:
    refused(grammar.parse_select, text, 30)


@pytest.mark.parametrize(
    "text", ["int; drop table x", "int) --", "int'", 'int"', "int/**/", "int(1)", "int,"]
)
def test_a_cast_is_words_and_brackets_alone(text: str) -> None:
    items = None
    try:
        items = select(f"a::{text}")
    except Refusal:
        return
    pytest.fail(f"{items}")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a", (OrderTerm(A),)),
        ("a.asc,b.desc", (OrderTerm(A), OrderTerm(Field("b"), descending=True))),
        ("a.desc.nullsfirst", (OrderTerm(A, descending=True, nulls_first=True),)),
        ("a.nullslast", (OrderTerm(A, nulls_first=False),)),
        ("r(a)", (OrderTerm(A, relation="r"),)),
        ("r(a->b).desc.nullslast", (OrderTerm(Field("a", (JsonStep("->", "b"),)), True, False, "r"),)),
        ("a->>b.desc", (OrderTerm(Field("a", (JsonStep("->>", "b"),)), descending=True),)),
    ],
)
def test_order(text: str, terms: tuple[OrderTerm, ...]) -> None:
    assert grammar.parse_order(text) == terms


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "a.",
        "a.down",
        "r(a",
        "r()",
        "r(a)(b)",
        "a->b(c)",
        "a.desc.asc",
        "a.nullsfirst.desc",
        "a;b",
        "a,",
    ],
)
def test_orders_that_are_none(text: str) -> None:
    refused(grammar.parse_order, text)


def test_an_argument_is_told_from_a_filter() -> None:
    assert grammar.looks_like_condition("eq.1")
    assert grammar.looks_like_condition("not.in.(1)")
    assert not grammar.looks_like_condition("1")
    assert not grammar.looks_like_condition("www.example")
    assert not grammar.looks_like_condition("equal.1")


# What is written by the rules is read as it was meant.

names = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=8
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# All keys are written in quotes, which only makes a difference to those of digits.
steps = st.builds(
    lambda arrow, key: JsonStep(arrow, key, quoted=key.removeprefix("-").isdecimal()),
    st.sampled_from(["->", "->>"]),
    names,
)
fields = st.builds(Field, names, st.lists(steps, max_size=2).map(tuple))
conditions = st.builds(
    Condition, fields, st.sampled_from(sorted(grammar.COMPARISONS)), names, negated=st.booleans()
) | st.builds(
    Condition,
    fields,
    st.just("in"),
    values=st.lists(names, min_size=1, max_size=3).map(tuple),
    negated=st.booleans(),
)
trees = st.recursive(
    conditions,
    lambda inner: st.builds(
        Group,
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    max_leaves=8,
)
plain = st.builds(SelectField, fields, st.none() | names, st.none() | st.just("int"))
aggregated = st.builds(
    SelectField, fields, st.none() | names, st.none() | st.just("int"),
    st.sampled_from(["sum", "avg", "min", "max", "count"]), st.none() | st.just("text"),
) | st.builds(
    SelectField, st.just(Field("*")), st.none() | names, st.none(), st.just("count"), st.none() | st.just("text"),
)  # fmt: skip
embeds = st.recursive(
    plain | aggregated,
    lambda inner: st.builds(
        SelectEmbed, names, st.lists(inner, max_size=3).map(tuple), st.none() | names,
        st.none() | names.filter(lambda name: name not in ("inner", "left")), st.booleans(),
    ).flatmap(lambda embed: st.sampled_from([embed, replace(embed, alias=None, spread=True)])),
    max_leaves=8,
)  # fmt: skip


def write_field(field: Field) -> str:
    return quoted(field.name) + "".join(step.arrow + quoted(step.key) for step in field.steps)


def write_logic(logic: Logic) -> str:
    negation = "not." if logic.negated else ""
    if isinstance(logic, Group):
        return f"{negation}{logic.conjunction}({','.join(map(write_logic, logic.members))})"
    value = f"({','.join(map(quoted, logic.values))})" if logic.operator == "in" else quoted(logic.value)
    return f"{write_field(logic.field)}.{negation}{logic.operator}.{value}"


def write_item(item: SelectItem) -> str:
    alias = f"{quoted(item.alias)}:" if item.alias else ""
    if isinstance(item, SelectField):
        cast, after = (
            f"::{type_name}" if type_name else "" for type_name in (item.cast, item.aggregate_cast)
        )
        if item.field.name == "*" and item.aggregate:
            return f"{alias}count(){after}"
        aggregate = f".{item.aggregate}()" if item.aggregate else ""
        return f"{alias}{write_field(item.field)}{cast}{aggregate}{after}"
    hints = (f"!{quoted(item.hint)}" if item.hint else "") + ("!inner" if item.inner else "")
    alias = "..." if item.spread else alias
    return f"{alias}{quoted(item.target)}{hints}({','.join(map(write_item, item.items))})"


@given(st.lists(trees, min_size=1, max_size=3))
def test_trees_are_read_as_they_were_written(members: list[Logic]) -> None:
    text = f"({','.join(map(write_logic, members))})"
    assert grammar.parse_logic("or", False, text, 30) == Group("or", tuple(members))


@given(st.lists(embeds, min_size=1, max_size=3))
def test_selects_are_read_as_they_were_written(items: list[SelectItem]) -> None:
    assert select(",".join(map(write_item, items))) == tuple(items)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (
        lambda: select(text),
        lambda: grammar.parse_condition(A, text),
        lambda: grammar.parse_logic("and", False, text, 30),
        lambda: grammar.parse_order(text),
        lambda: grammar.parse_names(text, "columns"),
        lambda: grammar.parse_key(text),
    ):
        assert refusal_code(parse) in (None, "PGRST100")


def refusal_code(parse: Callable[[], object]) -> str | None:
    try:
        parse()
    except Refusal as refusal:
        return refusal.code
    return None
