-- Places, and documents in XML.
do $$
begin
  if to_regrole('rowgate_anon') is null then create role rowgate_anon; end if;
  grant rowgate_anon to authenticator;
end $$;

create table map.stations (id int primary key, name text, place gis.geometry(Point, 4326));
create table map.lines (
  id int primary key, station_id int references map.stations, name text,
  way gis.geometry(LineString, 4326), stop gis.geometry(Point, 4326)
);
create table map.owners (id int primary key, name text);
create view map.named_stations with (security_invoker) as select id, place, upper(name) as title from map.stations;
create function map.station(id int) returns map.stations language sql stable
  as $$ select * from map.stations s where s.id = station.id $$;
create function map.stations_near(lon float, lat float, degrees float default 1) returns setof map.stations language sql stable
  as $$ select * from map.stations s
        where gis.st_dwithin(s.place, gis.st_setsrid(gis.st_makepoint(lon, lat), 4326), degrees) order by id $$;
create function map.a_number() returns int language sql immutable as 'select 1';

create table map.letters (id int primary key, body xml);
create function map.title_of(xml) returns text language sql immutable
  as $$ select (xpath('/letter/title/text()', $1))[1]::text $$;
create domain map."text/xml" as xml;
create function map.letter(id int) returns map."text/xml" language sql stable
  as $$ select l.body::map."text/xml" from map.letters l where l.id = letter.id $$;
create function map.xml_end(state xml) returns map."text/xml" language sql immutable
  as $$ select xmlelement(name letters, state)::map."text/xml" $$;
create function map.xml_step(state xml, item map.letters) returns xml language sql immutable
  as $$ select xmlconcat(state, item.body) $$;
create aggregate map.all_letters(map.letters) (sfunc = map.xml_step, stype = xml, finalfunc = map.xml_end);

create function map.fill() returns void language sql as $$
  truncate map.stations, map.lines, map.owners, map.letters;
  insert into map.stations values
    (1, 'North', gis.st_geomfromtext('POINT(1.5 52.25)', 4326)),
    (2, 'South', gis.st_geomfromtext('POINT(1.75 51)', 4326)),
    (3, 'Nowhere', null);
  insert into map.lines values
    (1, 1, 'Blue', gis.st_geomfromtext('LINESTRING(1.5 52.25,1.75 51)', 4326), gis.st_geomfromtext('POINT(1.6 52)', 4326));
  insert into map.owners values (1, 'Ann');
  insert into map.letters values (1, '<letter><title>One</title></letter>'), (2, '<letter/>');
$$;
grant usage on schema map to rowgate_anon;
grant select, insert, update, delete on all tables in schema map to rowgate_anon;
grant execute on all functions in schema map to rowgate_anon;
revoke execute on function map.fill() from rowgate_anon;
