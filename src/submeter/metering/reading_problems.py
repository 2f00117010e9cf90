"""What may be wrong with what is asked about readings, beyond the checks of the readings themselves."""

from collections.abc import Sequence

from submeter.core.problem import Problem


def nothing_waits(ids: Sequence[int]) -> Problem:
    """There is no such reading in the queue."""
    hint = "`submeter readings queue` lists what waits; GET /reading_queue over REST."
    return Problem("MTR261", "No reading waits under this number", ", ".join(map(str, ids)), hint)


def may_not_force(waiting_id: int, problems: Sequence[Problem]) -> Problem:
    """What failed cannot be overruled."""
    why = "; ".join(f"{problem.code} {problem.title}" for problem in problems)
    hint = "Mend what it says, then process the reading again; or delete it."
    return Problem("MTR262", "The reading cannot be forced", f"{waiting_id}: {why}", hint)


def no_reason(what: str) -> Problem:
    """A decision of a person is kept with its reason."""
    return Problem("MTR263", "There is no reason", what, "Say why, in a few words: the audit keeps it.")


def no_such_reading(reading_id: str) -> Problem:
    """There is nothing to mark."""
    hint = (
        "GET /meter_readings lists the readings that stand. One that is marked, or corrected, needs nothing."
    )
    return Problem("MTR264", "There is no such reading that counts", reading_id, hint)


def no_such_register(register_id: str) -> Problem:
    """There is nothing to work out."""
    hint = "GET /registers?meter_id=eq.... lists the registers of a meter."
    return Problem("MTR266", "There is no such register", register_id, hint)


def no_numbers() -> Problem:
    """It is not said which readings are meant."""
    hint = "Send id, or ids; rpc/process_reading alone takes all that wait where neither is sent."
    return Problem("MTR267", "It is not said which readings are meant", "", hint)


def for_customers(problem: Problem) -> Problem:
    """The same, without what is held of others: a customer hears that it fails, not against what."""
    hint = "Look at the dial again. If it is right, send it with on_failure=queue: somebody will look at it."
    return Problem(problem.code, problem.title, "", hint)


def waiting_for_customers(problem: Problem) -> Problem:
    """The same of a reading that waits already."""
    return Problem(problem.code, problem.title, "", "Somebody will look at it: there is nothing more to do.")


def in_the_way(register_id: str | None, detail: str) -> Problem:
    """Another row of the same request is about the same moment."""
    hint = "Send each reading once. To correct one, send a new reading with replaces_id naming it."
    return Problem(
        "23505", "the register has a reading at this time", f"Register {register_id}: {detail}", hint
    )
