"""How many rows there are, as far as the client wants to know it."""

from rowgate.execute import ResultSet
from rowgate.request.model import ApiRequest


def total(request: ApiRequest, result: ResultSet) -> int | None:
    """Counted, or estimated by the planner; an estimate is used only past the rows that were counted."""
    if request.preferences.count == "planned" and result.estimate is not None:
        return result.estimate
    most = request.query.rules.max_rows
    beyond = most is not None and result.total is not None and result.total > most
    if request.preferences.count == "estimated" and beyond:
        return max(result.total or 0, result.estimate or 0)
    return result.total
