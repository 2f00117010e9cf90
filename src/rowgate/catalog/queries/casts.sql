-- Implicit casts that give a domain another form in JSON, or read it from JSON or text, and their
-- functions. PostgreSQL itself passes over casts of domains; they are there for whoever asks.
select
    format_type(d.oid, -1),
    case
        when c.castsource = d.oid then 'to_json'
        when c.castsource = 'json'::regtype then 'from_json'
        else 'from_text'
    end as direction,
    n.nspname::text,
    p.proname::text
from pg_cast c
join pg_type d on d.oid in (c.castsource, c.casttarget) and d.typtype = 'd'
join pg_proc p on p.oid = c.castfunc
join pg_namespace n on n.oid = p.pronamespace
where c.castcontext = 'i'
  and c.castmethod = 'f'
  and (
      (c.castsource = d.oid and c.casttarget = 'json'::regtype)
      or (c.casttarget = d.oid and c.castsource in ('json'::regtype, 'text'::regtype))
  )
order by 1, 2
