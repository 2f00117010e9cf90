-- Relations of the exposed schemas, and every relation that their views read from, to any depth.
-- The hidden ones are needed for the keys, foreign keys and defaults that views inherit from them.
-- Partitions are storage, not an interface: only the partitioned table is offered.
with recursive exposed as (
    select c.oid
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any(%(schemas)s::text[])
      and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not c.relispartition
),
reached(oid) as (
    select oid from exposed
    union
    select d.refobjid
    from reached
    join pg_rewrite r on r.ev_class = reached.oid and r.ev_type = '1'
    join pg_depend d
      on d.classid = 'pg_rewrite'::regclass
     and d.objid = r.oid
     and d.refclassid = 'pg_class'::regclass
    where d.refobjid >= 16384  -- the system's own relations have no keys that matter here
)
select
    c.oid,
    n.nspname::text,
    c.relname::text,
    c.relkind::text,
    e.oid is not null as exposed,
    case when e.oid is null then 0 else pg_relation_is_updatable(c.oid, true) end as events,
    obj_description(c.oid, 'pg_class')
from reached
join pg_class c on c.oid = reached.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
join pg_namespace n on n.oid = c.relnamespace
left join exposed e on e.oid = c.oid
order by n.nspname, c.relname
