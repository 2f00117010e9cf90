-- Every time zone name that SET timezone accepts by name.
select name from pg_timezone_names
