"""What an import finds wrong between a file and what is known: each with a code and a next step."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from submeter.core.problem import Problem
from submeter.metering.model import Finding, Stream


def finding(problem: Problem, line: int, value: str = "") -> Finding:
    """The problem as a finding about a whole line."""
    return Finding(problem, line, 0, value)


def unknown_clock(clock: str) -> Problem:
    """The source's clock is no time zone that we know."""
    hint = "Name a time zone of the IANA database: UTC, Etc/GMT-10 (UTC+10), Europe/London."
    return Problem("MTR201", "The clock is not known", repr(clock), hint)


def wrong_length(day: date, clock: str, count: int, expected: int) -> Problem:
    """The day has more or fewer intervals than its clock says."""
    hint = "Days of clock changes have 46 or 50 half-hours in local time; a fixed clock has none."
    detail = f"{day} has {expected} intervals by {clock}, the row has {count}"
    return Problem("MTR202", "The day has the wrong number of intervals", detail, hint)


def wrong_year(day: date) -> Problem:
    """A date that is a mistake in all likelihood."""
    hint = "Days from 1990 to the end of next year are stored. Look at the date, and at its format."
    return Problem("MTR203", "The day is too far away", str(day), hint)


def cannot_be_stored(detail: str) -> Problem:
    """Numbers outside what a row of the database holds."""
    hint = "Intervals of 1, 5, 10, 15, 30 or 60 minutes with up to 9 decimals are stored."
    return Problem("MTR204", "The row cannot be stored", detail, hint)


def no_register(stream: Stream, day: date) -> Problem:
    """Nobody has heard of the meter, or it was not there on the day."""
    hint = "The rows wait. Add meter, register and installation: then they are placed by themselves."
    return Problem("MTR210", "The meter or register is not known", _said(stream, day), hint, _context(stream))


def several_registers(stream: Stream, day: date) -> Problem:
    """The stream fits more than one register."""
    hint = "Give the register's name or the meter's serial number in the file, or name the registers apart."
    return Problem("MTR211", "Several registers fit", _said(stream, day), hint, _context(stream))


def other_unit(stream: Stream, unit: str, day: date) -> Problem:
    """The file counts in another unit than the register."""
    hint = "Correct the register's unit, or the file's: a quantity is never converted unasked."
    detail = f"{_said(stream, day)}: the file has {stream.unit}, the register {unit}"
    return Problem("MTR212", "The unit is not the register's", detail, hint, _context(stream))


_ACCEPT = "Accept it or turn it down: `submeter waiting`. Until then what is there stays."
_DECISIONS = {
    "lower_quality": ("MTR220", "Less of the day is measured than of what is there", _ACCEPT),
    "billed": ("MTR221", "The day is billed", _ACCEPT),
    "edited": ("MTR222", "The day was edited by a person", _ACCEPT),
    "overtaken": (
        "MTR223",
        "A newer day was less measured, and waits now",
        "The measured day stands. Accept the newer one if it is right: `submeter waiting`.",
    ),
}


def decision_needed(outcome: str, day: date) -> Problem:
    """A day that a person decides about; `outcome` is what `place_intervals` said."""
    code, title, hint = _DECISIONS[outcome]
    return Problem(code, title, str(day), hint)


def _said(stream: Stream, day: date) -> str:
    parts = (stream.scheme, stream.identifier, stream.register, stream.serial and f"meter {stream.serial}")
    return f"{' '.join(part for part in parts if part)} on {day}"


def _context(stream: Stream) -> Mapping[str, Any]:
    return {"scheme": stream.scheme, "identifier": stream.identifier, "register": stream.register}


def several_of_reading(stream: Stream, day: date) -> Problem:
    """A dial reading fits more than one register."""
    hint = "Give the register's name or the meter's serial number in the file, or name the registers apart."
    return Problem("MTR215", "Several registers fit a reading", _said(stream, day), hint, _context(stream))


def file_in_use(name: str) -> Problem:
    """Another process got further with the same file."""
    hint = "Wait until it has ended; then import again: what is loaded is not loaded twice."
    return Problem("MTR230", "The file is being loaded by somebody else", name, hint)


def no_esco() -> Problem:
    """It is not plain whose data it is."""
    hint = "Name the ESCO: --esco CODE, a token with the claim esco_id, or SUBMETER_DEFAULT_ESCO."
    return Problem("MTR231", "Nobody said which ESCO the data is of", "", hint)


def nothing_waits(waiting_id: int) -> Problem:
    """There is no day to decide about."""
    hint = "`submeter waiting` lists what waits. What waits for a meter is placed when the meter is there."
    return Problem("MTR232", "No day waits for a decision under this number", str(waiting_id), hint)


def no_file(detail: str) -> Problem:
    """The file cannot be read."""
    hint = "Check its name, and who may read it. For all files of a directory: --watch DIR, or DIR/*."
    return Problem("MTR233", "The file cannot be read", detail, hint)


def no_directory(detail: str) -> Problem:
    """A directory that cannot be watched."""
    hint = "Make it first (`mkdir`), and let this user write to it: files are moved to archive/ and errors/."
    return Problem("MTR239", "The directory cannot be watched", detail, hint)


def no_content(detail: str) -> Problem:
    """What was sent over REST holds no file."""
    hint = "Send the text of the file as content, or its bytes as content_base64; one of them."
    return Problem("MTR234", "There is no file in the request", detail, hint)


def no_such_map(name: str, names: Sequence[str]) -> Problem:
    """No column map is kept under the name."""
    known = f"There are {', '.join(names[:8])}" if names else "None is kept yet"
    hint = f"{known}. Keep one with `submeter columns keep FILE`; a file is named with .toml or .json"
    return Problem("MTR196", "No column map of that name", repr(name), hint, {"name": name})


def no_map_file(detail: str) -> Problem:
    """The file of a column map cannot be read."""
    hint = "Check its name, and that it is text in UTF-8. A map that is kept is named without .toml or .json"
    return Problem("MTR197", "The file of the column map cannot be read", detail, hint)


def unknown_parameter(name: str, near: Sequence[str], known: Sequence[str]) -> Problem:
    """An upload says what nobody listens to: it may have been meant to change what is done."""
    hint = f"Did you mean {near[0]}?" if near else "There are " + ", ".join(known)
    return Problem("MTR198", "The upload has a parameter that is not known", name, hint)


# Registers, charts and exports ----------------------------------------------------------------------------


def unreadable_value(name: str, said: object, kind: str) -> Problem:
    """An argument of a call that is no day or number as they are written here."""
    hint = "Write days as 2026-03-05, moments as 2026-03-05T00:00Z, numbers in digits."
    return Problem(
        "MTR199", f"The value cannot be read as a {kind}", f"{name}: {said!r}", hint, {"name": name}
    )


def no_such_register(name: str, nearest: Sequence[str]) -> Problem:
    """Nothing is called that, as far as the caller may see."""
    near = f"Did you mean {' or '.join(nearest)}? " if nearest else ""
    hint = f"{near}`submeter meter list` shows registers, meters and sites."
    return Problem("MTR450", "No register, meter or site has this name", repr(name), hint, {"name": name})


def several_registers_named(name: str, labels: Sequence[str]) -> Problem:
    """One is needed, and the name fits several."""
    said = ", ".join(labels[:8]) + ", ..." * (len(labels) > 8)
    return Problem("MTR451", "Several registers have this name", f"{name!r}: {said}", "Name one of them.")


def no_intervals(what: str) -> Problem:
    """There is nothing to show or to write."""
    hint = "`submeter meter show` tells from when to when there are intervals."
    return Problem("MTR452", "There are no intervals", what, hint)


def no_name_in_nem12(label: str, why: str) -> Problem:
    """NEM12 has no way to say whose the day is, or would say something else."""
    hint = "Mend the name or the identifier, or write CSV: --format csv."
    return Problem("MTR453", "The register cannot be named in NEM12", f"{label}: {why}", hint)


def cannot_write(detail: str) -> Problem:
    """A picture or a file that cannot be written."""
    hint = "Name a file in a directory that is there and may be written to; pictures end in .svg or .png."
    return Problem("MTR454", "The file cannot be written", detail, hint)


def impossible_period(first: date, end: date, longest: int) -> Problem:
    """No days, or too many."""
    hint = f"--from is the first day, --to the first that is no longer in it; {longest} days at the most."
    return Problem("MTR455", "The days cannot be shown", f"from {first} to {end}", hint)


def several_clocks(clocks: Sequence[str]) -> Problem:
    """A table has one clock, and the days are of several."""
    hint = "Export the registers one by one, or a shorter time."
    return Problem("MTR458", "The days are of several clocks", ", ".join(clocks), hint)


def longer_than_half_hours(what: str, minutes: int) -> Problem:
    """Nobody knows what the half-hours of an hour were."""
    hint = "Intervals of 5, 10, 15 or 30 minutes can be written as half-hours."
    return Problem("MTR459", "The intervals are longer than half-hours", f"{what}: {minutes} minutes", hint)


def staff_only(role: str) -> Problem:
    """A customer, or nobody in particular, sends files."""
    hint = "Send the token of an operator, or of service_role, as Authorization: Bearer."
    return Problem("MTR237", "Meter data is loaded by staff", f"the request has the role {role}", hint)
