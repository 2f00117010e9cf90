"""Which functions a domain's values pass on their way to JSON and back."""

from collections import defaultdict
from collections.abc import Iterable

from rowgate.catalog.model import Name, Representation
from rowgate.catalog.rows import CastRow


def group_representations(rows: Iterable[CastRow]) -> dict[str, Representation]:
    """By the domain's name, as a column's type spells it."""
    found: dict[str, dict[str, Name]] = defaultdict(dict)
    for row in rows:
        found[row.domain][row.direction] = Name(row.schema, row.name)
    return {domain: Representation(**functions) for domain, functions in found.items()}
