-- The exposed schemas that exist, with their comments.
select n.nspname::text, obj_description(n.oid, 'pg_namespace')
from pg_namespace n
where n.nspname = any(%(schemas)s::text[])
order by n.nspname
