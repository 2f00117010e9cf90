"""Rules of the whole schema: comments, rights, row-level security, twins of foreign keys."""

from pathlib import Path
from typing import Any

import pytest

from submeter.core.caller import Caller

pytestmark = pytest.mark.system_postgres
SERVICE = Caller("service_role")
ROLES = ("anon", "authenticated", "operator", "service_role", "authenticator")


def owner_rows(database: Any, query: str) -> list[tuple[Any, ...]]:
    with database.connect_owner() as connection:
        return connection.execute(query).fetchall()


UNCOMMENTED = """
select c.oid::regclass::text, a.attname
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace in ('submeter'::regnamespace, 'public'::regnamespace) and c.relkind in ('r', 'v', 'p')
  and coalesce(col_description(c.oid, a.attnum), '') = ''
union all
select c.oid::regclass::text, null from pg_class c
where c.relnamespace in ('submeter'::regnamespace, 'public'::regnamespace) and c.relkind in ('r', 'v', 'p')
  and coalesce(obj_description(c.oid, 'pg_class'), '') = ''
union all
select p.oid::regprocedure::text, null from pg_proc p
where p.pronamespace in ('submeter'::regnamespace, 'public'::regnamespace) and coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
"""


def test_everything_is_commented(module_database: Any) -> None:
    assert owner_rows(module_database, UNCOMMENTED) == []


def test_a_missing_comment_would_be_found(database: Any) -> None:
    with database.connect_owner() as connection:
        connection.execute("create table submeter.bare (x int)")
    assert ("submeter.bare", "x") in owner_rows(database, UNCOMMENTED)


def test_no_function_is_executable_by_everybody(module_database: Any) -> None:
    query = """select p.oid::regprocedure::text from pg_proc p
      where p.pronamespace in ('submeter'::regnamespace, 'public'::regnamespace)
        and (p.proacl is null or exists (select from aclexplode(p.proacl) x where x.grantee = 0))"""
    assert owner_rows(module_database, query) == []


def test_functions_a_customer_may_execute_are_these(module_database: Any) -> None:
    query = """select proname from pg_proc p
      where pronamespace in ('submeter'::regnamespace, 'public'::regnamespace) and has_function_privilege('{}', p.oid, 'execute')
        and proname not like 'my\\_%' order by 1"""
    assert owner_rows(module_database, query.format("anon")) == []
    allowed = [name for (name,) in owner_rows(module_database, query.format("authenticated"))]
    assert allowed == ["check_correction", "check_dial_value", "check_reading", "circuit_intervals", "circuit_totals", "claim", "claim_uuid",
                       "claimed_customer", "claimed_esco", "compare_plans", "default_esco", "explain_line", "has_reading_at", "lock_register_readings",
                       "offered_reading", "offered_readings", "register_days", "register_intervals", "register_named", "sight",
                       "sub_type_of"]  # fmt: skip


def test_definer_functions_take_no_argument_or_are_triggers_or_nobodys(module_database: Any) -> None:
    query = """select p.oid::regprocedure::text from pg_proc p
      where pronamespace in ('submeter'::regnamespace, 'public'::regnamespace) and prosecdef
        and pronargs > 0 and prorettype <> 'trigger'::regtype
        and exists (select from unnest(array['anon', 'authenticated', 'operator', 'service_role']) r
                    where has_function_privilege(r, p.oid, 'execute'))"""
    assert owner_rows(module_database, query) == []


def test_every_function_has_a_fixed_search_path(module_database: Any) -> None:
    query = """select p.oid::regprocedure::text from pg_proc p
      where pronamespace in ('submeter'::regnamespace, 'public'::regnamespace)
        and not coalesce(proconfig::text like '%search_path=%', false)"""
    assert owner_rows(module_database, query) == []


def test_every_tenant_table_has_forced_row_level_security(module_database: Any) -> None:
    query = """select c.oid::regclass::text from pg_class c
      where c.relnamespace = 'submeter'::regnamespace and c.relkind in ('r', 'p')
        and (c.relname = 'escos' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'esco_id'))
        and not (c.relrowsecurity and c.relforcerowsecurity)"""
    assert owner_rows(module_database, query) == []
    assert owner_rows(module_database, "select relname from pg_class where relnamespace = 'submeter'::regnamespace and relkind = 'r'"
                      " and not relrowsecurity order by 1") == [("benchmark_tariffs",), ("regions",), ("tax_rates",)]  # fmt: skip


def test_every_view_has_the_rights_of_its_caller(module_database: Any) -> None:
    query = """select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'
      and not coalesce(reloptions @> array['security_invoker=true'], false)"""
    assert owner_rows(module_database, query) == []
    assert (
        owner_rows(
            module_database,
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
        )
        == []
    )


def test_no_role_passes_row_level_security(module_database: Any) -> None:
    query = "select rolname, rolsuper, rolbypassrls, rolcanlogin, rolinherit from pg_roles where rolname = any (array{}) order by 1"
    rows = owner_rows(module_database, query.format(list(ROLES)))
    assert rows == [(role, False, False, role == "authenticator", False) for role in sorted(ROLES)]


def test_anon_may_touch_only_the_list_of_escos(module_database: Any) -> None:
    query = """select c.oid::regclass::text from pg_class c
      where c.relnamespace in ('submeter'::regnamespace, 'public'::regnamespace) and c.relkind in ('r', 'v')
        and has_any_column_privilege('anon', c.oid, 'select, insert, update')"""
    assert sorted(owner_rows(module_database, query)) == [("escos",), ("submeter.escos",)]
    assert owner_rows(module_database, "select has_schema_privilege('anon', 'submeter', 'usage')") == [
        (False,)
    ]


TWINLESS = """
with tenant as (
  select c.oid from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'esco_id'
  where c.relnamespace = 'submeter'::regnamespace and c.relkind in ('r', 'p')
)
select k.conrelid::regclass::text, k.conname::text from pg_constraint k
join pg_attribute child on child.attrelid = k.conrelid and child.attnum = k.conkey[1]
join pg_attribute parent on parent.attrelid = k.confrelid and parent.attnum = k.confkey[1]
where k.contype = 'f' and cardinality(k.conkey) = 1 and k.conrelid in (table tenant) and k.confrelid in (table tenant)
  and not exists (
    select from pg_constraint t
    where t.contype = 'f' and t.conrelid = k.conrelid and t.confrelid = k.confrelid and cardinality(t.conkey) = 2
      and t.conname like '%_same_esco'
      and (select array_agg(a.attname::text order by a.attname) from pg_attribute a where a.attrelid = t.conrelid and a.attnum = any (t.conkey))
        = (select array_agg(n order by n) from unnest(array['esco_id', child.attname::text]) n)
      and (select array_agg(a.attname::text order by a.attname) from pg_attribute a where a.attrelid = t.confrelid and a.attnum = any (t.confkey))
        = (select array_agg(n order by n) from unnest(array['esco_id', parent.attname::text]) n))
"""


def test_every_reference_between_tenants_rows_has_its_same_esco_twin(module_database: Any) -> None:
    assert owner_rows(module_database, TWINLESS) == []


def test_tie_to_esco_adds_what_is_missing_and_may_run_again(database: Any) -> None:
    with database.connect_owner() as owner:
        owner.execute("create table submeter.leaf (id uuid primary key, esco_id uuid not null, meter_id uuid references submeter.meters (id),"
                      " leaf_id uuid references submeter.leaf (id))")  # fmt: skip
        before = owner.execute(TWINLESS).fetchall()
        owner.execute("call submeter.tie_to_esco()")
        owner.execute("call submeter.tie_to_esco()")
        after = owner.execute(TWINLESS).fetchall()
    assert sorted(before) == [("submeter.leaf", "leaf_leaf_id_fkey"), ("submeter.leaf", "leaf_meter_id_fkey")]
    assert after == []


def test_the_owner_sees_rows_though_security_is_forced_on_it(world: Any, build: Any) -> None:
    build.esco(world, "wlce", "south_west")
    assert owner_rows(world.database, "select code from submeter.escos") == [("wlce",)]


def test_a_foreign_key_column_is_plain_in_every_view(module_database: Any) -> None:
    """Every uuid column x_id of a view is plainly a base column (the gateway finds embeds by it): not an expression."""
    query = """select v.relname, a.attname from pg_class v join pg_attribute a on a.attrelid = v.oid and a.attnum > 0
      where v.relnamespace = 'public'::regnamespace and v.relkind = 'v' and a.attname like '%\\_id'
        and pg_get_viewdef(v.oid) ~* ('(coalesce|case|nullif)[^,]* as ' || a.attname)"""
    assert owner_rows(module_database, query) == []


def test_the_reference_page_names_every_table_and_view(module_database: Any) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "data-model.md").read_text()
    names = owner_rows(module_database, "select relname::text from pg_class where relkind in ('r', 'v')"
                       " and relnamespace in ('submeter'::regnamespace, 'public'::regnamespace)")  # fmt: skip
    assert sorted(name for (name,) in names if f"`{name}`" not in page) == []
