-- Functions of the exposed schemas, and functions of any schema whose only argument is a row of one
-- of the given relations: their computed columns and relationships.
with recursive base_type(oid, base) as (
    select t.oid, t.typbasetype from pg_type t where t.typtype = 'd'
    union all
    select b.oid, t.typbasetype from base_type b join pg_type t on t.oid = b.base and t.typtype = 'd'
),
domain as (
    select b.oid, b.base from base_type b join pg_type t on t.oid = b.base and t.typtype <> 'd'
)
select
    n.nspname::text,
    p.proname::text,
    n.nspname = any(%(schemas)s::text[]) as exposed,
    -- the type modifier -1 gives the names that take any length: bpchar, not character, which is of one
    array(
        select format_type(a.type, -1) from unnest(all_types.types) with ordinality as a(type, n) order by a.n
    ) as argument_types,
    array(
        select t.typrelid
        from unnest(all_types.types) with ordinality as a(type, n)
        join pg_type t on t.oid = a.type
        order by a.n
    ) as argument_relations,
    p.proargnames::text[],
    p.proargmodes::text[],
    p.pronargs,
    p.pronargdefaults,
    format_type(p.prorettype, -1),
    p.prorettype = 'void'::regtype as returns_void,
    p.prorettype = 'record'::regtype or rt.typtype = 'c' as returns_composite,
    rt.typrelid,
    p.proretset,
    p.prorows,
    p.provolatile::text,
    p.proconfig,
    obj_description(p.oid, 'pg_proc')
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
left join domain d on d.oid = p.prorettype
join pg_type rt on rt.oid = coalesce(d.base, p.prorettype)
cross join lateral (select coalesce(p.proallargtypes, p.proargtypes::oid[]) as types) as all_types
where p.prokind = 'f'
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and (
      n.nspname = any(%(schemas)s::text[])
      or p.pronargs = 1
      and exists (
          select from pg_type t
          where t.oid = p.proargtypes[0] and t.typrelid <> 0 and t.typrelid = any(%(oids)s::oid[])
      )
  )
order by n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)
