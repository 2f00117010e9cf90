-- Before an import looks up what its streams mean, the planner knows how many meters there are. Otherwise, in tables that
-- were filled a moment ago, it looks through all rows of the ESCO for each of them: autovacuum comes only once a minute.

create function submeter.refresh_statistics() returns integer
language plpgsql security definer set search_path = '' as $$
declare
  relation_name text;
  done integer := 0;
begin
  for relation_name in
    select c.relname from pg_catalog.pg_class c
    where c.relnamespace = 'submeter'::regnamespace
      and c.relname in ('properties', 'supply_points', 'supply_point_identifiers', 'meters', 'meter_installations', 'registers')
      -- More than twice as large as when it was last looked at; small ones do not matter.
      and pg_catalog.pg_relation_size(c.oid) > 8192::bigint * (2 + 2 * c.relpages)
    order by c.relname
  loop
    execute format('analyze submeter.%I', relation_name);
    done := done + 1;
  end loop;
  return done;
end $$;
comment on function submeter.refresh_statistics() is
  'Analyzes what imports look up, where it has grown to more than twice its size since that was last done; of how many tables. With its owner''s rights: nobody else may analyze them.';
grant execute on function submeter.refresh_statistics() to operator, service_role;
