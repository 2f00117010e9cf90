"""What makes a PUT one: the address names one row by its whole primary key, and nothing else."""

from rowgate.catalog.model import Relation
from rowgate.errors import Refusal
from rowgate.request.model import ApiRequest, Condition, Logic


def key_conditions(request: ApiRequest, relation: Relation) -> tuple[Logic, ...]:
    """The filters of a PUT, which must be the primary key's columns with ``eq``, all and only these."""
    if not request.window.whole:
        raise Refusal(400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT")
    filters = tuple(logic for path, logic in request.query.filters if not path)
    named = {logic.field.name for logic in filters if isinstance(logic, Condition)}
    if not filters or not all(map(_is_plain, filters)) or named != set(relation.primary_key):
        raise Refusal(
            405, "PGRST105", "Filters must include all and only primary key columns with 'eq' operators"
        )
    return filters


def _is_plain(logic: Logic) -> bool:
    return (
        isinstance(logic, Condition)
        and logic.operator == "eq"
        and not (logic.negated or logic.modifier or logic.field.steps)
    )


def refuse_other_keys(relation: Relation, keys: tuple[str, ...]) -> None:
    """A body without the key cannot agree with the address."""
    if not set(relation.primary_key) <= set(keys):
        raise key_mismatch()


def key_mismatch() -> Refusal:
    return Refusal(400, "PGRST115", "Payload values do not match URL in primary key column(s)")
