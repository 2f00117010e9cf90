-- The roles of a request. A gateway logs in as `authenticator`, which has no rights of its own (NOINHERIT),
-- and switches to one of the four others. None of them may pass row-level security: what a role sees is
-- decided by policies alone, for `service_role` too.
--
-- Several databases may share one cluster, so every statement is safe where the role is there already.

create function pg_temp.ensure_role(role_name text, options text) returns void
language plpgsql as $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
    begin
      execute format('create role %I %s', role_name, options);
    exception when duplicate_object or unique_violation then
      null;  -- another database of this cluster created it in the same moment
    end;
  end if;
  if exists (select from pg_catalog.pg_roles
             where rolname = role_name and (rolsuper or rolbypassrls)) then
    raise exception 'role "%" exists and passes row-level security', role_name
      using errcode = '42501',
            hint = format('Run as a superuser: alter role %I nosuperuser nobypassrls;', role_name);
  end if;
end $$;

create function pg_temp.ensure_member(role_name text, member_name text, option text) returns void
language plpgsql as $$
begin
  -- Asking first: since PostgreSQL 16 only who created a role (or was given ADMIN) may grant it again.
  if not pg_catalog.pg_has_role(member_name, role_name, option) then
    execute format('grant %I to %I', role_name, member_name);
  end if;
exception when insufficient_privilege then
  raise exception 'role "%" cannot be given to "%"', role_name, member_name
    using errcode = '42501',
          detail = 'The role was created by somebody else, for another database of this server.',
          hint = format('Run as a superuser: grant %I to %I; grant service_role to %I;', role_name, member_name, current_user);
end $$;

select pg_temp.ensure_role('authenticator', 'login noinherit');
select pg_temp.ensure_role('anon', 'nologin noinherit');
select pg_temp.ensure_role('authenticated', 'nologin noinherit');
select pg_temp.ensure_role('operator', 'nologin noinherit');
select pg_temp.ensure_role('service_role', 'nologin noinherit');

select pg_temp.ensure_member(r, 'authenticator', 'member')
from unnest(array['anon', 'authenticated', 'operator', 'service_role']) as r;

-- Row-level security is forced on the owner of the tables as well. The owner (migrations, the few
-- security-definer functions, dumps) sees the rows as a member of service_role, by the same policy.
select pg_temp.ensure_member('service_role', current_user, 'usage');

drop function pg_temp.ensure_role(text, text);
drop function pg_temp.ensure_member(text, text, text);
