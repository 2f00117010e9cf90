"""OPTIONS: what a relation or a function lets itself be asked, by its kind and not by anybody's rights."""

from rowgate.catalog.model import Relation
from rowgate.plan.model import Call, Plan, Read
from rowgate.request.model import ApiRequest
from rowgate.response import Answer

__all__ = ["options_of", "options_of_root"]


def options_of_root() -> Answer:
    return Answer(200, (("Allow", "OPTIONS,GET,HEAD"),))


def options_of(request: ApiRequest, plan: Plan) -> Answer:
    """An empty answer with ``Allow``, for what a GET of the same address would read."""
    if isinstance(plan, Call):
        allowed = "OPTIONS,GET,HEAD,POST" if plan.routine.read_only else "OPTIONS,POST"
    else:
        assert isinstance(plan, Read)
        assert plan.root.relation is not None
        allowed = ",".join(("OPTIONS,GET,HEAD", *_writes(plan.root.relation)))
    profile = (("Content-Profile", request.schema),) if request.negotiated else ()
    return Answer(200, (("Allow", allowed), *profile))


def _writes(relation: Relation) -> list[str]:
    replaceable = relation.insertable and relation.updatable and relation.primary_key
    ways = (
        ("POST", relation.insertable),
        ("PUT", replaceable),
        ("PATCH", relation.updatable),
        ("DELETE", relation.deletable),
    )
    return [method for method, possible in ways if possible]
