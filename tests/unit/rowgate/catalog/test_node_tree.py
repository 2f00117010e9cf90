"""Reading where view columns come from, out of queries as PostgreSQL 15 and 18 store them.

The stored queries are those of these views over p (oid 16388) and c (16396 in 15, 16397 in 18):

    create table p (id int primary key, "we{ird) \\ na""me" text, d text default 'x');
    create table c (id int primary key, p_id int references p);
    create view v as select c.id, c.p_id, p."we{ird) \\ na""me" as "o{(dd :resorigtbl 5", upper(d) as u,
      (select max(id) from p) m from c join p on p.id = c.p_id order by d;
    create view g as select p_id, count(*) from c group by p_id;
    create view un as select id from p union select id from c order by 1;
    create view w as with q as (select * from c)
      select q.*, l.id lid from q, lateral (select p.id from p where p.id = q.p_id) l;
"""

from pathlib import Path

import pytest

from rowgate.catalog.node_tree import Source, read_sources, resolve_sources

P = 16388
C = {15: 16396, 18: 16397}


def stored_query(version: int, view: str) -> str:
    path = Path(__file__).parent / "stored_queries" / f"postgresql_{version}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("|", 1) for line in lines)[view]


def view_query(*sources: Source) -> str:
    """A view's stored query in short: its columns are these, in order."""
    entries = " ".join(
        f"{{TARGETENTRY :expr {{VAR :varno 1}} :resno {number} :resname c{number} :ressortgroupref 0"
        f" :resorigtbl {source.relation} :resorigcol {source.column} :resjunk false}}"
        for number, source in enumerate(sources, 1)
    )
    return f"({{QUERY :commandType 1 :targetList ({entries}) :override 0}})"


@pytest.mark.parametrize("version", [15, 18])
class TestStoredQueries:
    def test_a_join_shows_the_columns_of_both_tables_and_no_computed_or_hidden_one(
        self, version: int
    ) -> None:
        """Also: names with braces, parentheses, backslashes, quotes and field names in them."""
        assert read_sources(stored_query(version, "v")) == {
            1: Source(C[version], 1),
            2: Source(C[version], 2),
            3: Source(P, 2),
        }

    def test_grouping_keeps_the_source_of_the_grouped_column_only(self, version: int) -> None:
        assert read_sources(stored_query(version, "g")) == {1: Source(C[version], 2)}

    def test_a_union_has_no_sources(self, version: int) -> None:
        assert read_sources(stored_query(version, "un")) == {}

    def test_common_table_expressions_and_lateral_subqueries_are_looked_through(self, version: int) -> None:
        assert read_sources(stored_query(version, "w")) == {
            1: Source(C[version], 1),
            2: Source(C[version], 2),
            3: Source(P, 1),
        }


def test_what_is_not_a_stored_query_is_refused() -> None:
    with pytest.raises(ValueError, match="not the stored query"):
        read_sources("select 1")


def test_views_of_views_are_followed_to_the_table() -> None:
    queries = {
        10: view_query(Source(1, 2), Source(1, 1)),
        11: view_query(Source(10, 2)),
        12: view_query(Source(11, 1), Source(10, 1)),
    }
    assert resolve_sources(queries)[12] == {1: Source(1, 1), 2: Source(1, 2)}


def test_a_column_that_an_inner_view_computes_has_no_source() -> None:
    queries = {10: view_query(Source(0, 0), Source(1, 1)), 11: view_query(Source(10, 1), Source(10, 2))}
    assert resolve_sources(queries)[11] == {2: Source(1, 1)}


def test_views_that_read_from_each_other_in_a_ring_have_no_sources() -> None:
    queries = {10: view_query(Source(11, 1)), 11: view_query(Source(10, 1))}
    assert resolve_sources(queries) == {10: {}, 11: {}}
