"""What may be wrong with a dial reading: one function for each check, which says it; None if all is well.

The order, the codes and what to do about each stand in `reading_rules.RULES`.
"""

from datetime import timedelta
from decimal import Decimal

from submeter.metering.high_low import daily_use, expected_use, is_too_high, likely_roll_over, said
from submeter.metering.readings import SUB_TYPES, Reading, ReadingCase, RegisterFacts, is_change

# What is held for the same day ------------------------------------------------------------------------------


_RANK = {"INVOICE_EST": 1, "ESTIMATE": 1, "ACTUALC": 2, "ACTUAL": 3}
"""What repeats a value is dropped unless it ranks higher. Estimates give way to what does, by themselves;
over anything else a person decides. OPENING and CLOSING stand beside all of them."""


def is_duplicate(case: ReadingCase) -> bool:
    """The same value is held for the same day, from as good a source: a file that was sent twice.

    Or an estimate comes where the dial was read: whichever came first, the estimate adds nothing.
    """
    return any(_repeats(case.candidate, held) or _is_behind(case.candidate, held) for held in case.same_day)


def _is_behind(candidate: Reading, held: Reading) -> bool:
    was_read = held.sub_type in ("ACTUAL", "ACTUALC")
    return candidate.is_estimate and was_read and not _at_other_times(candidate, held)


def _repeats(candidate: Reading, held: Reading) -> bool:
    if candidate.value != held.value or _at_other_times(candidate, held):
        return False
    if candidate.sub_type == held.sub_type:
        return True
    ranks = _RANK.get(candidate.sub_type), _RANK.get(held.sub_type)
    return ranks[0] is not None and ranks[1] is not None and ranks[0] <= ranks[1]


def _at_other_times(one: Reading, other: Reading) -> bool:
    return None not in (one.read_at, other.read_at) and one.read_at != other.read_at


def differs_from_held(case: ReadingCase) -> str | None:
    for held in case.same_day:
        if contradicts(case.candidate, held):
            return f"{held.sub_type} {held.value} is held for {held.read_on}"
    return None


def contradicts(candidate: Reading, held: Reading) -> bool:
    """Whether the two give one moment two values, of which a person must choose."""
    return held.value != candidate.value and _meets(candidate, held)


def _meets(candidate: Reading, held: Reading) -> bool:
    """Both are about one moment: a day's end, or the change of tenancy that one reading serves."""
    if _at_other_times(candidate, held):
        return False
    if candidate.read_on == held.read_on and is_change(candidate, held):
        return True
    better = _RANK.get(candidate.sub_type, 3) > _RANK.get(held.sub_type, 3)
    return candidate.edge == held.edge and not (held.is_estimate and better)


def second_of_day(case: ReadingCase) -> str | None:
    candidate = case.candidate
    for held in case.same_day:
        if candidate.sub_type == held.sub_type and _at_other_times(candidate, held):
            return (
                f"{held.value} was read at {held.read_at:%H:%M %Z}, this one at {candidate.read_at:%H:%M %Z}"
            )
    return None


# The reading itself -----------------------------------------------------------------------------------------


def site_unknown(case: ReadingCase) -> str | None:
    return None if case.site_known else "no supply point has this identifier"


def register_unknown(case: ReadingCase) -> str | None:
    if case.register is not None and case.register.is_active:
        return None
    return "the supply point has no such register" if case.register is None else "the register is closed"


def no_dial_value(case: ReadingCase) -> str | None:
    value = case.candidate.value
    return None if value.is_finite() and value >= 0 else f"{value} cannot stand on a dial"


def sub_type_unknown(case: ReadingCase) -> str | None:
    return None if case.candidate.sub_type in SUB_TYPES else f"{case.candidate.sub_type!r}"


def time_of_other_day(case: ReadingCase) -> str | None:
    at, on = case.candidate.read_at, case.candidate.read_on
    # Clocks differ from UTC by up to 14 hours, so a neighbouring date may be the same day.
    if at is None or abs(at.date() - on) <= timedelta(days=1):
        return None
    return f"dated {on}, timed {at:%Y-%m-%d %H:%M %Z}"


def in_future(case: ReadingCase) -> str | None:
    return f"today is {case.today}" if case.candidate.read_on > case.today else None


def more_digits(case: ReadingCase) -> str | None:
    turn = _register(case).turn
    if turn is None or case.candidate.value < turn:
        return None
    return f"{case.candidate.value} on a dial of {_register(case).digits} digits"


def gas_factor_missing(case: ReadingCase) -> str | None:
    if not _register(case).bills_energy_of_gas:
        return None
    factors = {
        "temperature factor": case.candidate.temperature_factor,
        "heating value": case.candidate.heating_value,
    }
    missing = [
        name for name, value in factors.items() if value is None or not value.is_finite() or value <= 0
    ]
    return f"no {' and no '.join(missing)}" if missing else None


# The register, the account, the bill ------------------------------------------------------------------------


def _register(case: ReadingCase) -> RegisterFacts:
    assert case.register is not None, "judged before by MTR303, which is final"
    return case.register


def no_account(case: ReadingCase) -> str | None:
    belongs_to_change = case.candidate.sub_type in ("OPENING", "CLOSING")
    if case.state != "vacant" or belongs_to_change or case.tolerance.accepts_vacant:
        return None
    return f"no account is open on {case.candidate.read_on}"


def not_installed(case: ReadingCase) -> str | None:
    register, day = _register(case), case.candidate.read_on
    if register.installed_on is not None and day < register.installed_on:
        return f"read on {day}, installed on {register.installed_on}"
    if register.removed_on is not None and day > register.removed_on:
        return f"read on {day}, removed on {register.removed_on}"
    at = case.candidate.read_at
    if at is not None and register.removed_at is not None and at > register.removed_at:
        removed_at = register.removed_at.astimezone(at.tzinfo)
        return f"read at {at:%Y-%m-%d %H:%M}, removed at {removed_at:%Y-%m-%d %H:%M}"
    return None


def no_opening_index(case: ReadingCase) -> str | None:
    installed = _register(case).installed_on
    first = case.previous is None and case.candidate.sub_type != "OPENING"
    return f"installed on {installed}, nothing read then" if first and installed is not None else None


def already_billed(case: ReadingCase) -> str | None:
    billed = case.last_billed
    if billed is None or case.candidate.edge > billed.edge:
        return None
    return f"billed up to {billed.read_on} with {billed.value}"


def too_many_estimates(case: ReadingCase) -> str | None:
    count = case.history.estimates + 1
    if not case.candidate.is_estimate or count <= case.tolerance.estimates:
        return None
    return f"the {count}. estimate in a row; {case.tolerance.estimates} are accepted"


# Against the readings before and after ----------------------------------------------------------------------


def _drop(case: ReadingCase) -> Decimal:
    """How much lower the reading is than the one before, where no roll-over is claimed; 0 if it is not."""
    base, candidate = case.base, case.candidate
    return (
        Decimal(0) if base is None or candidate.add_factor else max(base.value - candidate.value, Decimal(0))
    )


def _runs_backwards(case: ReadingCase) -> bool:
    """It is lower by no more than is usually used in that time, and no roll-over explains it."""
    use, expected = daily_use(case), expected_use(case.history)
    if not _drop(case) or use is None or expected is None or _register(case).direction != "import":
        return False
    return likely_roll_over(case) is None and not is_too_high(-use, expected, case.tolerance)


def backwards(case: ReadingCase) -> str | None:
    if not _drop(case) or _runs_backwards(case):
        return None
    return f"{case.candidate.value} after {_said(case.base)}"


def reverse_flow(case: ReadingCase) -> str | None:
    return f"{case.candidate.value} after {_said(case.base)}" if _runs_backwards(case) else None


def above_next(case: ReadingCase) -> str | None:
    after, value = case.later, case.candidate.value
    if after is None or after.is_estimate or after.add_factor or value <= after.value:
        return None
    return f"{value}, and later {_said(after)}"


def wrong_add_factor(case: ReadingCase) -> str | None:
    added, turn = case.candidate.add_factor, _register(case).turn
    if not added:
        return None
    if turn is not None and added != turn:
        return f"{added} is added; one turn of {_register(case).digits} digits is {turn}"
    if case.base is not None and case.candidate.value >= case.base.value:
        return f"{case.candidate.value} is not lower than {_said(case.base)}"
    return None


def gap(case: ReadingCase) -> str | None:
    base, limit = case.base, case.tolerance.gap_days
    days = 0 if base is None else (case.candidate.edge - base.edge).days
    return f"{days} days since {_said(base)}; {limit} are usual" if days > limit else None


def before_later_one(case: ReadingCase) -> str | None:
    return None if case.later is None else f"{_said(case.later)} is held already"


def zero_use(case: ReadingCase) -> str | None:
    count = case.history.zero_reads + 1
    if daily_use(case) != 0 or case.state != "open" or count < case.tolerance.zero_reads:
        return None
    return f"{count} readings in a row without use"


def use_without_supply(case: ReadingCase) -> str | None:
    use = daily_use(case)
    if case.state == "open" or use is None or use <= 0 or case.candidate.sub_type == "CLOSING":
        return None
    return f"{said(use)} a day, and the supply point is {case.state}"


def _said(reading: Reading | None) -> str:
    return f"{reading.value} of {reading.read_on} ({reading.sub_type})" if reading else "nothing"
