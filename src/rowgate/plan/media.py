"""What the answer is made as: the first of the accepted media types that can be had for this plan."""

from collections.abc import Mapping
from dataclasses import replace

from rowgate.catalog.model import Catalog, MediaHandler, MediaHandlers, Name
from rowgate.errors import Refusal
from rowgate.plan.model import Call, Plan
from rowgate.request.media import ANY, ARRAY, CSV, GEOJSON, JSON, OBJECT, OCTETS, Accepted, MediaType, Shape
from rowgate.request.model import ApiRequest, Field, SelectField

_STANDARD = {ANY: MediaType.JSON, JSON: MediaType.JSON, CSV: MediaType(CSV, Shape.CSV)}
_EVERYTHING = (SelectField(Field("*")),)

_Own = Mapping[str, MediaHandler]
_NONE: _Own = {}


def negotiate(request: ApiRequest, plan: Plan, catalog: Catalog, *, explain: bool) -> ApiRequest:
    """The request with its ``media`` settled. ``explain`` if plans may be shown."""
    # A handler takes whole rows, so it serves only who asks for them.
    own = _own(plan, catalog.media) if request.query.select == _EVERYTHING else _NONE
    relation = plan.root.relation.name if plan.root.relation else None
    for accepted in request.accepts:
        media = _offered(accepted, own, relation, catalog.media)
        if media and (explain or not accepted.explain):
            return request if media is request.media else replace(request, media=media)
    wanted = ", ".join(_spelled(accepted) for accepted in request.accepts)
    raise Refusal(406, "PGRST107", f"None of these media types are available: {wanted}")


def _own(plan: Plan, handlers: MediaHandlers) -> _Own:
    """The handlers of the function itself, or of this relation's rows."""
    returns = plan.routine.returns if isinstance(plan, Call) else None
    value = handlers.values.get(returns.type_name) if returns and not returns.many else None
    if value:
        return {value.media: value}
    return handlers.aggregates.get(plan.root.relation.name, _NONE) if plan.root.relation else _NONE


def _offered(
    accepted: Accepted, own: _Own, relation: Name | None, handlers: MediaHandlers
) -> MediaType | None:
    if accepted.name in (OBJECT, ARRAY):  # PostgREST's own types are not for handlers to replace
        found = MediaType(accepted.name, singular=accepted.name == OBJECT, stripped=accepted.stripped)
    elif handler := own.get(ANY) or own.get(accepted.name):
        found = _made(handler, relation)
    elif general := handlers.aggregates.get(None, _NONE).get(accepted.name):
        found = _made(general, None)
    elif accepted.name == GEOJSON and handlers.geojson:
        found = MediaType(GEOJSON, Shape.GEOJSON, aggregate=handlers.geojson)
    elif accepted.name in _STANDARD:
        found = _STANDARD[accepted.name]
    else:
        return None
    return replace(found, explain=accepted.explain) if accepted.explain else found


def _made(handler: MediaHandler, relation: Name | None) -> MediaType:
    shape = Shape.AGGREGATE if handler.aggregate else Shape.VALUE
    name = OCTETS if handler.media == ANY else handler.media
    return MediaType(name, shape, binary=handler.binary, aggregate=handler.aggregate, row_type=relation)


def _spelled(accepted: Accepted) -> str:
    return MediaType(accepted.name, stripped=accepted.stripped, explain=accepted.explain).spelled
