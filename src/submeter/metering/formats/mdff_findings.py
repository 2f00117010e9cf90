"""What may be wrong with a NEM12 or NEM13 file, each with its code and what to do about it. MTR101 to MTR139.

A problem of the whole file is raised as FileError. One of a row travels as a Fault to where the row's line is
known and becomes a Finding there: the row is left out, the rest of the file loads.
"""

from collections.abc import Iterable

from submeter.core.problem import Problem
from submeter.metering.model import Finding

_AGAIN = "Ask the sender for the file again"
_LONGEST = 80


class Fault(Exception):
    """Why a row cannot be used: the problem, and the field (from 1; 0 is the whole line) with its text.

    `line` only where it is another than that of the row that is being read.
    """

    def __init__(self, problem: Problem, column: int = 0, value: str = "", line: int = 0) -> None:
        super().__init__(str(problem))
        self.problem, self.column, self.value, self.line = problem, column, value, line

    def at(self, line: int) -> Finding:
        return Finding(self.problem, self.line or line, self.column, shorten(self.value))


def shorten(text: str) -> str:
    """As much of a text as a report has room for."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


# --- the file --------------------------------------------------------------------------------------------


def empty() -> Problem:
    return Problem("MTR101", "The file is empty", hint=_AGAIN)


def no_header(version: str, found: str) -> Problem:
    hint = f"Put 100,{version},YYYYMMDDhhmm,sender,receiver before it, if nothing else is missing"
    return Problem(
        "MTR102", "The file does not begin with a header record (100)", f"but with {found!r}", hint
    )


def other_version(version: str, found: str) -> Problem:
    hint = f"The second field of the header is to be {version}: read the file as what it says it is"
    return Problem("MTR103", "The header names another format", f"{found!r} instead of {version}", hint)


def not_text(encoding: str) -> Problem:
    return Problem("MTR104", "The file is not plain text", encoding, "Save it as text in ASCII or UTF-8")


def header_within() -> Problem:
    hint = f"The first of two joined files was cut off: see what it lacks. {_AGAIN}"
    return Problem(
        "MTR105", "A header record (100) before the end record (900) of the data above it", hint=hint
    )


def cut_off(last_row: int) -> Problem:
    detail = f"the last whole row stands in line {last_row}" if last_row else "it has no whole row"
    hint = f"{_AGAIN}: what is here is loaded, what is missing is added then"
    return Problem("MTR106", "The file ends without its end record (900)", detail, hint)


def after_end() -> Problem:
    hint = (
        "Rows belong between 100 and 900: move the end record behind them, or give them a header of their own"
    )
    return Problem("MTR107", "Rows after the end record (900) are left out", hint=hint)


def bad_header_time() -> Problem:
    hint = "YYYYMMDDhhmm; rows without an update time of their own have none"
    return Problem("MTR108", "The header's time is no time", hint=hint)


# --- any row ---------------------------------------------------------------------------------------------


def unknown_record(known: Iterable[str]) -> Problem:
    return Problem("MTR109", "No record of this format", hint="A row begins with " + ", ".join(known))


def unreadable(why: str) -> Problem:
    return Problem("MTR110", "The line cannot be read", why, f"The file is damaged here. {_AGAIN}")


def too_few_fields(found: int, least: int) -> Problem:
    hint = f"See whether the line was broken in two. {_AGAIN}"
    return Problem("MTR111", "The row has too few fields", f"{found} instead of {least} or more", hint)


def too_many_fields(found: int, most: int) -> Problem:
    hint = f"Two rows seem to be joined; all below them is left out up to the next 200. {_AGAIN}"
    return Problem("MTR128", "The row has too many fields", f"{found} instead of {most}", hint)


def unknown_owner(line: int) -> Problem:
    detail = f"line {line} may hide the 200 that this day belongs to"
    return Problem(
        "MTR129", "It is not certain whose day this is", detail, f"Correct line {line}, import again"
    )


def out_of_place(record: str, needed: str) -> Problem:
    return Problem(
        "MTR112", "A row without the one it belongs to", f"{record} needs a {needed} above it", _AGAIN
    )


# --- 200 and 250 -----------------------------------------------------------------------------------------


def bad_identifier() -> Problem:
    hint = "An NMI has 10 characters, or 11 with its checksum; another identifier up to 40"
    return Problem("MTR113", "The NMI is no identifier", hint=hint)


def wrong_checksum(right: str) -> Problem:
    hint = f"The checksum of the ten characters before is {right}: compare the NMI with the bill or the meter"
    return Problem("MTR114", "The NMI's checksum does not fit", hint=hint)


def bad_suffix() -> Problem:
    return Problem(
        "MTR115", "The NMI suffix is missing or is none", hint="Two letters or digits: E1, B1, Q1, 11, ..."
    )


def bad_unit(known: Iterable[str]) -> Problem:
    return Problem("MTR116", "Not a unit of the format", hint="One of " + ", ".join(known))


def bad_length() -> Problem:
    return Problem("MTR117", "Not an interval length of the format", hint="5, 15 or 30 minutes")


def rows_left_out(problem: Problem, rows: int) -> Problem:
    """The same problem, and how many rows below it cost."""
    detail = "; ".join(filter(None, (problem.detail, f"{rows} day rows under it are left out")))
    return Problem(problem.code, problem.title, detail, problem.hint)


# --- 300 -------------------------------------------------------------------------------------------------


def bad_date() -> Problem:
    return Problem("MTR118", "Not a date", hint="YYYYMMDD")


def wrong_count(found: int, expected: int, minutes: int) -> Problem:
    hint = f"The 200 above says {minutes} minutes. See whether that is right, or whether the line was broken"
    return Problem(
        "MTR119",
        "The day has not as many values as its interval length asks for",
        f"{found} instead of {expected}",
        hint,
    )


def not_a_number() -> Problem:
    return Problem(
        "MTR120", "Not a number", hint="Digits with a decimal point, or nothing where the value is not known"
    )


def negative() -> Problem:
    hint = "The format knows no negative energy: energy into the grid has a suffix of its own (B1). " + _AGAIN
    return Problem("MTR121", "A negative quantity", hint=hint)


def too_large(decimals: int) -> Problem:
    hint = (
        "An interval is kept in 32 bits and at most 9 decimals, exactly: let the sender write fewer decimals"
    )
    return Problem("MTR122", "The value cannot be kept exactly", f"with {decimals} decimals", hint)


def bad_quality() -> Problem:
    hint = (
        "A, N, or E, F or S with the two digits of its method; V only for a day (300) with 400 rows under it"
    )
    return Problem("MTR123", "Not a quality and method", hint=hint)


def bad_time() -> Problem:
    return Problem("MTR124", "Not a time", hint="YYYYMMDDhhmmss in market time (UTC+10), or nothing")


# --- 400 -------------------------------------------------------------------------------------------------


def bad_range(intervals: int) -> Problem:
    return Problem(
        "MTR125", "No range of intervals", hint=f"First and last, from 1 to {intervals}; the day is left out"
    )


def overlap(first: int) -> Problem:
    detail = f"interval {first} has a quality already"
    return Problem("MTR126", "Ranges of quality overlap", detail, f"The day is left out. {_AGAIN}")


def gap(first: int, last: int) -> Problem:
    detail = f"intervals {first} to {last} have none"
    return Problem(
        "MTR127", "The 400 rows do not give each interval a quality", detail, f"The day is left out. {_AGAIN}"
    )


# --- 250 -------------------------------------------------------------------------------------------------


def bad_direction() -> Problem:
    return Problem("MTR130", "Not a direction", hint="E out of the grid (used), I into the grid (generated)")


def bad_read() -> Problem:
    return Problem(
        "MTR131", "Not what a register shows", hint="Digits, with a decimal point or without; not negative"
    )


def no_read() -> Problem:
    return Problem(
        "MTR132", "A read that its sender marks as null (N)", hint="It is left out: ask for an actual read"
    )


def bad_read_time() -> Problem:
    return Problem(
        "MTR133", "Not the time of a read", hint="YYYYMMDDhhmmss in market time (UTC+10), or YYYYMMDD"
    )


# --- writing ---------------------------------------------------------------------------------------------


def not_writable(what: str, hint: str) -> Problem:
    return Problem("MTR135", "The day cannot be written as NEM12", what, hint)
