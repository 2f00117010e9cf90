-- What staff note of a meter is for staff: a customer reads no hazard ("a dog", or who is thought to be one) and none of
-- the attributes that a file brought. The columns stay, so that a request that names them, or none, goes on; for
-- customers they are null, and a filter or an order by them finds nothing out.

create or replace view public.meters with (security_invoker) as
  select m.id, m.esco_id, m.serial, i.property_id, i.supply_point_id, m.name, m.hardware, m.mode, m.prepay_enabled,
    m.status, m.created_at, m.updated_at, m.manufacturer, m.approval_mark, m.location,
    case when (select submeter.sight()) <> 'customer' then m.hazards end as hazards,
    case when (select submeter.sight()) <> 'customer' then m.attributes end as attributes
  from submeter.meters m
  left join lateral (
    select n.supply_point_id, p.property_id
    from submeter.meter_installations n
    join submeter.supply_points p on p.id = n.supply_point_id
    where n.meter_id = m.id and (n.removed_at is null or n.removed_at > now())
    order by n.installed_at desc
    limit 1) i on true;
comment on column public.meters.hazards is 'What whoever goes there must know: a dog, asbestos, a ladder. For staff alone: null for customers.';
comment on column public.meters.attributes is 'What else a file or the operator says of it. For staff alone: null for customers.';
