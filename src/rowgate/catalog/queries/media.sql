-- Domains that are named like media types, and the aggregates of the exposed schemas that make them out of
-- the rows of a relation (or of anything); each domain comes once more without an aggregate.
with media as (
    select t.oid, t.typname, format_type(t.oid, -1) as type_name, t.typbasetype = 'bytea'::regtype as is_binary
    from pg_type t
    where t.typtype = 'd'
      and (t.typname = '*/*' or t.typname ~* '^[a-z0-9.-]+/[a-z0-9.+-]+$')
)
select m.type_name, lower(m.typname::text), m.is_binary, null::text, null::text, 0::oid
from media m
union all
select m.type_name, lower(m.typname::text), m.is_binary, n.nspname::text, p.proname::text, a.typrelid
from media m
join pg_proc p on p.prorettype = m.oid and p.prokind = 'a' and p.pronargs = 1
join pg_namespace n on n.oid = p.pronamespace
join pg_type a on a.oid = p.proargtypes[0] and (a.typrelid <> 0 or a.oid = 'anyelement'::regtype)
where n.nspname = any(%(schemas)s::text[])
union all
-- PostGIS: what makes GeoJSON of a row
select 'record', 'application/geo+json', false, n.nspname::text, p.proname::text, 0::oid
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where p.proname = 'st_asgeojson' and p.proargtypes[0] = 'record'::regtype and p.prokind = 'f'
order by 1, 2, 4, 5, 6
