-- Places: sites, properties, supply points with their dated identifiers.

create table submeter.sites (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  seller_id uuid references submeter.sellers (id),
  code text check (code ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$'),
  name text not null check (name <> ''),
  address text,
  jurisdiction text check (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  time_zone text not null default 'Europe/London' check (submeter.is_time_zone(time_zone)),
  billing_clock text not null default 'local' check (billing_clock in ('local', 'market')),
  market_time_zone text check (submeter.is_time_zone(market_time_zone)),
  day_time_zone text not null generated always as (
    case billing_clock when 'market' then market_time_zone else time_zone end) stored,
  status text not null default 'active' check (status in ('planned', 'active', 'closed')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (esco_id, code),
  check (billing_clock = 'local' or market_time_zone is not null)
);
call submeter.describe('submeter.sites', 'One network behind a boundary meter: a building or an estate.', '{
  "seller_id": "Who sells here unless an account says otherwise.",
  "code": "Short name, unique in the ESCO.",
  "name": "Name of the building or estate.",
  "address": "Postal address.",
  "jurisdiction": "Whose rules apply, e.g. GB or AU-VIC.",
  "time_zone": "Local time of the site.",
  "billing_clock": "Where a billing day begins: at local midnight, or at midnight of the market''s clock.",
  "market_time_zone": "The market''s clock, e.g. Etc/GMT-10 (UTC+10) for the NEM.",
  "day_time_zone": "The clock of a billing day: local or market, as billing_clock says.",
  "status": "planned, active or closed."}');
call submeter.make_tenant_table('submeter.sites');
create index on submeter.sites (seller_id);

create table submeter.properties (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  site_id uuid not null references submeter.sites (id),
  name text,
  plot text,
  address text,
  postcode text,
  description text,
  kind text not null default 'residential' check (kind in ('residential', 'commercial', 'common', 'other')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (coalesce(name, plot, address) is not null)
);
call submeter.describe('submeter.properties', 'One home, shop or common area in a site.', '{
  "site_id": "Site that it stands in.",
  "name": "Unit, flat or shop number as people say it.",
  "plot": "Number on the developer''s plan.",
  "address": "Postal address.",
  "postcode": "Postal code.",
  "description": "Free text.",
  "kind": "residential, commercial, common (shared area) or other."}');
call submeter.make_tenant_table('submeter.properties');
create index on submeter.properties (esco_id, site_id);
create index on submeter.properties (site_id);
create unique index on submeter.properties (site_id, name);
create unique index on submeter.properties (site_id, plot);

create table submeter.supply_points (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  property_id uuid not null references submeter.properties (id),
  product text not null check (product in
    ('power', 'heat', 'cooling', 'hot_water', 'cold_water', 'water', 'sewerage', 'gas', 'solar', 'ev', 'broadband', 'other')),
  name text,
  status text not null default 'active' check (status in ('planned', 'active', 'closed')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id)
);
call submeter.describe('submeter.supply_points', 'One product supplied at one property.', '{
  "property_id": "Property that is supplied.",
  "product": "What is supplied: power, heat, hot_water, gas, water, solar, ev, broadband, ...",
  "name": "Tells two supply points of one product apart.",
  "status": "planned, active or closed."}');
call submeter.make_tenant_table('submeter.supply_points');
create index on submeter.supply_points (esco_id, property_id);
create index on submeter.supply_points (property_id);

create table submeter.supply_point_identifiers (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  supply_point_id uuid not null references submeter.supply_points (id),
  scheme text not null check (scheme in ('NMI', 'MIRN', 'ICP', 'MPAN', 'MPRN', 'own')),
  identifier text not null check (identifier ~ '^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,39}$'),
  market_status text,
  from_date date not null default date '1900-01-01',
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  constraint supply_point_identifiers_one_owner exclude using gist
    (esco_id with =, scheme with =, identifier with =, daterange(from_date, to_date) with &&),
  constraint supply_point_identifiers_one_at_a_time exclude using gist
    (supply_point_id with =, scheme with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.supply_point_identifiers', 'What a supply point is called by a market or by the operator, from a day to a day.', '{
  "supply_point_id": "The supply point.",
  "scheme": "NMI, MIRN, ICP, MPAN, MPRN, or own (the operator''s; no check digit).",
  "identifier": "The identifier, as the scheme writes it.",
  "market_status": "Status in the market''s register while this row holds.",
  "from_date": "First local day.",
  "to_date": "First day no longer; null while it lasts."}');
call submeter.make_tenant_table('submeter.supply_point_identifiers');
create index on submeter.supply_point_identifiers (supply_point_id);
