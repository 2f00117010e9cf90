-- Customers, accounts, and the dated roles of customers on accounts.

create table submeter.customers (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  name text check (name <> ''),
  email text check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  phone text check (phone ~ '^[-+0-9 ().xX/]{3,40}$'),
  status text not null default 'pending' check (status in
    ('pending', 'live', 'archived', 'preonboarding', 'onboarding', 'prelive', 'exiting', 'active')),
  kind text not null default 'person' check (kind in ('person', 'company')),
  external_reference text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id)
);
call submeter.describe('submeter.customers', 'A person or company, known once. Contact data only; what is owed hangs on accounts.', '{
  "name": "Full name.",
  "email": "Optional, and may be shared by several customers; never a key.",
  "phone": "Telephone number.",
  "status": "pending, preonboarding, onboarding, prelive, live, active, exiting or archived.",
  "kind": "person or company.",
  "external_reference": "Key in another system, for imports."}');
call submeter.make_tenant_table('submeter.customers');
create index on submeter.customers (esco_id, status);
create index on submeter.customers (esco_id, lower(email));
create unique index on submeter.customers (esco_id, external_reference);

create sequence submeter.account_number_seq start 10000001;
grant usage on sequence submeter.account_number_seq to operator, service_role;

create table submeter.accounts (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  seller_id uuid not null references submeter.sellers (id),
  account_number text not null default nextval('submeter.account_number_seq')::text check (account_number ~ '^[A-Za-z0-9-]{1,30}$'),
  name text,
  customer_type text not null default 'residential' check (customer_type in ('residential', 'business')),
  delivery_method text not null default 'email' check (delivery_method in ('email', 'post', 'portal', 'none')),
  payment_terms_days smallint not null default 14 check (payment_terms_days between 0 and 365),
  external_reference text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (esco_id, account_number)
);
call submeter.describe('submeter.accounts', 'Who owes: one number, one balance, one bill, one seller.', '{
  "seller_id": "Legal entity that the account owes to.",
  "account_number": "Number on the bill; unique in the ESCO.",
  "name": "Label of the account; no personal data.",
  "customer_type": "residential or business.",
  "delivery_method": "How documents are sent: email, post, portal or none.",
  "payment_terms_days": "Days from issue until a bill is due.",
  "external_reference": "Key in another system, for imports."}');
call submeter.make_tenant_table('submeter.accounts');
create index on submeter.accounts (seller_id);
create unique index on submeter.accounts (esco_id, external_reference);

create function submeter.only_seller() returns trigger
language plpgsql set search_path = '' as $$
declare
  sellers uuid[];
begin
  if new.seller_id is null then
    sellers := array(select s.id from submeter.sellers s where s.esco_id = new.esco_id and s.status = 'active' limit 2);
    if cardinality(sellers) <> 1 then
      raise exception 'no seller given'
        using errcode = '23502',
              detail = format('The ESCO has %s active sellers.', case cardinality(sellers) when 0 then 'no' else 'several' end),
              hint = 'Send seller_id. It may be left out only where the ESCO has exactly one active seller.';
    end if;
    new.seller_id := sellers[1];
  end if;
  return new;
end $$;
comment on function submeter.only_seller() is 'Trigger: an account without a seller gets the only active one of its ESCO.';
create trigger only_seller before insert on submeter.accounts for each row execute function submeter.only_seller();

create table submeter.customer_accounts (
  customer_id uuid not null references submeter.customers (id),
  account_id uuid not null references submeter.accounts (id),
  role text not null check (role in
    ('holder', 'joint_holder', 'occupier', 'owner', 'billing_contact', 'authorised_person', 'property_manager')),
  from_date date not null default date '1900-01-01',
  to_date date,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  notes text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (customer_id, account_id, role, from_date),
  check (to_date > from_date),
  constraint customer_accounts_role_once exclude using gist
    (customer_id with =, account_id with =, role with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.customer_accounts', 'Role of a customer on an account, from a day to a day. holder, joint_holder, occupier and authorised_person see usage and money; owner, property_manager and billing_contact see the account and the place only.', '{
  "customer_id": "Who.",
  "account_id": "On which account.",
  "role": "holder, joint_holder (both liable), occupier, owner, billing_contact, authorised_person or property_manager.",
  "from_date": "First local day of the role; left out, since the beginning.",
  "to_date": "First day no longer; null while it lasts.",
  "notes": "Free text for staff."}');
call submeter.make_tenant_table('submeter.customer_accounts');
create index on submeter.customer_accounts (esco_id, account_id);
create index on submeter.customer_accounts (account_id);
