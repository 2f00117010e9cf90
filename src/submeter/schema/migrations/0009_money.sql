-- Payments with their events, monthly costs.

create table submeter.payments (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  account_id uuid not null references submeter.accounts (id),
  amount_pence integer not null constraint payments_amount_positive check (amount_pence > 0),
  status text not null default 'created' check (status in ('created', 'pending', 'processing', 'cancelled', 'failed', 'succeeded')),
  method text check (method in ('card', 'direct_debit', 'bank_transfer', 'cash', 'cheque', 'other')),
  reference text,
  description text,
  payment_intent text,
  receipt_url text,
  scheduled_at timestamptz,
  submitted_at timestamptz,
  idempotency_key text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (esco_id, idempotency_key)
);
call submeter.describe('submeter.payments', 'A payment towards an account, from its creation to its end. Amount and account of a succeeded one never change.', '{
  "account_id": "Account that it pays.",
  "amount_pence": "Whole minor units of the ESCO''s currency; more than nothing, no upper limit.",
  "status": "created, pending, processing, succeeded, failed or cancelled.",
  "method": "card, direct_debit, bank_transfer, cash, cheque or other.",
  "reference": "What the payer or the bank wrote.",
  "description": "Shown to the customer.",
  "payment_intent": "Key at the payment provider.",
  "receipt_url": "Receipt by the payment provider.",
  "scheduled_at": "When it shall be taken.",
  "submitted_at": "When it was handed to the provider or the bank.",
  "idempotency_key": "Key by the client; a second payment with the same key is refused."}');
call submeter.make_tenant_table('submeter.payments');
create index on submeter.payments (esco_id, account_id);
create index on submeter.payments (account_id, created_at);
create index on submeter.payments (esco_id, status, scheduled_at);

create function submeter.guard_payment() returns trigger
language plpgsql set search_path = '' as $$
begin
  if old.status <> 'succeeded' then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  if tg_op = 'DELETE' or (new.amount_pence, new.account_id, new.esco_id, new.status)
       is distinct from (old.amount_pence, old.account_id, old.esco_id, old.status) then
    raise exception 'a succeeded payment is final'
      using errcode = '23001',
            detail = format('Payment %s has succeeded; its amount, account and status stay.', old.id),
            hint = 'Record a refund or a reversal of its own.';
  end if;
  return new;
end $$;
comment on function submeter.guard_payment() is 'Trigger: a succeeded payment keeps amount, account and status and cannot be deleted.';
create trigger guard before update or delete on submeter.payments for each row execute function submeter.guard_payment();

create table submeter.payment_events (
  id bigint generated always as identity primary key,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  payment_id uuid not null,
  event_type text not null,
  data jsonb not null,
  created_at timestamptz not null default now()
);
-- No foreign key to payments: a created payment may be deleted, what happened to it stays on record.
call submeter.describe('submeter.payment_events', 'What happened to a payment, written by trigger, append-only.', '{
  "payment_id": "The payment; it may have been deleted since.",
  "event_type": "created, changed or deleted.",
  "data": "The columns that changed, with their new values."}');
call submeter.make_tenant_table('submeter.payment_events', 'select');
call submeter.make_append_only('submeter.payment_events');
create index on submeter.payment_events (payment_id);

create function submeter.changed_columns(old_in jsonb, new_in jsonb) returns jsonb
language sql immutable set search_path = '' as $$
  select coalesce(jsonb_object_agg(n.key, n.value), '{}')
  from jsonb_each(new_in) n
  where n.key <> 'updated_at' and n.value is distinct from old_in -> n.key
$$;
comment on function submeter.changed_columns(jsonb, jsonb) is 'New values of the columns in which two states of a row differ.';

create function submeter.log_payment() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  row_now submeter.payments := case tg_op when 'DELETE' then old else new end;
  data jsonb := case tg_op when 'UPDATE' then submeter.changed_columns(to_jsonb(old), to_jsonb(new)) else to_jsonb(row_now) end;
begin
  if data <> '{}' then
    insert into submeter.payment_events (esco_id, payment_id, event_type, data)
    values (row_now.esco_id, row_now.id, case tg_op when 'INSERT' then 'created' when 'UPDATE' then 'changed' else 'deleted' end, data);
  end if;
  return null;
end $$;
comment on function submeter.log_payment() is 'Trigger: records each change of a payment. Runs with its owner''s rights, since no role may write events itself.';
create trigger log after insert or update or delete on submeter.payments for each row execute function submeter.log_payment();

create table submeter.monthly_costs (
  customer_id uuid not null references submeter.customers (id),
  month date not null check (extract(day from month) = 1),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  power numeric,
  heat numeric,
  standing_charge numeric,
  total numeric,
  microgrid_power numeric,
  microgrid_heat numeric,
  microgrid_standing_charge numeric,
  microgrid_total numeric,
  benchmark_power numeric,
  benchmark_heat numeric,
  benchmark_standing_charge numeric,
  benchmark_total numeric,
  computed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (customer_id, month)
);
call submeter.describe('submeter.monthly_costs', 'What a customer''s energy of a month cost, beside what it would have cost at the ESCO''s standard rates and at the benchmark. Not rounded; a comparison, not a bill.', '{
  "customer_id": "The customer.",
  "month": "First day of the month.",
  "power": "Energy of power circuits at the customer''s rates.",
  "heat": "Energy of heat circuits at the customer''s rates.",
  "standing_charge": "Daily charges at the customer''s rates.",
  "total": "Sum of the three.",
  "microgrid_power": "Power at the ESCO''s standard rates.",
  "microgrid_heat": "Heat at the ESCO''s standard rates.",
  "microgrid_standing_charge": "Daily charges at the ESCO''s standard rates.",
  "microgrid_total": "Sum of the three.",
  "benchmark_power": "Power at the benchmark.",
  "benchmark_heat": "Heat at the benchmark.",
  "benchmark_standing_charge": "Daily charges at the benchmark.",
  "benchmark_total": "Sum of the three.",
  "computed_at": "When monthly_costs_compute wrote it; null if it was written by hand."}');
call submeter.make_tenant_table('submeter.monthly_costs');
create index on submeter.monthly_costs (esco_id, month);

create function submeter.sum_costs() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.total := coalesce(new.power, 0) + coalesce(new.heat, 0) + coalesce(new.standing_charge, 0);
  new.microgrid_total := coalesce(new.microgrid_power, 0) + coalesce(new.microgrid_heat, 0) + coalesce(new.microgrid_standing_charge, 0);
  new.benchmark_total := coalesce(new.benchmark_power, 0) + coalesce(new.benchmark_heat, 0) + coalesce(new.benchmark_standing_charge, 0);
  return new;
end $$;
comment on function submeter.sum_costs() is 'Trigger: the three totals are always the sums of their parts.';
create trigger sum_costs before insert or update on submeter.monthly_costs for each row execute function submeter.sum_costs();
