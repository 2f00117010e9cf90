-- Who changed what. Written by trigger, append-only, read by the ESCO's own staff.

create table submeter.audit (
  id bigint generated always as identity primary key,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  at timestamptz not null default clock_timestamp(),
  database_role text not null,
  actor jsonb not null default '{}',
  table_name text not null,
  row_key jsonb not null,
  action text not null check (action in ('insert', 'update', 'delete')),
  changes jsonb not null
);
call submeter.describe('submeter.audit', 'Changes of parties, agreements, tariffs and payments: who, when, what.', '{
  "id": "Order of recording.",
  "at": "When.",
  "database_role": "Role of the request: operator, authenticated, service_role, or the owner.",
  "actor": "Who, by the token: its claims sub, key and customer_id.",
  "table_name": "Which table of schema submeter.",
  "row_key": "Key of the row.",
  "action": "insert, update or delete.",
  "changes": "New values of what changed; the whole row when it was added or deleted."}');
call submeter.make_tenant_table('submeter.audit', 'select');
call submeter.make_append_only('submeter.audit');
create index on submeter.audit (esco_id, table_name, at);
create index on submeter.audit using gin (row_key jsonb_path_ops);

create function submeter.write_audit(table_in text, action_in text, role_in text, old_in jsonb, new_in jsonb) returns void
language plpgsql security definer set search_path = '' as $$
declare
  row_now constant jsonb := coalesce(new_in, old_in);
  changes constant jsonb := case action_in when 'update' then submeter.changed_columns(old_in, new_in) else row_now end;
begin
  if changes <> '{}' then
    insert into submeter.audit (esco_id, database_role, actor, table_name, row_key, action, changes)
    values ((row_now ->> 'esco_id')::uuid, role_in,
      jsonb_strip_nulls(jsonb_build_object('sub', submeter.claim('sub'), 'key', submeter.claim('key'),
        'customer_id', submeter.claim('customer_id'))),
      table_in,
      case when row_now ? 'id' then jsonb_build_object('id', row_now -> 'id')
           else jsonb_strip_nulls(jsonb_build_object('customer_id', row_now -> 'customer_id', 'account_id', row_now -> 'account_id',
             'esco_id', row_now -> 'esco_id', 'role', row_now -> 'role', 'from_date', row_now -> 'from_date',
             'period_start', row_now -> 'period_start')) end,
      action_in, changes);
  end if;
end $$;
comment on function submeter.write_audit(text, text, text, jsonb, jsonb) is
  'Adds one audit row with its owner''s rights. Executable by nobody; only the trigger calls it.';

create function submeter.audit_change() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- Inside a security definer current_user is the owner; the role of the request is the setting "role".
  perform submeter.write_audit(tg_table_name, lower(tg_op),
    coalesce(nullif(current_setting('role'), 'none'), session_user),
    case when tg_op <> 'INSERT' then to_jsonb(old) end, case when tg_op <> 'DELETE' then to_jsonb(new) end);
  return null;
end $$;
comment on function submeter.audit_change() is 'Trigger: records a change in submeter.audit.';

create procedure submeter.make_audited(relation_in regclass)
language plpgsql set search_path = '' as $$
begin
  execute format('create trigger audit after insert or update or delete on %s for each row execute function submeter.audit_change()', relation_in);
end $$;
comment on procedure submeter.make_audited(regclass) is 'Records every change of a table in submeter.audit.';

call submeter.make_audited('submeter.sellers');
call submeter.make_audited('submeter.sites');
call submeter.make_audited('submeter.customers');
call submeter.make_audited('submeter.accounts');
call submeter.make_audited('submeter.customer_accounts');
call submeter.make_audited('submeter.agreements');
call submeter.make_audited('submeter.meter_installations');
call submeter.make_audited('submeter.microgrid_tariffs');
call submeter.make_audited('submeter.customer_tariffs');
call submeter.make_audited('submeter.payments');
