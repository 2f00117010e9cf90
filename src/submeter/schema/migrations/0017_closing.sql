-- Last of the first release: the composite twins of foreign keys, and comments of the API views from their tables.

call submeter.tie_to_esco();

create procedure submeter.describe_views()
language plpgsql set search_path = '' as $$
declare
  renamed constant jsonb := '{
    "accounts.property_id": "Property of the account''s agreement: of today, else the next, else the last.",
    "accounts.type": "supply, solar or ev, by the product of that agreement.",
    "accounts.status": "open (supplied today), pending (not yet) or closed (no more), by that agreement.",
    "meters.property_id": "Property where the meter is installed now.",
    "meters.supply_point_id": "Supply point that the meter measures now.",
    "meter_readings.meter_id": "Meter of the register. On insert it may stand for its only register.",
    "meter_readings.timestamp": "Moment of the reading; left out on insert, now.",
    "register_interval_hh.kwh": "Energy of the interval in kWh, exact."}';
  v record;
  c record;
begin
  for v in
    select r.oid, r.relname, pg_catalog.obj_description(r.oid, 'pg_class') as about,
      -- The table of the same name, or the relation that most of the view's columns come from.
      coalesce(to_regclass(format('submeter.%I', r.relname))::oid,
        (select d.refobjid from pg_catalog.pg_rewrite w
         join pg_catalog.pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
           and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.oid
         where w.ev_class = r.oid group by d.refobjid order by count(*) desc, d.refobjid limit 1)) as base
    from pg_catalog.pg_class r where r.relnamespace = 'public'::regnamespace and r.relkind = 'v'
  loop
    if v.about is null then
      execute format('comment on view public.%I is %L', v.relname, pg_catalog.obj_description(v.base, 'pg_class'));
    end if;
    for c in
      select a.attname, coalesce(renamed ->> format('%s.%s', v.relname, a.attname),
        (select pg_catalog.col_description(b.attrelid, b.attnum) from pg_catalog.pg_attribute b
         where b.attrelid = v.base and b.attname = a.attname)) as about
      from pg_catalog.pg_attribute a
      where a.attrelid = v.oid and a.attnum > 0 and pg_catalog.col_description(v.oid, a.attnum) is null
    loop
      if c.about is not null then
        execute format('comment on column public.%I.%I is %L', v.relname, c.attname, c.about);
      end if;
    end loop;
  end loop;
end $$;
comment on procedure submeter.describe_views() is
  'Gives the views of public, where they have none, the comments of the tables and columns they show. Run it again after adding views.';

comment on view public.accounts is 'Who owes: one number, one balance, one bill, one seller. Where it is, its type and its status follow from its agreements.';
comment on view public.meters is 'Metering devices, with where they are installed now.';
comment on view public.meter_readings is 'Values of dials at moments, as they stand: corrected readings are left out. Insert only.';
comment on view public.register_interval_hh is 'Half-hourly energy of registers that count kWh. Quick when filtered by register_id.';
comment on view public.escos is 'Operators of networks: the public list.';
comment on view public.esco_settings is 'How an ESCO prices and computes. For its own staff.';
call submeter.describe_views();
