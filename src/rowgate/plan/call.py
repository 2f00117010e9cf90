"""Which function a call means, and how its arguments are converted."""

from collections.abc import Sequence
from dataclasses import replace

from rowgate.catalog.model import Catalog, Parameter, Routine
from rowgate.plan.affected import refuse_uncountable
from rowgate.plan.model import Call, Node, Served, TypedColumn
from rowgate.plan.overloads import choose
from rowgate.plan.tree import build_tree
from rowgate.request.model import ApiRequest, Field, Query, SelectEmbed, SelectField


def plan_call(request: ApiRequest, catalog: Catalog, served: Served) -> Call:
    """Choose the overload whose parameters are the given names, and plan how its result is read."""
    given = _given(request)
    routine, whole = choose(catalog, request, tuple(given))
    refuse_uncountable(request, routine)
    parameters = {parameter.name: parameter for parameter in routine.parameters}
    columns = tuple(TypedColumn(name, parameters[name].type_name) for name in ([] if whole else given))
    relation = catalog.relations.get(routine.returns.relation) if routine.returns.relation else None
    source = Node(relation, routine.name.name, (), from_source=True, function=routine.name)
    return Call(
        routine,
        build_tree(source, _readable(request.query, routine), catalog),
        # The planner's guess for a function is a constant: who asks for no more is told nothing.
        request.preferences.count in ("exact", "estimated"),
        columns,
        payload=request.payload,
        texts=[] if whole else [_text(parameters[name], values) for name, values in given.items()],
        served=routine.name in served,
        whole=whole,
    )


def _readable(query: Query, routine: Routine) -> Query:
    """A bare value has no columns to select; filters and limits are as they are."""
    if routine.returns.composite:
        return query
    embeds = (item for item in query.select if isinstance(item, SelectEmbed))
    return replace(query, select=(SelectField(Field("value")), *embeds))


def _given(request: ApiRequest) -> dict[str, list[str]]:
    """The arguments' names in order; with their values where they came in the query string."""
    if request.payload is not None:
        return {key: [] for key in request.payload.keys}
    given: dict[str, list[str]] = {}
    for name, value in request.query.arguments:
        given.setdefault(name, []).append(value)
    return given


def _text(parameter: Parameter, values: Sequence[str]) -> str | Sequence[str]:
    """A repeated argument is an array for a variadic parameter; else the last one counts."""
    if parameter.variadic:
        return values
    return values[-1] if values else ""
