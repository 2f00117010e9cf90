"""What is refused about price plans, and what is found wrong in them."""

from collections.abc import Sequence

from submeter.core.problem import Problem


def no_plan(said: str, known: Sequence[str]) -> Problem:
    """No plan of that code, or none that the caller may see."""
    hint = (
        f"One of: {', '.join(known)}" if known else "Add one: POST /price_plans, or `submeter tariff import`"
    )
    return Problem("TRF140", "There is no such price plan", said, hint)


def other_prices(code: str) -> Problem:
    """The plan is in use with other prices."""
    hint = "Say from which day the new ones hold (from_date), or give it another code"
    return Problem("TRF141", "The plan has other prices already, and agreements have it", code, hint)


def no_agreement(said: str) -> Problem:
    """No agreement of that id, or none that the caller may see."""
    hint = "GET /agreements lists those that you may see"
    return Problem("TRF142", "There is no such agreement", said, hint)
