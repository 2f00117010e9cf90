-- Agreements: one supply point supplied to one account over [from_date, to_date).

create table submeter.agreements (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  supply_point_id uuid not null references submeter.supply_points (id),
  account_id uuid not null references submeter.accounts (id),
  from_date date not null,
  to_date date,
  billed_to_date date,
  external_reference text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  check (billed_to_date >= from_date),
  constraint agreements_one_at_a_time exclude using gist
    (supply_point_id with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.agreements', 'One supply point supplied to one account over [from_date, to_date), in the site''s billing days. One at a time for each supply point.', '{
  "supply_point_id": "What is supplied.",
  "account_id": "Who owes for it.",
  "from_date": "First day charged (move-in).",
  "to_date": "First day no longer charged: the day after move-out; null while it lasts.",
  "billed_to_date": "First day not yet billed; null before the first bill.",
  "external_reference": "Key in another system, for imports."}');
call submeter.make_tenant_table('submeter.agreements');
create index on submeter.agreements (esco_id, account_id);
create index on submeter.agreements (account_id);
create index on submeter.agreements (supply_point_id, from_date);
create unique index on submeter.agreements (esco_id, external_reference);
