-- What `ALTER ROLE ... SET` says of the roles that the login may become, where the login may set it too.
-- A setting for this database goes before one for all. The role, the path and the access mode of a
-- request are the gateway's to say.
select distinct on (role.rolname, said.name)
    role.rolname::text,
    said.name,
    substr(pair.text, length(said.name) + 2)
from pg_db_role_setting as kept
join pg_roles as role on role.oid = kept.setrole and pg_has_role(session_user, role.oid, 'member')
cross join unnest(kept.setconfig) as pair(text)
cross join lateral (select split_part(pair.text, '=', 1)) as said(name)
left join pg_settings as known on lower(known.name) = lower(said.name)
where kept.setdatabase in (0, (select oid from pg_database where datname = current_database()))
  and role.rolname <> session_user
  and lower(said.name) not in ('role', 'search_path', 'session_authorization', 'transaction_read_only')
  and said.name not like 'pgrst.%'
  and (known.context = 'user' or (known.name is null and said.name like '%.%')
       or has_parameter_privilege(session_user, known.name, 'set'))
order by role.rolname, said.name, kept.setdatabase desc
