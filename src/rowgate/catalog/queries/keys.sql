-- Primary keys and unique constraints of the given relations.
select conrelid, contype = 'p' as is_primary, conkey
from pg_constraint
where contype in ('p', 'u') and conrelid = any(%(oids)s::oid[])
order by conrelid, conname
