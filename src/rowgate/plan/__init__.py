"""From what the client wishes to what is possible: an ``ApiRequest`` and the catalog become a ``Plan``."""

from rowgate.catalog.model import Catalog, Name, Relation
from rowgate.catalog.suggest import nearest
from rowgate.errors import Refusal
from rowgate.plan.call import plan_call
from rowgate.plan.model import Node, Plan, Read, Served
from rowgate.plan.tree import build_tree
from rowgate.plan.write import plan_write
from rowgate.request.model import Action, ApiRequest

__all__ = ["Plan", "make_plan"]


def make_plan(request: ApiRequest, catalog: Catalog, served: Served = frozenset()) -> Plan:
    """Resolve every name of the request, or refuse it with the nearest right one."""
    if request.action is Action.CALL:
        return plan_call(request, catalog, served)
    relation = _relation(catalog, Name(request.schema, request.target))
    if request.action is Action.READ:
        root = build_tree(Node(relation, relation.name.name, ()), request.query, catalog)
        return _read(request, root)
    return plan_write(request, relation, catalog, served)


def _read(request: ApiRequest, root: Node) -> Read:
    """An estimate past ``db-max-rows`` is good enough; the planner's alone where only that is wanted."""
    wanted = request.preferences.count
    most = request.query.rules.max_rows if wanted == "estimated" else None
    return Read(root, with_total=wanted in ("exact", "estimated"), count_at_most=most)


def _relation(catalog: Catalog, name: Name) -> Relation:
    found = catalog.relations.get(name)
    if found:
        return found
    known = sorted(other.name for other in catalog.relations if other.schema == name.schema)
    guess = nearest(name.name, known)
    raise Refusal(
        404,
        "PGRST205",
        f"Could not find the table '{name.schema}.{name.name}' in the schema cache",
        None,
        f"Perhaps you meant the table '{name.schema}.{guess}'" if guess else None,
    )
