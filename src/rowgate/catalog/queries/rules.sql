-- Check and exclusion constraints of tables and domains: what they say, and the comment on them.
select n.nspname::text, coalesce(c.relname, t.typname)::text, r.conname::text,
  pg_get_constraintdef(r.oid, true), obj_description(r.oid, 'pg_constraint')
from pg_constraint r
join pg_namespace n on n.oid = r.connamespace
left join pg_class c on c.oid = r.conrelid
left join pg_type t on t.oid = r.contypid
where r.contype in ('c', 'x') and n.nspname not in ('pg_catalog', 'information_schema')
order by 1, 2, 3
