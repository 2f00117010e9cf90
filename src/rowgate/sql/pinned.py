"""A condition that refuses a function whose result has changed since the catalog was read.

How a body is made depends on what the function returns: one or many, a value or rows. Without this, what
another function returns that took its place would be misread until the catalog is read again.
"""

from rowgate.catalog.model import Routine
from rowgate.sql.parts import qualified, quote


def pinned(routine: Routine, call: str, alias: str) -> str:
    """True while the function, called under ``alias``, returns what the catalog says; else an error.

    What stands after TRUE OR is looked at when the statement is analysed, again whenever the function was
    replaced, and never run: it costs nothing.
    """
    shape = f"EXISTS (SELECT {_columns(routine, alias)})"
    if routine.returns.many:
        return f"(TRUE OR {shape}) AND {_many(routine)}"
    # There, PostgreSQL lets no function pass that returns a set.
    return f"(TRUE OR {shape} OR {call} IS NULL)"


def _columns(routine: Routine, alias: str) -> str:
    """Can be analysed only if there are as many columns, or those of the same names."""
    returns = routine.returns
    if returns.columns:
        return ", ".join(f"{alias}.{quote(name)}" for name, _ in returns.columns if name) or "1"
    one = f"(NULL::{returns.type_name}).*" if returns.composite else "NULL"
    return f"{alias}.* UNION ALL SELECT {one}"


def _many(routine: Routine) -> str:
    """No analysis tells that a set is missing, so each call asks; the name is looked up only once."""
    types = ", ".join(parameter.type_name for parameter in routine.parameters)
    function = f"{qualified(routine.name)}({types})".replace("'", "''")
    kinds = "(SETOF|TABLE)" if routine.returns.columns else "SETOF"
    returns_set = f"pg_get_function_result('{function}'::regprocedure) ~ '^{kinds}'"
    return f"CASE WHEN {returns_set} THEN TRUE ELSE current_setting('rowgate.result_changed') IS NULL END"
