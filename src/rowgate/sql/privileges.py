"""What the current role may do with the relations and functions of a schema, as one JSON object."""

from rowgate.sql.parts import Parameters

# Functions are told apart by the names of their input arguments: that is all a description shows of them.
_SOURCE = """\
SELECT json_build_object(
  'relations', coalesce(tables.found, '{}'), 'functions', coalesce(calls.found, '[]'))::text AS "privileges"
FROM (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s AND has_schema_privilege(oid, 'USAGE')) AS home,
LATERAL (
  SELECT json_object_agg(c.relname, json_build_array(
    has_any_column_privilege(c.oid, 'SELECT'),
    has_any_column_privilege(c.oid, 'INSERT'),
    has_any_column_privilege(c.oid, 'UPDATE'),
    has_table_privilege(c.oid, 'DELETE'))) AS found
  FROM pg_class AS c WHERE c.relnamespace = home.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
) AS tables,
LATERAL (
  SELECT json_agg(json_build_array(p.proname, coalesce((
    SELECT json_agg(coalesce(p.proargnames[n], '') ORDER BY n)
    FROM generate_series(1, coalesce(array_length(p.proargmodes, 1), p.pronargs)) AS n
    WHERE p.proargmodes IS NULL OR p.proargmodes[n] IN ('i', 'b', 'v')), '[]'))) AS found
  FROM pg_proc AS p
  WHERE p.pronamespace = home.oid AND p.prokind = 'f' AND has_function_privilege(p.oid, 'EXECUTE')
) AS calls"""


def privileges_source(schema: str, parameters: Parameters) -> str:
    """SELECT one row with the column ``privileges``; none where the schema may not be used."""
    return _SOURCE % {"schema": f"{parameters.add(schema)}::name"}
