-- Partitions are dumped and restored one by one. Without a policy of their own, an owner that row-level security binds
-- would see no row of them, and `submeter db backup` rightly refused. The schema they live in stays closed to all others.

create or replace function submeter.make_interval_year() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  relation_name text;
  partition_name text;
begin
  foreach relation_name in array array['register_intervals', 'register_interval_versions'] loop
    partition_name := format('%s_%s', relation_name, new.year);
    -- Made beside and then attached: other sessions read and write on meanwhile.
    execute format('create table submeter_partitions.%I (like submeter.%I including defaults including constraints)', partition_name, relation_name);
    execute format('alter table submeter_partitions.%I enable row level security, force row level security', partition_name);
    execute format('create policy service_role_sees_all on submeter_partitions.%I to service_role using (true) with check (true)', partition_name);
    execute format('alter table submeter.%I attach partition submeter_partitions.%I for values from (%L) to (%L)',
      relation_name, partition_name, make_date(new.year, 1, 1), make_date(new.year + 1, 1, 1));
  end loop;
  return null;
end $$;

do $$
declare
  partition_name text;
begin
  for partition_name in select relname from pg_class where relnamespace = 'submeter_partitions'::regnamespace and relkind = 'r' loop
    execute format('create policy service_role_sees_all on submeter_partitions.%I to service_role using (true) with check (true)', partition_name);
  end loop;
end $$;
