"""The body of an answer: an aggregate over the rows, for each media type."""

from rowgate.catalog.model import Name
from rowgate.request.media import Explain, MediaType, Shape
from rowgate.sql.parts import qualified

SCALAR = "pgrst_scalar"
"""What the one column of a CSV is called that a function's bare values make; PostgREST's word."""


def body(row: str, media: MediaType, *, singular: bool) -> str:
    """The body as text; ``row`` is a row (``item.*``) or, from a function, a value."""
    if media.shape is Shape.JSON:
        return _json(row, singular=singular or media.singular, stripped=media.stripped)
    if media.shape is Shape.CSV:
        return _csv(row)
    if media.shape is Shape.GEOJSON:
        return _geojson(row, media)
    return _custom(row, media)


def _json(row: str, *, singular: bool, stripped: bool) -> str:
    rows = f"json_agg({row})->0" if singular else f"json_agg({row})"
    rows = f"json_strip_nulls({rows})" if stripped else rows
    return f"coalesce(({rows})::text, '{'null' if singular else '[]'}')"


def _csv(row: str) -> str:
    """Names of the first row, then each row as PostgreSQL writes one, without its parentheses."""
    if not _is_row(row):
        header, line = f"'{SCALAR}'", f"ROW({row})::text"
    else:
        first = f"row_to_json((array_agg({row}))[1])"
        header = f"(SELECT coalesce(string_agg(key, ','), '') FROM json_object_keys({first}) AS key)"
        line = f"({row})::text"
    lines = f"string_agg(substring({line} FROM 2 FOR length({line}) - 2), E'\\n')"
    return f"{header} || E'\\n' || coalesce({lines}, '')"


def _geojson(row: str, media: MediaType) -> str:
    feature = f"{_function(media)}({row if _is_row(row) else f'ROW({row})'})::json"
    features = f"coalesce(json_agg({feature}), '[]')"
    return f"json_build_object('type', 'FeatureCollection', 'features', {features})::text"


def _custom(row: str, media: MediaType) -> str:
    if media.shape is Shape.VALUE:
        made = f"(array_agg({row}))[1]"
    else:
        argument = f"({row})::{qualified(Name(*media.row_type))}" if media.row_type else row
        made = f"{_function(media)}({argument})"
    return f"encode(({made})::bytea, 'hex')" if media.binary else f"({made})::text"


def _function(media: MediaType) -> str:
    assert media.aggregate is not None
    return qualified(Name(*media.aggregate))


def _is_row(row: str) -> bool:
    return row.endswith(".*")


def explained(text: str, explain: Explain) -> str:
    """The statement's plan in place of its result; an option's name is one of a fixed few."""
    options = ", ".join((f"FORMAT {explain.format.upper()}", *(name.upper() for name in explain.options)))
    return f"EXPLAIN ({options}) {text}"
