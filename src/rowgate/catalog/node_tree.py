r"""Where a view's columns come from, read out of the stored query (``pg_rewrite.ev_action``).

PostgreSQL stores a view as the text of a tree of nodes: ``({QUERY :field value ... })``. Lists stand
in parentheses, nodes in braces, and any such character, or space, inside a name has a backslash
before it. Every entry of a query's target list says from which table and column it was plainly taken,
if it was (``:resorigtbl`` and ``:resorigcol``, 0 otherwise); PostgreSQL itself has looked through joins,
subqueries and common table expressions to find it, but stops at views.

The fields around these differ between versions (15 to 18), so only the nesting and the end of an entry
are relied on. Everything that is done for each character is left to ``re`` and ``str``: a schema of
hundreds of views has megabytes of this.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple


class Source(NamedTuple):
    """A column of a relation, by the relation's oid and the column's number."""

    relation: int
    column: int


_ESCAPED = re.compile(r"\\.", re.DOTALL)

# What follows an entry's expression, up to the entry's closing brace.
_ENTRY_END = re.compile(
    r" :resno (?P<number>\d+) :resname [^ ]+ :ressortgroupref \d+"
    r" :resorigtbl (?P<relation>\d+) :resorigcol (?P<column>\d+) :resjunk (?:true|false)\}"
)


def read_sources(query: str) -> dict[int, Source]:
    """The sources of a view's columns, by column number; columns that are computed are left out.

    ``ValueError`` if the text is not a stored query.
    """
    if not query.startswith("({QUERY "):
        raise ValueError("not the stored query of a view")
    plain = _ESCAPED.sub("__", query)
    sources: dict[int, Source] = {}
    depth = done = 0
    for entry in _ENTRY_END.finditer(plain):
        depth += plain.count("{", done, entry.end()) - plain.count("}", done, entry.end())
        done = entry.end()
        # An entry that ends back at depth 1 stood in the outermost query, whose only entries are its own
        # target list; those of subqueries and of aggregates' arguments end deeper.
        if depth == 1 and entry["relation"] != "0":
            sources[int(entry["number"])] = Source(int(entry["relation"]), int(entry["column"]))
    return sources


def resolve_sources(queries: Mapping[int, str]) -> dict[int, dict[int, Source]]:
    """The sources of the columns of every view, followed through views to what is no view.

    ``queries`` and the result are by the view's oid, the inner result by column number.
    """
    direct = {view: read_sources(query) for view, query in queries.items()}
    return {view: _followed(sources, direct) for view, sources in direct.items()}


def _followed(sources: Mapping[int, Source], direct: Mapping[int, Mapping[int, Source]]) -> dict[int, Source]:
    ends = ((number, _follow(source, direct)) for number, source in sources.items())
    return {number: end for number, end in ends if end is not None}


def _follow(source: Source, direct: Mapping[int, Mapping[int, Source]]) -> Source | None:
    step: Source | None = source
    for _ in direct:  # bounded: REPLACE VIEW lets views read from each other in a ring
        if step is None or step.relation not in direct:
            return step
        step = direct[step.relation].get(step.column)
    return step if step is not None and step.relation not in direct else None
