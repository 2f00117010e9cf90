-- A small world of films, for cases about reading: everything that a select, a filter or an embed can meet.
do $$
begin
  if to_regrole('rowgate_anon') is null then create role rowgate_anon; end if;
  grant rowgate_anon to authenticator;
end $$;
create schema film;

create domain film.shade as int;
create function film.shade_to_json(film.shade) returns json language sql immutable as
  $$ select to_json('#' || lpad(upper(to_hex($1)), 6, '0')) $$;
create function film.shade_from_text(text) returns film.shade language sql immutable as
  $$ select ('x' || lpad(replace($1, '#', ''), 8, '0'))::bit(32)::int::film.shade $$;
create function film.shade_from_json(json) returns film.shade language sql immutable as
  $$ select film.shade_from_text($1 #>> '{}') $$;
set client_min_messages = error;
create cast (film.shade as json) with function film.shade_to_json(film.shade) as implicit;
create cast (text as film.shade) with function film.shade_from_text(text) as implicit;
create cast (json as film.shade) with function film.shade_from_json(json) as implicit;
reset client_min_messages;
create type film.size as (w int, h int);

create table film.directors (id int primary key, name text, country text, meta jsonb);
create table film.films (
  id int primary key, title text not null, year int, director_id int references film.directors,
  rating numeric, tags text[], meta jsonb, run int4range
);
create table film.actors (id int primary key, name text not null);
create table film.roles (
  film_id int references film.films, actor_id int references film.actors, part text,
  primary key (film_id, actor_id)
);
create table film.details (
  film_id int primary key references film.films, tagline text, words tsvector, number serial unique
);
create table film.awards (id int primary key, film_id int references film.films, name text, year int);
create table film.categories (id int primary key, name text, parent_id int constraint parent_key references film.categories);
create table film.people (id int primary key, name text, boss int unique references film.people);
create table film.letters (
  id int primary key, sender int constraint letter_sender references film.people,
  receiver int constraint letter_receiver references film.people
);
create table film.posters (id int primary key, film_id int references film.films, size film.size, sizes film.size[], shade film.shade);
create table film.rooms (building int, number int, name text, primary key (building, number));
create table film.shows (id int primary key, film_id int references film.films, building int, room int,
  foreign key (building, room) references film.rooms);
create table film."odd. (names)" (id int primary key, "a->b" int, "x,y" text, "::" text, "äöü" jsonb);
create view film.latest_first as select title, year from film.films order by year desc nulls last;
create view film.old_films as select id, title, year, director_id from film.films where year < 1960;

create function film.decade(film.films) returns int language sql stable as 'select $1.year / 10 * 10';
create function film.label(film.films) returns text language sql stable as $$ select $1.title || ' (' || $1.year || ')' $$;
create function film.facts(film.films) returns jsonb language sql stable as
  $$ select jsonb_build_object('old', $1.year < 1960, 'tags', $1.tags) $$;
create function film.title_words(film.films) returns tsvector language sql stable as $$ select to_tsvector('english', $1.title) $$;
create function film.made_by(film.films) returns setof film.directors rows 1 language sql stable as
  'select * from film.directors where id = $1.director_id';
create function film.works(film.directors) returns setof film.films language sql stable as
  'select * from film.films where director_id = $1.id order by year';
create function film.parent(film.categories) returns setof film.categories rows 1 language sql stable as
  'select * from film.categories where id = $1.parent_id';
create function film.awards(film.films) returns setof film.awards language sql stable as
  'select * from film.awards where film_id = $1.id and year > 1900 order by id desc';
create function film.first_show(film.films) returns film.shows language sql stable as
  'select * from film.shows where film_id = $1.id order by id limit 1';
create function film.films_since(since int) returns setof film.films language sql stable as
  'select * from film.films where year >= since order by id';
create function film.a_film(the_id int) returns film.films language sql stable as 'select * from film.films where id = the_id';
create function film.years() returns setof int language sql stable as 'select year from film.films order by id';

insert into film.directors values
  (1, 'Kubrick', 'US', '{"born": 1928}'), (2, 'Kurosawa', 'JP', '{"born": 1910}'), (3, 'Varda', 'FR', null), (4, 'Nobody', null, null);
insert into film.films values
  (1, 'Paths of Glory', 1957, 1, 8.4, '{war,law}', '{"a": {"b": [1, 2]}, "3": "three", "k-e": 1}', '[1,5)'),
  (2, 'The Shining', 1980, 1, 8.4, '{horror}', '{"a": {"b": [3]}}', '[5,9)'),
  (3, 'Ikiru', 1952, 2, 8.3, '{life}', null, '[9,12)'),
  (4, 'Seven Samurai', 1954, 2, 8.6, '{war,life}', '{}', null),
  (5, 'Cleo from 5 to 7', 1962, 3, 7.8, '{}', '[10, {"x": null}]', 'empty'),
  (6, 'Untitled', null, null, null, null, null, null);
insert into film.actors values (1, 'Douglas'), (2, 'Nicholson'), (3, 'Shimura'), (4, 'Mifune'), (5, 'Marchand');
insert into film.roles values (1, 1, 'Dax'), (2, 2, 'Jack'), (3, 3, 'Watanabe'), (4, 3, 'Kambei'), (4, 4, 'Kikuchiyo'), (5, 5, 'Cleo');
insert into film.details values
  (1, 'Bombshell!', to_tsvector('english', 'soldiers and paths'), 1), (2, 'Here''s Johnny', to_tsvector('english', 'a shining hotel'), 2),
  (3, null, null, 3);
insert into film.awards values (1, 1, 'Ribbon', 1959), (2, 4, 'Lion', 1954), (3, 4, 'Oscar', 1957), (4, 5, 'Palm', 1962);
insert into film.categories values (1, 'all', null), (2, 'drama', 1), (3, 'comedy', 1), (4, 'farce', 3);
insert into film.people values (1, 'Ann', null), (2, 'Bob', 1), (3, 'Cem', 2);
insert into film.letters values (1, 1, 2), (2, 2, 1), (3, 3, 1);
insert into film.posters values (1, 1, '(2,3)', '{"(1,2)","(3,4)"}', 255), (2, 2, '(4,5)', null, 65280), (3, 4, null, '{}', null);
insert into film.rooms values (1, 1, 'red'), (1, 2, 'blue');
insert into film.shows values (1, 1, 1, 1), (2, 1, 1, 2), (3, 4, 1, 1), (4, 5, null, null);
insert into film."odd. (names)" values (1, 5, 'comma', 'colons', '{"ö-ä": {"1": "one"}, "a b": 2, "p.q": 3}');

grant usage on schema film to rowgate_anon;
grant all on all tables in schema film to rowgate_anon;
grant execute on all functions in schema film to rowgate_anon;
analyze film.films, film.directors, film.roles;
