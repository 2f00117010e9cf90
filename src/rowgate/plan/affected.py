"""``Prefer: max-affected`` on a function: only a set has rows to count."""

from rowgate.catalog.model import Routine
from rowgate.errors import Refusal
from rowgate.request.model import ApiRequest


def refuse_uncountable(request: ApiRequest, routine: Routine) -> None:
    if request.preferences.row_limit is not None and not routine.returns.many:
        raise Refusal(
            400,
            "PGRST128",
            "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
        )
