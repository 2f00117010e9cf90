-- Foreign keys between the given relations. Those that a partitioned table hands down to its
-- partitions (conparentid) repeat their parent's; those over a PERIOD do not join by equality.
select oid, conname::text, conrelid, conkey, confrelid, confkey
from pg_constraint c
where contype = 'f'
  and conrelid = any(%(oids)s::oid[])
  and confrelid = any(%(oids)s::oid[])
  and conparentid = 0
  and not coalesce((to_jsonb(c) ->> 'conperiod')::boolean, false)  -- a column since PostgreSQL 18
order by conrelid, conname
