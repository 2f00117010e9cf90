"""Which of a function's overloads a call means: by its arguments' names, or by its body's media type."""

from collections.abc import Iterable, Sequence

from rowgate.catalog.model import Catalog, Name, Routine
from rowgate.catalog.suggest import nearest, nearest_parameters
from rowgate.errors import Refusal
from rowgate.request.arguments import TEXT, WHOLE, XML, Document
from rowgate.request.media import JSON, OCTETS
from rowgate.request.model import ApiRequest

_TAKES = {JSON: ("json", "jsonb"), TEXT: ("text",), XML: ("xml",), OCTETS: ("bytea",)}


def choose(catalog: Catalog, request: ApiRequest, given: Sequence[str]) -> tuple[Routine, bool]:
    """The one overload that fits, and whether it takes the body whole; named arguments go first."""
    name = Name(request.schema, request.target)
    overloads = catalog.routines.get(name, ())
    document = request.payload if isinstance(request.payload, Document) else None
    named = document is None or document.named
    fitting = [routine for routine in overloads if named and _fits(routine, given)]
    whole = [] if fitting else [routine for routine in overloads if _takes_body(routine, document)]
    candidates = fitting or whole
    if len(candidates) == 1:
        return candidates[0], bool(whole)
    if candidates:
        raise _ambiguous(candidates)
    if document and document.media not in WHOLE and not named:
        raise Refusal(
            400,
            "PGRST102",
            "The body of a function call must be a JSON object whose keys are the names of its arguments",
        )
    raise _missing(catalog, name, sorted(given), document)


def _fits(routine: Routine, given: Iterable[str]) -> bool:
    names = set(given)
    required = {parameter.name for parameter in routine.parameters if parameter.required}
    return required <= names <= {parameter.name for parameter in routine.parameters if parameter.name}


def _takes_body(routine: Routine, document: Document | None) -> bool:
    if document is None or len(routine.parameters) != 1 or routine.parameters[0].name:
        return False
    return routine.parameters[0].type_name in _TAKES.get(document.media, ())


def _ambiguous(candidates: Iterable[Routine]) -> Refusal:
    return Refusal(
        300,
        "PGRST203",
        "Could not choose the best candidate function between: "
        + ", ".join(_signature(routine) for routine in candidates),
        None,
        "Try renaming the parameters or the function itself in the database "
        "so function overloading can be resolved",
    )


def _signature(routine: Routine) -> str:
    arguments = ", ".join(f"{parameter.name} => {parameter.type_name}" for parameter in routine.parameters)
    return f"{routine.name.schema}.{routine.name.name}({arguments})"


def _missing(catalog: Catalog, name: Name, given: Sequence[str], document: Document | None) -> Refusal:
    called = f"{name.schema}.{name.name}"
    whole = document is not None and document.media in WHOLE
    signature = "" if whole else f"({', '.join(given)})" if given else " without parameters"
    return Refusal(
        404,
        "PGRST202",
        f"Could not find the function {called}{signature} in the schema cache",
        f"Searched for the function {called} {_searched(given, document)}, "
        "but no matches were found in the schema cache.",
        None if whole else _advice(catalog, name, given),
    )


def _searched(given: Sequence[str], document: Document | None) -> str:
    named = (
        f"with parameter{'s' if len(given) > 1 else ''} {', '.join(given)}" if given else "without parameters"
    )
    if document is None or document.media not in _TAKES:
        return named
    types = "/".join(_TAKES[document.media])
    unnamed = f"with a single unnamed {types} parameter"
    return unnamed if document.media in WHOLE else f"{named} or {unnamed}"


def _advice(catalog: Catalog, name: Name, given: Sequence[str]) -> str | None:
    overloads = catalog.routines.get(name, ())
    if overloads:
        only = _listed(overloads[0]) if len(overloads) == 1 else None
        meant = nearest_parameters(given, overloads) or only
        return f"Perhaps you meant to call the function {name.schema}.{name.name}{meant}" if meant else None
    known = sorted(other.name for other in catalog.routines if other.schema == name.schema)
    guess = nearest(name.name, known)
    return f"Perhaps you meant to call the function {name.schema}.{guess}" if guess else None


def _listed(routine: Routine) -> str:
    return f"({', '.join(parameter.name for parameter in routine.parameters)})"
