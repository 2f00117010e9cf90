"""What may be wrong with a file of readings, each with its code and what to do about it.

A problem about the whole file is raised as FileError; one about a row goes into a Finding, and the good rows
load. Codes MTR140 to MTR199.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from difflib import get_close_matches

from submeter.core.problem import Problem

_MAP_HINT = "Describe the file in a column map"


def places(numbers: Sequence[int]) -> str:
    """1-3, 7 for 0, 1, 2, 6: places count from 1 where people read them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a + 1}" if a == b else f"{a + 1}-{b + 1}" for a, b in runs)


# --- opening and recognising -----------------------------------------------------------------------------


def unknown_format(nearest: str) -> Problem:
    return Problem("MTR140", "No known format of meter data", hint=f"{nearest} {_MAP_HINT} otherwise")


def several_formats(names: Iterable[str]) -> Problem:
    return Problem("MTR141", "Several formats fit the file", ", ".join(names), "Name the format to be used")


def empty_file() -> Problem:
    return Problem("MTR142", "The file is empty", hint="Ask the sender for it again")


def no_meter_data(kind: str, hint: str) -> Problem:
    return Problem("MTR143", "The file is of a kind that holds no readable meter data", kind, hint)


def damaged_archive(why: str) -> Problem:
    return Problem(
        "MTR144", "The archive is damaged or cut off", why, "Send the file again, or unpack it by hand"
    )


def too_large(why: str) -> Problem:
    return Problem("MTR145", "Unpacked, the file is larger than allowed", why, "Split it, or raise the limit")


def too_many_members(limit: int) -> Problem:
    return Problem(
        "MTR146", "The archive has too many files", f"more than {limit}", "Pack fewer files into one"
    )


def too_deep(limit: int) -> Problem:
    return Problem(
        "MTR147", "Archives within archives", f"deeper than {limit}", "Unpack the outer ones by hand"
    )


def encrypted(name: str) -> Problem:
    return Problem(
        "MTR148", "The archive is encrypted", name, "Unpack it with its password and import what was in it"
    )


def not_seekable() -> Problem:
    return Problem("MTR149", "A zip file cannot be read from a pipe", hint="Give it as a file")


# --- tables ----------------------------------------------------------------------------------------------


def missing_column(names: Sequence[str], header: Sequence[str]) -> Problem:
    near = [match for name in names for match in get_close_matches(name, header, n=1, cutoff=0.5)]
    hint = f"Is it {' or '.join(map(repr, near))}? Rename it" if near else "Add it to the header"
    return Problem("MTR150", "A column is missing", ", ".join(names), f"{hint}, or name it in a column map")


def doubled_column(names: Sequence[str]) -> Problem:
    hint = "Leave one of them, or name the one to be used in a column map"
    return Problem("MTR151", "Two columns say the same", ", ".join(names), hint)


def wrong_width(found: int, expected: int) -> Problem:
    hint = "Look for a comma inside a value (a thousands comma), or a missing one"
    return Problem(
        "MTR152", "The row has not the fields of the header", f"{found} instead of {expected}", hint
    )


def unended_line() -> Problem:
    hint = "If the file is complete, end its last line with a line feed and import it again"
    return Problem(
        "MTR153", "The last line does not end: the file may be cut off; the line is left out", hint=hint
    )


def broken_table(why: str) -> Problem:
    return Problem("MTR154", "The table cannot be read", why, "Look for a quotation mark that is not closed")


def no_such_format(name: str, known: Sequence[str]) -> Problem:
    return Problem("MTR155", "No format of that name", name, "One of " + ", ".join(known))


# --- values ----------------------------------------------------------------------------------------------


def not_a_number(text: str) -> Problem:
    comma = "," in text and "." not in text
    hint = "For decimal commas use a column map" if comma else "Write digits with a decimal point, or nothing"
    return Problem("MTR156", "Not a number", text, hint)


def thousands(text: str) -> Problem:
    return Problem(
        "MTR157", "A number with thousands separators", text, f"Write {text.replace(',', '')}, or use a map"
    )


def too_fine(text: str) -> Problem:
    hint = "At most 9 decimals, and 9 to 10 digits in all, are kept: let the sender write fewer"
    return Problem("MTR158", "The number cannot be kept exactly", text, hint)


def not_a_day(text: str) -> Problem:
    return Problem(
        "MTR159", "Not a date", text, "Write DD/MM/YYYY or YYYY-MM-DD, with HH:MM where a time belongs"
    )


def month_first(text: str) -> Problem:
    hint = 'Other rows may be read wrongly: let a column map say date = "MM/DD/YYYY", or use YYYY-MM-DD'
    return Problem("MTR160", "Dates are written month first", text, hint)


def not_in_list(name: str, text: str, allowed: Iterable[str]) -> Problem:
    return Problem("MTR161", "Not one of the codes", f"{name} {text!r}", "One of " + ", ".join(allowed))


def missing_value(name: str) -> Problem:
    return Problem("MTR162", "A value is missing", name, "Fill it in")


def doubtful_identifier(problem: Problem) -> Problem:
    hint = f"{problem.hint}. The rows wait until a supply point of that name is there"
    return Problem("MTR163", "The identifier breaks the rule of its scheme", problem.detail, hint)


def unknown_unit(text: str) -> Problem:
    return Problem(
        "MTR164", "Not a unit of metered quantities", text, "Use kWh, Wh, MWh, kvarh, kVAh, m3, L, MJ, ..."
    )


def negative_reading(text: str) -> Problem:
    return Problem("MTR171", "A dial cannot show less than zero", text, "Correct it, or leave the row out")


def not_positive(name: str, text: str) -> Problem:
    return Problem(
        "MTR175", "A number out of its range", f"{name}: {text}", "Correct it, or leave the cell empty"
    )


# --- days ------------------------------------------------------------------------------------------------


def missing_intervals(day: date, missing: Sequence[int], periods: int) -> Problem:
    detail = f"{day}: {places(missing)} of {periods}"
    return Problem(
        "MTR165", "Intervals of the day are missing", detail, "They stay missing; ask the sender for them"
    )


def doubled_intervals(day: date, doubled: Sequence[int]) -> Problem:
    hint = "They count as missing: remove the wrong rows and import the file again"
    return Problem(
        "MTR166", "Intervals are stated twice, with different values", f"{day}: {places(doubled)}", hint
    )


def off_grid(text: str, minutes: int) -> Problem:
    hint = f"Intervals begin each {minutes} minutes from midnight; name another length in a column map"
    return Problem("MTR167", "No interval of the day begins there", text, hint)


def skipped_time(text: str, clock: str) -> Problem:
    hint = "Another clock seems to be meant: state it in the header (UTC) or in a column map"
    return Problem("MTR168", "The clock does not show that time on that day", f"{text} in {clock}", hint)


def ambiguous_time(text: str, clock: str) -> Problem:
    hint = "These intervals count as missing: ask for UTC, offsets, or settlement periods"
    return Problem("MTR169", "The clock shows that time twice on that day", f"{text} in {clock}", hint)


def no_clock() -> Problem:
    hint = 'Write "timestamp (UTC)" in the header, or name the clock beside the file (--clock Europe/London)'
    return Problem("MTR170", "The file does not say which clock its times follow", hint=hint)


def doubled_day(day: date) -> Problem:
    hint = "The first one was taken; remove the wrong row and import the file again"
    return Problem("MTR177", "The day is stated twice", str(day), hint)


def no_such_period(number: str, day: date, periods: int) -> Problem:
    hint = f"That day has the periods 1 to {periods} in the file's clock"
    return Problem("MTR178", "No such settlement period on that day", f"{number} on {day}", hint)


# --- EIEP3 -----------------------------------------------------------------------------------------------


def short_file(found: int, announced: int) -> Problem:
    hint = "The file may be cut off; incomplete days are left out. Ask the sender for it again"
    detail = f"{found} instead of {announced}"
    return Problem("MTR172", "The file has not the number of rows that its header announces", detail, hint)


def bad_header(why: str) -> Problem:
    hint = "Line 1 is HDR,ICPHH,version,sender,on behalf of,recipient,date,time,id,rows,month,utility,status"
    return Problem("MTR173", "The header of the file cannot be used", why, hint)


def unknown_record(kind: str) -> Problem:
    return Problem("MTR174", "No record of this format", kind, "Rows begin with DET")


# --- Green Button ----------------------------------------------------------------------------------------


def broken_xml(why: str) -> Problem:
    hint = "Incomplete days are left out. Download the file again"
    return Problem("MTR180", "The XML ends early or is damaged", why, hint)


def xml_entities() -> Problem:
    return Problem(
        "MTR181", "The XML declares a document type or entities", hint="No meter data needs them: refuse it"
    )


def no_reading_type(link: str) -> Problem:
    return Problem(
        "MTR182", "Readings without a reading type", link, "Ask for a file with its ReadingType entries"
    )


def odd_interval(detail: str) -> Problem:
    hint = "Intervals of 5, 10, 15, 30 or 60 minutes are taken"
    return Problem("MTR183", "A reading over a period that is no interval", detail, hint)


def too_long_xml(what: str) -> Problem:
    return Problem(
        "MTR184", "The XML is nested too deeply or has too long a text", what, "No meter data needs that"
    )


# --- column maps -----------------------------------------------------------------------------------------


def unreadable_map(why: str) -> Problem:
    return Problem(
        "MTR190", "The column map is neither TOML nor JSON", why, "Correct the line that the detail names"
    )


def bad_map(name: str, hint: str) -> Problem:
    return Problem("MTR191", "The column map has a setting that cannot be", name, hint)


def no_such_clock(text: str, near: Sequence[str]) -> Problem:
    """Nobody keeps time by that name: an abbreviation, a slip, an offset that no zone has."""
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    if text.isupper():
        hint = "Abbreviations mean several clocks. "
    hint += "Name a zone of the IANA database (Europe/London, Australia/Sydney), or UTC, or an offset: UTC+10"
    return Problem("MTR193", "No clock of that name", repr(text), hint)


def other_clock(stated: str, named: str) -> Problem:
    hint = "Leave the clock out: the file says it. Where its header is wrong, correct the header"
    return Problem("MTR194", "The file states another clock", f"it says {stated}, {named} was named", hint)


def contradiction(detail: str, hint: str) -> Problem:
    return Problem("MTR195", "How the file is to be read is said twice, or not at all", detail, hint)


def unmapped_column(name: str, header: Sequence[str]) -> Problem:
    """A column map names a column that the table has not."""
    there = ", ".join(header[:8]) + ", ..." * (len(header) > 8)
    hint = (
        f"The table has {there or 'no header'}. Correct the map (delimiter, skip_lines too), or name another"
    )
    return Problem("MTR150", "A column is missing", name, hint)


def unconfirmed_map(name: str) -> Problem:
    hint = "Compare some values with the source, then set confirmed in the map"
    return Problem("MTR192", "Read by a column map that nobody has confirmed", name, hint)
