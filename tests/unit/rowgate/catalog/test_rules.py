"""What a constraint says, in words."""

import pytest

from rowgate.catalog.rules import in_words


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (
            "CHECK (status = ANY (ARRAY['active'::text, 'it''s closed'::text]))",
            "status must be one of active, it's closed",
        ),
        ("CHECK (VALUE = ANY (ARRAY['a'::text]))", "The value must be one of a"),
        (
            "CHECK (kind::text = ANY (ARRAY['a'::character varying, 'b, c'::character varying]::text[]))",
            "kind must be one of a, b, c",
        ),
        # More than a list of choices is not told as one.
        (
            "CHECK (a = ANY (ARRAY['x'::text, 'y'::text]) OR b IS NULL)",
            "The rule is CHECK (a = ANY (ARRAY['x'::text, 'y'::text]) OR b IS NULL)",
        ),
        ("CHECK (n = ANY (ARRAY[1, 2]))", "The rule is CHECK (n = ANY (ARRAY[1, 2]))"),
        ("CHECK (price > 0::numeric)", "The rule is CHECK (price > 0::numeric)"),
        ("EXCLUDE USING gist (room WITH =)", "The rule is EXCLUDE USING gist (room WITH =)"),
    ],
)
def test_in_words(definition: str, words: str) -> None:
    assert in_words(definition) == words
