-- The stored queries of those of the given relations that are views.
select r.ev_class, r.ev_action::text
from pg_rewrite r
join pg_class c on c.oid = r.ev_class and c.relkind in ('v', 'm')
where r.ev_type = '1' and r.ev_class = any(%(oids)s::oid[])
order by r.ev_class
