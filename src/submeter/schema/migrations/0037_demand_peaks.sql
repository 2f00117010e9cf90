-- Peaks of months that were measured before their intervals were kept here: what a ratchet looks back at after a change of system.

create table submeter.demand_peaks (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  agreement_id uuid not null references submeter.agreements (id),
  month date not null check (month = date_trunc('month', month)),
  unit text not null default 'kW' check (unit in ('kW', 'kVA')),
  band text not null default '',
  peak numeric not null check (peak >= 0 and peak < 1e9 and scale(trim_scale(peak)) <= 6),
  source text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (agreement_id, month, unit, band)
);
call submeter.describe('submeter.demand_peaks', 'Peaks of demand that another system measured: a ratchet looks back at them as at its own. Of a month that has intervals as well, the greater counts.', '{
  "agreement_id": "The agreement whose peak it is.",
  "month": "First day of the calendar month.",
  "unit": "kW or kVA.",
  "band": "Time band, as the component of the plan names it; empty: of the whole day.",
  "peak": "The greatest mean power of an interval, up to six decimals.",
  "source": "Where it was taken from."}');
call submeter.make_tenant_table('submeter.demand_peaks');
call submeter.make_audited('submeter.demand_peaks');

create view public.demand_peaks with (security_invoker) as
  select id, esco_id, agreement_id, month, unit, band, peak, source, created_at, updated_at from submeter.demand_peaks;
call submeter.describe_views();
grant select, insert, update, delete on public.demand_peaks to operator, service_role;

call submeter.tie_to_esco();
