"""What a write's result must be like; if it is not, nothing of the write stays."""

from collections.abc import Callable, Sequence

from rowgate.errors import Refusal
from rowgate.execute import ResultSet
from rowgate.plan.by_key import key_mismatch
from rowgate.plan.model import Call, Delete, Plan, Replace, Update
from rowgate.request.model import ApiRequest

Check = Callable[[ApiRequest, ResultSet], None]


def verification(request: ApiRequest, plan: Plan, *, read_only: bool) -> Callable[[ResultSet], None] | None:
    """What to look at before anything is committed, or None where all results will do."""
    if request.media.explain is not None:
        return None  # a plan is no result
    checks = _checks(request, plan, read_only=read_only)

    def verify(result: ResultSet) -> None:
        for check in checks:
            check(request, result)

    return verify if checks else None


def _checks(request: ApiRequest, plan: Plan, *, read_only: bool) -> Sequence[Check]:
    if isinstance(plan, Replace):
        return (_verify_key,)
    checks: list[Check] = []
    if request.media.singular and not read_only:  # what only reads is looked at when it is answered
        checks.append(verify_singular)
    if request.preferences.row_limit is not None and isinstance(plan, Update | Delete | Call):
        checks.append(_verify_affected)
    return checks


def verify_singular(request: ApiRequest, result: ResultSet) -> None:
    """One object was asked for: anything but exactly one row is refused (and a write undone)."""
    if request.media.singular and result.page != 1:
        raise Refusal(
            406,
            "PGRST116",
            "Cannot coerce the result to a single JSON object",
            f"The result contains {result.page} rows",
        )


def _verify_key(request: ApiRequest, result: ResultSet) -> None:  # noqa: ARG001
    if result.page != 1:
        raise key_mismatch()


def _verify_affected(request: ApiRequest, result: ResultSet) -> None:
    limit = request.preferences.row_limit
    if limit is not None and result.page > limit:
        raise Refusal(
            400,
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
            f"The query affects {result.page} rows",
        )
