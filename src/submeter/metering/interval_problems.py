"""What is refused, or found in the way, when intervals are checked, estimated, edited or explained."""

from collections.abc import Sequence
from datetime import date, datetime

from submeter.core.problem import Problem


def no_register(said: str) -> Problem:
    """Nothing of that name is there, or it is not the caller's."""
    hint = "`submeter meter list` names them: SERIAL, SERIAL/REGISTER, IDENTIFIER/REGISTER; an id does, too."
    return Problem("MTR400", "There is no such register", said, hint)


def several_registers(said: str, names: Sequence[str]) -> Problem:
    """The name fits more than one."""
    return Problem("MTR401", "Several registers have this name", said, f"Name one of: {', '.join(names)}.")


def no_site(said: str, count: int) -> Problem:
    """No site of that name, or several."""
    detail = f"{said}: {count} sites have this name" if count else said
    return Problem(
        "MTR402", "There is no such site", detail, "Name it by id, code or name: GET /rest/v1/sites."
    )


def wrong_days(detail: str) -> Problem:
    """From after to, or too far apart."""
    hint = "Name days as 2026-03-05, from the first up to one that is not in it any more."
    return Problem("MTR403", "These are no days to work on", detail, hint)


def no_reason(what: str) -> Problem:
    """What a person decides needs a reason."""
    return Problem("MTR405", "A reason is needed", what, "Say why: it is kept, and told to whoever asks.")


def nothing_there(said: str, at: datetime) -> Problem:
    """The register has no interval at the time, or none begins then."""
    hint = "See which days there are: GET /rest/v1/register_interval_history?register_id=eq...."
    return Problem("MTR406", "The register has no interval then", f"{said}, {at.isoformat()}", hint)


def wrong_quantities(detail: str) -> Problem:
    """Edited quantities that cannot be stored as they are."""
    hint = "Give one number for each interval from the moment on, with up to 9 decimals; null for unknown."
    return Problem("MTR407", "The quantities do not fit the intervals", detail, hint)


def billed(day: date) -> Problem:
    """The day stands on a bill."""
    hint = "Say that billed days are meant (--include-billed): the difference comes onto the next bill."
    return Problem("MTR408", "The day is billed", f"{day}", hint)


def no_finding(numbers: Sequence[int]) -> Problem:
    """No such finding, or it is not open."""
    hint = "List what is open: `submeter intervals findings`."
    detail = ", ".join(map(str, numbers))
    return Problem("MTR409", "There is no such open finding", detail, hint)


def wrong_quality(said: str) -> Problem:
    """A quality that an edit cannot have."""
    hint = "Take A (measured), E (estimated), S (substituted) or F (finally substituted)."
    return Problem("MTR412", "There is no such quality for an edit", said, hint)


def other_intervals(day: date, detail: str) -> Problem:
    """A day in another clock or with other intervals than the days around it."""
    hint = "Import the day in the clock and length of the days around it, or edit it."
    return Problem(
        "MTR413", "The day's intervals are not those of the days around it", f"{day}: {detail}", hint
    )


def unknown_method(said: str) -> Problem:
    """No code of the market's list of methods."""
    hint = "Take a code of AEMO's list: 18 alternate, 55 agreed, 12 calculated, 53 revision ..."
    return Problem("MTR404", "There is no such method here", said, hint)
