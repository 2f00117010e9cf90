-- Schemas, extensions, claims, and the procedures by which every tenant table is made alike.

-- A new function is executable by everybody unless this is said first.
alter default privileges revoke execute on functions from public;

create schema submeter;
comment on schema submeter is 'Tables of Submeter. Not exposed over REST; the faces are the views and functions of public.';
create schema extensions;
comment on schema extensions is 'Trusted PostgreSQL extensions, kept apart from the exposed schemas.';

-- For exclusion constraints that mix equality with overlapping ranges.
create extension if not exists btree_gist with schema extensions;

revoke all on schema public from public;
grant usage on schema public to anon, authenticated, operator, service_role;
-- Python acts under these roles on the tables themselves; anon has no business there.
grant usage on schema submeter to authenticated, operator, service_role;

-- Claims -------------------------------------------------------------------------------------------------
-- Whatever a token says, a query must not fail on it: absent, empty or malformed claims are "nobody".
-- Policies call these inside a sub-select, so that they run once per query and not once per row.

create function submeter.claim(name_in text) returns text
language plpgsql stable set search_path = '' as $$
begin
  return nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> name_in;
exception when data_exception then
  return null;
end $$;
comment on function submeter.claim(text) is 'One claim of the request as text; null if absent or if the claims are not JSON.';

create function submeter.claim_uuid(name_in text) returns uuid
language plpgsql stable set search_path = '' as $$
begin
  return submeter.claim(name_in)::uuid;
exception when data_exception then
  return null;
end $$;
comment on function submeter.claim_uuid(text) is 'One claim of the request as uuid; null if absent or malformed.';

create function submeter.claimed_esco() returns uuid
language sql stable set search_path = '' as $$ select submeter.claim_uuid('esco_id') $$;
comment on function submeter.claimed_esco() is 'The ESCO that the request acts for, by its token.';

create function submeter.claimed_customer() returns uuid
language sql stable set search_path = '' as $$ select submeter.claim_uuid('customer_id') $$;
comment on function submeter.claimed_customer() is 'The customer that the request acts for, by its token. Not yet checked to exist.';

grant execute on function submeter.claim(text), submeter.claim_uuid(text), submeter.claimed_esco(),
  submeter.claimed_customer() to authenticated, operator, service_role;

-- Triggers shared by many tables -------------------------------------------------------------------------

create function submeter.touch() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := statement_timestamp();
  return new;
end $$;
comment on function submeter.touch() is 'Trigger: updated_at is the time of the statement, whatever the client sent.';

create function submeter.refuse_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception '% is append-only', tg_table_name
    using errcode = '23001',
          detail = format('%s of a row of %s.%s was refused.', tg_op, tg_table_schema, tg_table_name),
          hint = 'Add a new row that corrects the old one; what was accepted stays as it was.';
end $$;
comment on function submeter.refuse_change() is 'Trigger: refuses update, delete and truncate for everybody.';

-- How a tenant table is made -----------------------------------------------------------------------------

create procedure submeter.describe(relation_in regclass, about_in text, columns_in jsonb default '{}')
language plpgsql set search_path = '' as $$
declare
  standard constant jsonb := '{
    "id": "Key of the row.",
    "esco_id": "ESCO (tenant) that the row belongs to.",
    "created_at": "When the row was added.",
    "updated_at": "When the row was last changed."}';
  kind text := case (select relkind from pg_catalog.pg_class where oid = relation_in) when 'v' then 'view' else 'table' end;
  c record;
begin
  execute format('comment on %s %s is %L', kind, relation_in, about_in);
  for c in
    select a.attname, coalesce(columns_in ->> a.attname, standard ->> a.attname) as about
    from pg_catalog.pg_attribute a where a.attrelid = relation_in and a.attnum > 0 and not a.attisdropped
  loop
    if c.about is not null then
      execute format('comment on column %s.%I is %L', relation_in, c.attname, c.about);
    end if;
  end loop;
end $$;
comment on procedure submeter.describe(regclass, text, jsonb) is
  'Comments a table or view and its columns; the standard columns (id, esco_id, ...) describe themselves.';

create procedure submeter.make_tenant_table(relation_in regclass, rights_in text default 'select, insert, update, delete')
language plpgsql set search_path = '' as $$
begin
  execute format('alter table %s enable row level security', relation_in);
  execute format('alter table %s force row level security', relation_in);
  execute format('create policy service_role_sees_all on %s to service_role using (true) with check (true)', relation_in);
  execute format('create policy operator_own_esco on %s to operator
    using (esco_id = (select submeter.claimed_esco())) with check (esco_id = (select submeter.claimed_esco()))', relation_in);
  execute format('grant %s on %s to operator, service_role', rights_in, relation_in);
  if exists (select from pg_catalog.pg_attribute where attrelid = relation_in and attname = 'updated_at' and not attisdropped) then
    execute format('create trigger touch before update on %s for each row execute function submeter.touch()', relation_in);
  end if;
end $$;
comment on procedure submeter.make_tenant_table(regclass, text) is
  'Row-level security (enabled and forced), the policies of operator and service_role, their rights, updated_at. Policies for customers come apart.';

create procedure submeter.make_append_only(relation_in regclass)
language plpgsql set search_path = '' as $$
begin
  execute format('create trigger append_only before update or delete on %s for each row execute function submeter.refuse_change()', relation_in);
  execute format('create trigger append_only_truncate before truncate on %s for each statement execute function submeter.refuse_change()', relation_in);
end $$;
comment on procedure submeter.make_append_only(regclass) is 'Refuses update, delete and truncate of a table, for every role and the owner.';

create function submeter.refuse_unseen_parent() returns trigger
language plpgsql set search_path = '' as $$
declare
  given constant uuid := (to_jsonb(new) ->> tg_argv[0])::uuid;
  seen boolean := true;
begin
  if given is not null then
    execute format('select exists (select from %s p where p.%I = $1)', tg_argv[1]::regclass, tg_argv[2]) into seen using given;
  end if;
  if not seen then
    raise exception 'insert or update on table "%" violates foreign key constraint "%"', tg_table_name, tg_argv[3]
      using errcode = '23503', hint = 'It does not exist, or it is not yours.',
        detail = format('Key (%s)=(%s) is not present in table "%s".', tg_argv[0], given, split_part(tg_argv[1], '.', 2));
  end if;
  return new;
end $$;
comment on function submeter.refuse_unseen_parent() is
  'Trigger (column, parent, key, constraint): a row names only what its writer may see. Foreign keys are tested without policies, so they would tell a row of another ESCO from none.';

create procedure submeter.tie_to_esco()
language plpgsql set search_path = '' as $$
declare
  tenant_tables constant oid[] := array(
    select c.oid from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'esco_id' and not a.attisdropped
    where c.relnamespace = 'submeter'::regnamespace and c.relkind in ('r', 'p'));
  f record;
begin
  for f in
    select k.conname, k.conrelid::regclass as child, k.confrelid::regclass as parent, ca.attname as column_name,
      pa.attname as key_name, k.confdeltype, k.condeferrable, k.condeferred
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = k.conkey[1]
    join pg_catalog.pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = k.confkey[1]
    where k.contype = 'f' and cardinality(k.conkey) = 1 and k.conparentid = 0
      and k.conrelid = any (tenant_tables) and k.confrelid = any (tenant_tables)
      and not exists (
        select from pg_catalog.pg_constraint t
        where t.conrelid = k.conrelid and t.contype = 'f' and t.conname = left(k.conname, 53) || '_same_esco')
    order by k.conrelid, k.conname
  loop
    if not exists (
      select from pg_catalog.pg_constraint u
      where u.conrelid = f.parent and u.contype in ('u', 'p')
        and (select array_agg(a.attname order by a.attname) from pg_catalog.pg_attribute a
             where a.attrelid = u.conrelid and a.attnum = any (u.conkey))
            = (select array_agg(n order by n) from unnest(array['esco_id'::name, f.key_name]) n)) then
      execute format('alter table %s add unique (esco_id, %I)', f.parent, f.key_name);
    end if;
    execute format('alter table %s add constraint %I foreign key (esco_id, %I) references %s (esco_id, %I)%s%s',
      f.child, left(f.conname, 53) || '_same_esco', f.column_name, f.parent, f.key_name,
      case f.confdeltype when 'c' then ' on delete cascade' else '' end,
      case when f.condeferrable then ' deferrable' || case when f.condeferred then ' initially deferred' else '' end else '' end);
    -- Before any unique key or exclusion is tested, which would answer first, and differently.
    execute format('create trigger %I before insert or update of %I on %s for each row when (current_user = ''operator'')
      execute function submeter.refuse_unseen_parent(%L, %L, %L, %L)',
      'seen_' || f.column_name, f.column_name, f.child, f.column_name, f.parent, f.key_name, f.conname);
  end loop;
end $$;
comment on procedure submeter.tie_to_esco() is
  'Gives every foreign key between two tenant tables its composite twin over (esco_id, key), so that no row can name a row of another ESCO, and lets operators name only what they see. Run it again after adding tables.';
