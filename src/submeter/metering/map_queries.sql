-- name: keep_map
insert into submeter.column_maps as m (esco_id, name, kind, confirmed, settings)
values (%(esco_id)s, %(name)s, %(kind)s, %(confirmed)s, %(settings)s::jsonb)
on conflict (esco_id, lower(name)) do update
set name = excluded.name, kind = excluded.kind, confirmed = excluded.confirmed, settings = excluded.settings
returning m.id, m.name, m.kind, m.confirmed

-- name: find_map
select settings from submeter.column_maps where esco_id = %(esco_id)s and lower(name) = lower(%(name)s)

-- name: list_map_names
select name from submeter.column_maps where esco_id = %(esco_id)s order by lower(name)

-- name: list_maps
select name, kind, confirmed, settings from submeter.column_maps order by lower(name)

-- name: drop_map
delete from submeter.column_maps where esco_id = %(esco_id)s and lower(name) = lower(%(name)s)
