"""rowgate's parser against a second one: acceptance, tree, and where a refusal points, over generated texts."""

import os
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest

from conformance.oracle import reference, theirs
from conformance.oracle.generate import Generator, Sample
from conformance.oracle.reference import Refused
from integration.rowgate.conftest import Run
from integration.rowgate.world import bearer
from rowgate.app import Gateway
from rowgate.request import Headers, Incoming

COUNT = 200_000 if os.environ.get("SUBMETER_PROVE") else 2_000
SEED = int(os.environ.get("SUBMETER_SEED", "20261121"))
_QUERIES = {
    "select": "select={}&limit=3",
    "key": "{}=eq.1",
    "condition": "name={}",
    "logic": "and={}",
    "order": "order={}&limit=3",
}
_RESERVED = frozenset(("select", "order", "limit", "offset", "columns", "on_conflict", "and", "or"))


@pytest.mark.proof
def test_both_parsers_agree_and_what_is_accepted_reaches_postgresql(gateway: Gateway, run: Run) -> None:
    generator, mix, statuses = Generator(SEED), Counter[tuple[Any, ...]](), Counter[int]()
    headers = bearer("writer", sub="ann")
    for number in range(COUNT):
        sample = generator.sample()
        if theirs.not_yet(sample.language, sample.text):
            continue
        expected, found = _outcome(reference, sample), _outcome(theirs, sample)
        assert found == expected, f"{sample.language}: {sample.text!r}"
        accepted = isinstance(expected, tuple)
        assert accepted or sample.mutated, f"{sample.language}: {sample.text!r}"
        mix[
            sample.language, "mutated" if sample.mutated else "valid", "accepted" if accepted else "refused"
        ] += 1
        if accepted and number % 2 == 0 and not _is_reserved(sample, expected):
            statuses[_ask(gateway, run, sample, headers)] += 1
    _print(mix, statuses)
    _check_mix(mix, statuses)


def _outcome(parser: Any, sample: Sample) -> Any:
    """The tree, or the column of the refusal."""
    try:
        return parser.parse(sample.language, sample.text)
    except Refused as refused:
        return refused.column


def _is_reserved(sample: Sample, tree: Any) -> bool:
    """A name that means something else as the name of a parameter."""
    return sample.language == "key" and tree[1][0] in _RESERVED


def _ask(gateway: Gateway, run: Run, sample: Sample, headers: dict[str, str]) -> int:
    """Send it to the database. It may be refused there, but neither as malformed nor as our fault."""
    query = _QUERIES[sample.language].format(quote(sample.text, safe="")).encode()
    answer = run(gateway.answer(Incoming("GET", "/customers", query, Headers(headers), b"")))
    told = f"{sample.language}: {sample.text!r}: {answer.status} {answer.body!r}"
    assert answer.status < 500, told
    assert b'"code":"PGRST100"' not in answer.body, told
    return answer.status


def _print(mix: Counter[tuple[Any, ...]], statuses: Counter[int]) -> None:
    print(f"\n{mix.total()} texts from seed {SEED}:")  # noqa: T201
    for kind, count in sorted(mix.items()):
        print(f"  {' '.join(kind):30} {count:7}")  # noqa: T201
    print(f"  sent to PostgreSQL: {statuses.total()}, answered {dict(sorted(statuses.items()))}")  # noqa: T201


def _check_mix(mix: Counter[tuple[Any, ...]], statuses: Counter[int]) -> None:
    """The proof is worth what its mix is."""
    by = {word: sum(count for kind, count in mix.items() if word in kind) for kind in mix for word in kind}
    assert by["mutated"] * 2 >= mix.total()
    assert by["refused"] * 5 >= mix.total()
    assert all(by[language] * 10 >= mix.total() for language in reference.LANGUAGES)
    assert statuses.total() * 5 >= by["accepted"]
    assert statuses[200] * 4 >= statuses.total()


@pytest.mark.parametrize(
    ("language", "text", "column"),
    [
        ("select", "a,", 3),
        ("select", "a(b", 4),
        ("key", "a..b", 3),
        ("key", "a[x]", 2),
        ("key", "a[0]b", 5),
        ("condition", "eqq.1", 1),
        ("condition", "is.nul", 4),
        ("logic", "(a.eq.1", 8),
        ("logic", "(a.is.maybe)", 7),
        ("order", "a.down", 2),
    ],
)
def test_where_a_refusal_points(language: str, text: str, column: int) -> None:
    assert _outcome(reference, Sample(language, text, mutated=False)) == column
    assert _outcome(theirs, Sample(language, text, mutated=False)) == column


def test_a_token_of_another_language_is_none_here() -> None:
    assert reference.parse("key", "a.asco_id") == (("a",), ("asco_id", ()))


def test_a_difference_would_be_seen() -> None:
    """The trees hold what matters: these must differ."""
    pairs = [
        ("select", "a", "a:a"),
        ("select", "a(b)", "a!inner(b)"),
        ("select", "a->b", "a->>b"),
        ("select", "count()", "counts()"),
        ("select", "a, x: count ()", "a,x:count(b)"),
        ("select", '"count"()', '"counts"()'),
        ("condition", "eq.1", "not.eq.1"),
        ("condition", "in.(1,2)", 'in.("1,2")'),
        ("logic", "(a.eq.1)", '(a.eq."1 ")'),
        ("order", "a.nullslast", "a.nullsfirst"),
        ("key", "a.b", "b"),
    ]
    for language, one, other in pairs:
        trees = [
            _outcome(parser, Sample(language, text, False))
            for parser in (reference, theirs)
            for text in (one, other)
        ]
        assert trees[0] == trees[2] != trees[1] == trees[3]
