"""The part of the schema that changes while it is asked: what each change says in SQL, what is right after it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

ROWS = (1, 2, 3)
NEVER = "never_there"

FUNCTIONS: dict[str, tuple[str, object]] = {
    "int": ("returns int language sql stable as 'select 7'", 7),
    "text": ("returns text language sql stable as $$ select 'seven' $$", "seven"),
    "ints": ("returns setof int language sql stable as 'values (1), (2), (3)'", [1, 2, 3]),
    "rows": (
        "returns table (a int, b text) language sql stable as $$ values (1, 'x'), (2, 'y') $$",
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    ),
}


@dataclass(frozen=True)
class Shape:
    """One version of the schema: the columns of ``shape`` beside ``id``, each with the value all rows have in it."""

    number: int
    columns: tuple[tuple[str, str], ...]
    function: str
    related: bool

    def rows(self) -> list[dict[str, object]]:
        return [{"id": number, **dict(self.columns)} for number in ROWS]

    def column(self, name: str) -> tuple[int, object]:
        values = dict(self.columns)
        if name not in values:
            return 400, "42703"
        return 200, [{"id": number, name: values[name]} for number in ROWS]

    def embedded(self) -> tuple[int, object]:
        if not self.related:
            return 400, "PGRST200"
        return 200, [{"id": number, "parts": [{"id": 10 * number}]} for number in ROWS]

    def inserted(self, number: int) -> tuple[int, object]:
        return 201, [{"id": number, **dict(self.columns)}]

    def marker(self, version: int) -> tuple[int, object]:
        """A function that only this version has shows which version a gateway knows of."""
        return (200, version) if version == self.number else (404, "PGRST202")


FIRST = Shape(0, (("a", "value of a"),), "int", related=False)


def create(shape: Shape) -> str:
    """The first version, in SQL."""
    return f"{_table(shape)} {_parts()} {_function(shape)} {_marker(shape)}"


def changes() -> Iterator[tuple[Shape, str]]:
    """One change after the other without end: the schema as it is then, and the SQL that makes it so."""
    shape = FIRST
    for kind in itertools.cycle(_KINDS):
        changed, statement = kind(replace(shape, number=shape.number + 1))
        away = f"drop function api.version_{shape.number}();"
        yield changed, f"{statement} {away} {_marker(changed)}"
        shape = changed


def _add(shape: Shape) -> tuple[Shape, str]:
    name, value = f"c{shape.number}", f"value of c{shape.number}"
    changed = replace(shape, columns=(*shape.columns, (name, value)))
    return changed, f"alter table api.shape add column {name} text default '{value}';"


def _rename(shape: Shape) -> tuple[Shape, str]:
    *others, (old, value) = shape.columns
    new = f"renamed{shape.number}"
    return replace(
        shape, columns=(*others, (new, value))
    ), f"alter table api.shape rename column {old} to {new};"


def _drop(shape: Shape) -> tuple[Shape, str]:
    (name, _), *others = shape.columns
    return replace(shape, columns=tuple(others)), f"alter table api.shape drop column {name};"


def _function_changed(shape: Shape) -> tuple[Shape, str]:
    names = list(FUNCTIONS)
    changed = replace(shape, function=names[(names.index(shape.function) + 1) % len(names)])
    return changed, f"drop function api.shaped(); {_function(changed)}"


def _recreated(shape: Shape) -> tuple[Shape, str]:
    name = f"fresh{shape.number}"
    changed = replace(shape, columns=((name, "anew"), ("z", "last")), related=False)
    return changed, f"drop table api.shape cascade; {_table(changed)}"


def _relation(shape: Shape) -> tuple[Shape, str]:
    if shape.related:
        return replace(shape, related=False), "alter table api.parts drop constraint parts_shape;"
    add = "alter table api.parts add constraint parts_shape foreign key (shape_id) references api.shape;"
    return replace(shape, related=True), add


_KINDS = (_add, _function_changed, _relation, _rename, _recreated, _relation, _add, _drop, _function_changed)


def _table(shape: Shape) -> str:
    columns = "".join(f", {name} text default '{value}'" for name, value in shape.columns)
    rows = ", ".join(f"({number})" for number in ROWS)
    return (
        f"create table api.shape (id int primary key{columns}); insert into api.shape (id) values {rows};"
        "grant select, insert on api.shape to soak_tenant;"
    )


def _parts() -> str:
    rows = ", ".join(f"({10 * number}, {number})" for number in ROWS)
    return (
        f"create table api.parts (id int primary key, shape_id int); insert into api.parts values {rows};"
        "grant select on api.parts to soak_tenant;"
    )


def _function(shape: Shape) -> str:
    return f"create function api.shaped() {FUNCTIONS[shape.function][0]};"


def _marker(shape: Shape) -> str:
    number = shape.number
    return f"create function api.version_{number}() returns int language sql immutable as 'select {number}';"
