-- What the embedded server cannot be: one with PostGIS, and with XML.
create schema gis;
create extension postgis with schema gis;
grant usage on schema gis to public;
create schema map authorization submeter_owner;
