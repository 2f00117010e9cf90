"""What the answer is made as: the first of the accepted media types that can be had for this plan."""

from collections.abc import Mapping
from dataclasses import replace

from rowgate.catalog.model import Catalog, MediaHandler, Name
from rowgate.errors import Refusal
from rowgate.plan.model import Call, Plan
from rowgate.request.media import ANY, ARRAY, CSV, GEOJSON, JSON, OBJECT, OCTETS, Accepted, MediaType, Shape
from rowgate.request.model import ApiRequest, Field, SelectField

_Offers = Mapping[str, MediaType]

_STANDARD: _Offers = {
    ANY: MediaType.JSON,
    JSON: MediaType.JSON,
    CSV: MediaType(CSV, Shape.CSV),
}
_EVERYTHING = (SelectField(Field("*")),)


def negotiate(request: ApiRequest, plan: Plan, catalog: Catalog, *, explain: bool) -> ApiRequest:
    """The request with its ``media`` settled. ``explain`` if plans may be shown."""
    offers = _offers(request, plan, catalog)
    for accepted in request.accepts:
        media = _offered(accepted, offers)
        if media and (explain or not accepted.explain):
            return replace(request, media=media)
    wanted = ", ".join(_spelled(accepted) for accepted in request.accepts)
    raise Refusal(406, "PGRST107", f"None of these media types are available: {wanted}")


def _offered(accepted: Accepted, offers: _Offers) -> MediaType | None:
    """PostgREST's own types are not for handlers to replace; all others are."""
    if accepted.name in (OBJECT, ARRAY):
        found = MediaType(accepted.name, singular=accepted.name == OBJECT, stripped=accepted.stripped)
        return replace(found, explain=accepted.explain)
    media = offers.get(ANY) if offers.get(ANY) is not MediaType.JSON else None
    media = media or offers.get(accepted.name)
    return replace(media, explain=accepted.explain) if media and accepted.explain else media


def _spelled(accepted: Accepted) -> str:
    return MediaType(accepted.name, stripped=accepted.stripped, explain=accepted.explain).spelled


def _offers(request: ApiRequest, plan: Plan, catalog: Catalog) -> _Offers:
    handlers = catalog.media
    if not (handlers.values or handlers.aggregates or handlers.geojson):
        return _STANDARD
    offers = dict(_STANDARD)
    if handlers.geojson:
        offers[GEOJSON] = MediaType(GEOJSON, Shape.GEOJSON, aggregate=handlers.geojson)
    anybody = handlers.aggregates.get(None, {})
    offers.update({media: _made(handler, None) for media, handler in anybody.items() if media != ANY})
    if request.query.select == _EVERYTHING:  # a handler takes whole rows
        offers.update(_own(plan, catalog))
    return offers


def _own(plan: Plan, catalog: Catalog) -> dict[str, MediaType]:
    """What the function itself returns, or what there is for rows of this relation."""
    handlers = catalog.media
    returns = plan.routine.returns if isinstance(plan, Call) else None
    value = handlers.values.get(returns.type_name) if returns and not returns.many else None
    if value:
        return {value.media: _made(value, None)}
    relation = plan.root.relation
    if relation is None:
        return {}
    own = handlers.aggregates.get(relation.name, {})
    return {media: _made(handler, relation.name) for media, handler in own.items()}


def _made(handler: MediaHandler, relation: Name | None) -> MediaType:
    shape = Shape.AGGREGATE if handler.aggregate else Shape.VALUE
    name = OCTETS if handler.media == ANY else handler.media
    return MediaType(name, shape, binary=handler.binary, aggregate=handler.aggregate, row_type=relation)
