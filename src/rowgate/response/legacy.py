"""The warning to clients that call an aliased embed by its target's name, as PostgREST 16 warns them."""

from rowgate.plan.model import Plan
from rowgate.plan.settle import passed_over
from rowgate.request.model import ApiRequest


def warning(request: ApiRequest, plan: Plan) -> list[tuple[str, str]]:
    """One header that names every replacement."""
    calls = passed_over(plan.root, request.query)
    if not calls:
        return []
    replaced = ", ".join(f"`{called}` to `{alias}`" for called, alias in calls)
    said = (
        "Embedded resource was referenced by relation name even though it has an alias. "
        "This is deprecated and will stop working in a future release. "
        f"Update {replaced} in query string filters, orders or limits."
    )
    return [("Warning", f'299 PostgREST "{said}"')]
