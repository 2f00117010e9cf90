"""Domains and the functions that give their values another form."""

from rowgate.catalog.build import build
from rowgate.catalog.casts import group_representations
from rowgate.catalog.model import Name, Representation
from rowgate.catalog.rows import CastRow, ColumnRow, RelationRow, Snapshot

CASTS = (
    CastRow("paint.shade", "to_json", "paint", "shown"),
    CastRow("paint.shade", "from_text", "paint", "asked"),
    CastRow("paint.other", "from_json", "paint", "given"),
)


def test_the_functions_of_a_domain_come_together() -> None:
    assert group_representations(CASTS) == {
        "paint.shade": Representation(to_json=Name("paint", "shown"), from_text=Name("paint", "asked")),
        "paint.other": Representation(from_json=Name("paint", "given")),
    }


def test_only_columns_of_the_domain_have_them() -> None:
    columns = (ColumnRow(1, 1, "id", "integer"), ColumnRow(1, 2, "shade", "paint.shade", "integer"))
    catalog = build(Snapshot((RelationRow(1, "paint", "pots", "r", True),), columns, casts=CASTS))
    found = catalog.relations[Name("paint", "pots")].columns
    assert found["shade"].representation.to_json == Name("paint", "shown")
    assert found["id"].representation == Representation()
