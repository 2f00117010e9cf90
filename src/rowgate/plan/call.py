"""Which function a call means, and how its arguments are converted."""

from collections.abc import Iterable, Sequence

from rowgate.catalog.model import Catalog, Name, Parameter, Routine
from rowgate.catalog.suggest import nearest, nearest_parameters
from rowgate.errors import Refusal
from rowgate.plan.affected import refuse_uncountable
from rowgate.plan.model import Call, Node, Served, TypedColumn
from rowgate.plan.tree import build_tree
from rowgate.request.model import ApiRequest


def plan_call(request: ApiRequest, catalog: Catalog, served: Served) -> Call:
    """Choose the overload whose parameters are the given names, and plan how its result is read."""
    given = _given(request)
    routine = _choose(catalog, Name(request.schema, request.target), tuple(given))
    refuse_uncountable(request, routine)
    parameters = {parameter.name: parameter for parameter in routine.parameters}
    columns = tuple(TypedColumn(name, parameters[name].type_name) for name in given)
    relation = catalog.relations.get(routine.returns.relation) if routine.returns.relation else None
    source = Node(relation, routine.name.name, (), from_source=True)
    return Call(
        routine,
        build_tree(source, request.query, catalog),
        request.preferences.count is not None,
        columns,
        payload=request.payload,
        texts=[_text(parameters[name], values) for name, values in given.items()],
        served=routine.name in served,
    )


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


def _choose(catalog: Catalog, name: Name, given: tuple[str, ...]) -> Routine:
    fitting = [routine for routine in catalog.routines.get(name, ()) if _fits(routine, given)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise _missing(catalog, name, given)
    candidates = ", ".join(_signature(routine) for routine in fitting)
    raise Refusal(
        300,
        "PGRST203",
        f"Could not choose the best candidate function between: {candidates}",
        None,
        "Try renaming the parameters or the function itself in the database "
        "so function overloading can be resolved",
    )


def _fits(routine: Routine, given: Iterable[str]) -> bool:
    names = set(given)
    required = {parameter.name for parameter in routine.parameters if parameter.required}
    return required <= names <= {parameter.name for parameter in routine.parameters}


def _signature(routine: Routine) -> str:
    arguments = ", ".join(f"{parameter.name} => {parameter.type_name}" for parameter in routine.parameters)
    return f"{routine.name.schema}.{routine.name.name}({arguments})"


def _missing(catalog: Catalog, name: Name, given: tuple[str, ...]) -> Refusal:
    called = f"{name.schema}.{name.name}"
    signature = f"({', '.join(given)})" if given else " without parameters"
    searched = (
        f"with parameter{'s' if len(given) > 1 else ''} {', '.join(given)}" if given else "without parameters"
    )
    return Refusal(
        404,
        "PGRST202",
        f"Could not find the function {called}{signature} in the schema cache",
        f"Searched for the function {called} {searched}, but no matches were found in the schema cache.",
        _advice(catalog, name, given),
    )


def _advice(catalog: Catalog, name: Name, given: tuple[str, ...]) -> str | None:
    overloads = catalog.routines.get(name, ())
    if overloads:
        nearest_one = nearest_parameters(given, overloads) or _listed(overloads[0])
        return f"Perhaps you meant to call the function {name.schema}.{name.name}{nearest_one}"
    known = sorted(other.name for other in catalog.routines if other.schema == name.schema)
    guess = nearest(name.name, known)
    return f"Perhaps you meant to call the function {name.schema}.{guess}" if guess else None


def _listed(routine: Routine) -> str:
    return f"({', '.join(parameter.name for parameter in routine.parameters)})"
