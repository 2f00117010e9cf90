-- Many registers in one statement: the check of their keys looks at each meter once, and compares only what is named alike.

create or replace function submeter.verify_register_keys() returns trigger
language plpgsql set search_path = '' as $$
declare
  twice record;
begin
  -- Few companies give codes; without one, serial numbers and names of registers are unique by themselves.
  if not exists (
      select from (select distinct a.meter_id from added a) m
      join submeter.meter_installations i on i.meter_id = m.meter_id
      join submeter.meter_installations n on n.supply_point_id = i.supply_point_id
      join submeter.registers o on o.meter_id = n.meter_id and o.meter_code is not null) then
    return null;
  end if;
  perform submeter.lock_register_keys(array(select distinct a.esco_id from added a));
  with point as materialized (
    select distinct n.supply_point_id from added a join submeter.meter_installations n on n.meter_id = a.meter_id
  ), key as materialized (
    select g.id, i.supply_point_id, i.meter_id, coalesce(g.meter_code, m.serial) as meter_code,
      coalesce(g.meter_register, g.name) as register,
      case when g.closed_at <= i.installed_at then 'empty'::tstzrange
        else tstzrange(i.installed_at, least(i.removed_at, g.closed_at)) end as span
    from point p
    join submeter.meter_installations i on i.supply_point_id = p.supply_point_id
    join submeter.meters m on m.id = i.meter_id
    join submeter.registers g on g.meter_id = i.meter_id
  ), shared as materialized (
    select supply_point_id, meter_code, register from key group by 1, 2, 3 having count(distinct id) > 1
  )
  select k.meter_code, k.register, lower(k.span * o.span) as since into twice
  from shared
  join key k using (supply_point_id, meter_code, register)
  join key o using (supply_point_id, meter_code, register)
  where k.id <> o.id and k.span && o.span
    and k.meter_id in (select a.meter_id from added a)
  limit 1;
  if twice.meter_code is not null then
    perform submeter.refuse('NET107', 'The supply point has this meter code and register already',
      format('code %s, register %s, since %s', twice.meter_code, twice.register, twice.since),
      'Remove the old meter or close its register first, or give the new one another code', '23505');
  end if;
  return null;
end $$;
