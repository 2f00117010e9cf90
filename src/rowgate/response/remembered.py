"""Answers to requests of one shape: their headers are the same whenever the counts are."""

from rowgate.execute import ResultSet
from rowgate.execute.connection import Row
from rowgate.plan.model import Plan
from rowgate.request.model import ApiRequest
from rowgate.response import Answer, answer, body_of
from rowgate.response.every import with_vary

__all__ = ["Answers"]

REMEMBERED = 64


class Answers:
    """Makes the answers of a request's shape, and remembers all but their bodies."""

    __slots__ = ("_known", "_plan", "_request")

    def __init__(self, request: ApiRequest, plan: Plan) -> None:
        self._request = request
        self._plan = plan
        self._known: dict[tuple[int, int | None, int], Answer] = {}

    def make(self, result: ResultSet) -> Answer:
        """The answer to a request that was carried out. Raises Refusal."""
        if result.said_more:
            return with_vary(answer(self._request, self._plan, result))
        key = (result.page, result.total, result.updated)
        known = self._known.get(key)
        body = body_of(self._request, result)
        if known is not None:
            return Answer(known.status, known.headers, body, known.sized, known.location)
        made = with_vary(answer(self._request, self._plan, result))
        if made.body == body and len(self._known) < REMEMBERED:
            self._known[key] = made._replace(body=b"")
        return made

    def recall(self, row: Row) -> Answer | None:
        """All but the body of the answers that such rows have; None where that is not known."""
        result = ResultSet(row)
        if result.said_more or self._request.media.binary:
            return None
        return self._known.get((result.page, result.total, result.updated))
