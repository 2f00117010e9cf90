"""From rows to routines: which arguments go in, what comes out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from rowgate.catalog.model import Name, Parameter, Returns, Routine, Volatility
from rowgate.catalog.rows import RoutineRow

_INPUT = frozenset("ibv")  # in, inout, variadic
_OUTPUT = frozenset("bot")  # inout, out, table

# What a function may take as its one nameless parameter: the whole body of a request.
_BODY_TYPES = frozenset({"bytea", "json", "jsonb", "text", "xml"})


def build_routine(row: RoutineRow, relations: Mapping[int, Name]) -> Routine:
    """One function; ``relations`` are the names of the exposed relations by oid."""
    arguments = tuple(_arguments(row, relations))
    return Routine(
        Name(row.schema, row.name),
        tuple(_parameters(row, arguments)),
        _returns(row, arguments, relations),
        Volatility(row.volatility),
        row.description,
        tuple(_setting(text) for text in row.settings or ()),
    )


def group_routines(
    rows: Iterable[RoutineRow], relations: Mapping[int, Name]
) -> dict[Name, tuple[Routine, ...]]:
    """The functions of the exposed schemas that can be called by argument names, with their overloads."""
    grouped: dict[Name, list[Routine]] = defaultdict(list)
    for row in rows:
        routine = build_routine(row, relations)
        if row.exposed and _callable(routine):
            grouped[routine.name].append(routine)
    return {name: tuple(overloads) for name, overloads in grouped.items()}


def group_computed(
    rows: Iterable[RoutineRow], relations: Mapping[int, Name]
) -> dict[Name, tuple[Routine, ...]]:
    """The functions that take one row of an exposed relation and nothing else, by that relation."""
    grouped: dict[Name, list[Routine]] = defaultdict(list)
    for row in rows:
        routine = build_routine(row, relations)
        if len(routine.parameters) == 1 and routine.parameters[0].relation:
            grouped[routine.parameters[0].relation].append(routine)
    return {name: tuple(functions) for name, functions in grouped.items()}


def _callable(routine: Routine) -> bool:
    nameless = [parameter for parameter in routine.parameters if not parameter.name]
    return not nameless or (len(routine.parameters) == 1 and nameless[0].type_name in _BODY_TYPES)


class _Argument(NamedTuple):
    name: str
    type_name: str
    mode: str
    relation: Name | None


def _arguments(row: RoutineRow, relations: Mapping[int, Name]) -> Iterator[_Argument]:
    count = len(row.argument_types)
    names = row.argument_names or [""] * count
    modes = row.argument_modes or ["i"] * count
    found = (relations.get(oid) for oid in row.argument_relations)
    return (_Argument(*argument) for argument in zip(names, row.argument_types, modes, found, strict=True))


def _parameters(row: RoutineRow, arguments: Iterable[_Argument]) -> Iterator[Parameter]:
    inputs = (argument for argument in arguments if argument.mode in _INPUT)
    required = row.input_count - row.default_count
    for position, argument in enumerate(inputs):
        yield Parameter(
            argument.name, argument.type_name, position < required, argument.mode == "v", argument.relation
        )


def _returns(row: RoutineRow, arguments: Iterable[_Argument], relations: Mapping[int, Name]) -> Returns:
    outputs = tuple((argument.name, argument.type_name) for argument in arguments if argument.mode in _OUTPUT)
    return Returns(
        row.return_type,
        many=row.returns_set,
        composite=row.returns_composite or bool(outputs),
        void=row.returns_void,
        relation=relations.get(row.return_relation),
        columns=outputs,
        single=row.returns_set and row.rows == 1,
    )


def _setting(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
