-- What is billed stays: also the terms of a plan that decided the bill.

create function submeter.keep_billed_terms() returns trigger
language plpgsql set search_path = '' as $$
declare
  billed_to constant date := (select a.billed_to_date from submeter.agreements a where a.id = old.agreement_id);
begin
  if old.from_date < billed_to then
    perform submeter.refuse('TRF136', 'The terms of the plan are billed',
      format('from %s; the agreement is billed to %s', old.from_date, billed_to),
      format('End the row (to_date) on %s or later, and add another with the new terms from that day on', billed_to));
  end if;
  return new;
end $$;
comment on function submeter.keep_billed_terms() is
  'Trigger: conditions, capacity and offering of days that are billed stay; other ones begin with a row of their own.';
create trigger keep_billed_terms before update of conditions, capacity, offering_id on submeter.agreement_price_plans
  for each row when ((old.conditions, old.capacity, old.offering_id) is distinct from (new.conditions, new.capacity, new.offering_id))
  execute function submeter.keep_billed_terms();
