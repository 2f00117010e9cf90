"""A table of prices, one row a price, to plans.

What belongs to a plan or a component may stand in each of its rows or in one of them; rows that contradict
each other are a finding. A plan of which any cell is bad is left out as a whole: half a plan would bill.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from submeter.core.problem import Problem, Refused
from submeter.metering.formats.tables import key_of, sniff_delimiter
from submeter.metering.model import FileError, Finding
from submeter.tariffs.formats import problems
from submeter.tariffs.formats.price_columns import NAMES, NEEDED, Part, columns_of
from submeter.tariffs.formats.problems import Reading
from submeter.tariffs.model import Band, Component, DemandRule, DiscountRule, Plan, Rate, StepRule

__all__ = ["read_price_rows"]

_UNITS = {"supply": "day", "fixed": "month", "minimum": "month", "demand": "kW", "capacity": "kW"}
_REDUCING = ("discount", "concession")
_WINDOW = ("season", "day_types", "time_from", "time_to")


class _Row(NamedTuple):
    line: int
    texts: Mapping[str, str]
    """What stands in the cells that are not blank, by column."""
    values: Mapping[str, Any]


class _Table:
    """The rows of a file with what was found in them; `places` has the number of each column, from 1."""

    def __init__(self, text: str, first_day: date | None) -> None:
        self.first_day = first_day
        self.findings: list[Finding] = []
        self.spoilt: set[str] = set()
        """Codes of the plans that are left out; `` is for all of them."""
        self.places: dict[str, int] = {}
        self.rows = list(self._read(text))

    def find(self, row: _Row, column: str, problem: Problem) -> None:
        self.findings.append(
            Finding(problem, row.line, self.places.get(column, 0), row.texts.get(column, ""))
        )
        self.spoilt.add(row.values.get("plan_code", ""))

    def _read(self, text: str) -> Iterator[_Row]:
        header, *rows = _split(text)
        names = _columns(header[1])
        self.places = {name: place for place, name in enumerate(names, 1)}
        for line, cells in rows:
            if any(cell.strip() for cell in cells):
                yield self._row(line, names, cells)

    def _row(self, line: int, names: Sequence[str], cells: Sequence[str]) -> _Row:
        texts = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
        values: dict[str, Any] = {}
        row = _Row(line, texts, values)
        for name, text in sorted(texts.items(), key=lambda one: one[0] != "plan_code"):
            try:
                values[name] = NAMES[name].cell.read(name, text)
            except Refused as refused:
                self.find(row, name, refused.problem)
        for name in ("plan_code", "component_code"):
            if name not in texts:
                self.find(row, name, problems.empty_cell(name, "each row needs it"))
        if any(cell.strip() for cell in cells[len(names) :]):
            self.find(row, "", problems.wrong_width(len(cells), len(names)))
        return row


def read_price_rows(text: str, first_day: date | None = None) -> Reading:
    """The plans of a table. `first_day` is that of prices whose row names none.

    Raises FileError (TRF201, TRF202, TRF203, TRF215) where nothing of the table can be used.
    """
    table = _Table(text, first_day)
    by_plan: dict[str, list[_Row]] = defaultdict(list)
    for row in table.rows:
        by_plan[row.values.get("plan_code", "")].append(row)
    plans = [_plan(table, rows) for rows in by_plan.values()]
    sound = [plan for plan in plans if plan and plan.code not in table.spoilt and "" not in table.spoilt]
    findings = sorted(table.findings, key=lambda one: (one.line, one.column))
    return Reading(tuple(sound), tuple(findings), left_out=len(by_plan) - len(sound))


# --- the frame -------------------------------------------------------------------------------------------


def _split(text: str) -> list[tuple[int, list[str]]]:
    """Rows with the line on which each begins, the header first."""
    head = next((line for line in text.splitlines() if line.strip(" ,;\t|")), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sniff_delimiter(head), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if rows or any(cell.strip() for cell in cells):
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise FileError(problems.unreadable_table(str(error)), line) from error
    if not rows:
        raise FileError(problems.unreadable_table("it is empty"))
    return rows


def _columns(header: Sequence[str]) -> list[str]:
    """The columns by their right names. Case, spaces and punctuation do not matter."""
    by_key = {key_of(name): name for name in NAMES}
    while header and not header[-1].strip():
        header = header[:-1]
    names = [by_key.get(key_of(name), "") for name in header]
    for said, name in zip(header, names, strict=True):
        if not name:
            raise FileError(problems.unknown_column(said, list(NAMES)), 1)
        if names.count(name) > 1:
            raise FileError(problems.doubled_column(name), 1)
    if missing := [name for name in NEEDED if name not in names]:
        raise FileError(problems.missing_columns(missing), 1)
    return names


# --- plans and components --------------------------------------------------------------------------------


def _plan(table: _Table, rows: Sequence[_Row]) -> Plan | None:
    said = _settle(table, rows, "plan")
    # A code may come again from a later day on: then it is another component.
    by_component: dict[tuple[str, date | None], list[_Row]] = defaultdict(list)
    for row in rows:
        key = (row.values.get("component_code", ""), row.values.get("component_from"))
        by_component[key].append(row)
    components = [_component(table, part) for part in by_component.values()]
    if None in components or "code" not in said:
        return None
    if not 0 <= said.get("decimals", 2) <= 6:
        table.find(rows[0], "decimals", problems.out_of_range("decimals", "0 to 6"))
    return Plan(**said, components=tuple(filter(None, components)))


def _settle(table: _Table, rows: Sequence[_Row], part: Part) -> dict[str, Any]:
    """What the rows say of a plan or component, by the model's fields."""
    said: dict[str, Any] = {}
    for column in columns_of(part):
        first: _Row | None = None
        for row in rows:
            if column.name not in row.values:
                continue
            if first is None:
                first, said[column.field] = row, row.values[column.name]
            elif row.values[column.name] != said[column.field]:
                earlier = problems.contradiction(column.name, first.texts[column.name], first.line)
                table.find(row, column.name, earlier)
    return said


def _component(table: _Table, rows: Sequence[_Row]) -> Component | None:
    said = _settle(table, rows, "component")
    if "kind" not in said:
        if not any("kind" in row.texts for row in rows):
            table.find(rows[0], "kind", problems.empty_cell("kind", "the component's first row needs it"))
        return None
    if "unit" not in said:
        said["unit"] = _unit(table, rows[0], said)
    demand, discount = _settle(table, rows, "demand"), _settle(table, rows, "discount")
    steps = _settle(table, rows, "steps")
    rates = _rates(table, rows)
    if said["kind"] != "spot" and not any("rate" in row.texts for row in rows):
        table.find(rows[0], "rate", problems.empty_cell("rate", "no row of the component has a price"))
    return None if "code" not in said else Component(
        **said, rates=rates, bands=_bands(table, rows), steps=StepRule(**steps),
        demand=DemandRule(**demand) if demand or said["kind"] == "demand" else None,
        discount=DiscountRule(**discount) if discount or said["kind"] in _REDUCING else None,
    )  # fmt: skip


def _unit(table: _Table, row: _Row, said: Mapping[str, Any]) -> str:
    if said["kind"] in _UNITS:
        return _UNITS[said["kind"]]
    if said.get("product", "electricity") != "electricity":
        table.find(row, "unit", problems.empty_cell("unit", f"what is {said['product']} counted in?"))
    return "kWh"


def _bands(table: _Table, rows: Sequence[_Row]) -> tuple[Band, ...]:
    """Windows in the order in which they come; a band that has none anywhere is all the rest of the time."""
    told = {row.values.get("band") for row in rows if any(name in row.texts for name in _WINDOW)}
    bands: dict[Band, None] = {}
    for row in rows:
        code, window = row.values.get("band"), {name for name in _WINDOW if name in row.texts}
        if code is None:
            if window and "band" not in row.texts:
                table.find(row, "band", problems.empty_cell("band", "the row names times or days"))
        elif window or code not in told:
            bands[_band(row, code)] = None
    return tuple(bands)


def _band(row: _Row, code: str) -> Band:
    fields = {c.field: row.values[c.name] for c in columns_of("window") if c.name in row.values}
    return Band(**{**fields, "code": code})


# --- prices ----------------------------------------------------------------------------------------------


def _rates(table: _Table, rows: Sequence[_Row]) -> tuple[Rate, ...]:
    rates: dict[tuple[str, int, date], tuple[_Row, Rate]] = {}
    for row in rows:
        rate = _rate(table, row)
        if rate is None:
            continue
        key = (rate.band, rate.step, rate.from_date)
        if key in rates:
            table.find(row, "rate", problems.price_twice(rates[key][0].line))
        else:
            rates[key] = (row, rate)
    for row, rate in rates.values():
        _check_step(table, row, rate, rates)
    return tuple(_ended(table, row, rate, list(rates.values())) for row, rate in rates.values())


def _ended(table: _Table, row: _Row, rate: Rate, all_: Sequence[tuple[_Row, Rate]]) -> Rate:
    """A price without an end holds until the next one of its band and step, or until its step is gone."""
    later = [
        (one.from_date, at.line)
        for at, one in all_
        if one.band == rate.band and one.from_date > rate.from_date
        and (one.step == rate.step or (one.step < rate.step and one.up_to is None))
    ]  # fmt: skip
    if not later:
        return rate
    day, line = min(later)
    if rate.to_date is None:
        return rate._replace(to_date=day)
    if rate.to_date > day:
        table.find(row, "to_date", problems.prices_overlap(line))
    return rate


def _rate(table: _Table, row: _Row) -> Rate | None:
    """The price of a row; None where it has none."""
    columns = [column for column in columns_of("rate") if column.name != "step_from"]
    said = {column.field: row.values[column.name] for column in columns if column.name in row.values}
    if "price" not in said:
        if said and "rate" not in row.texts:
            table.find(row, "rate", problems.empty_cell("rate", "the row has a date or a step"))
        return None
    if "from_date" not in row.texts and table.first_day:
        said["from_date"] = table.first_day
    if "from_date" not in said:
        if "from_date" not in row.texts:
            table.find(row, "from_date", problems.no_first_day())
        return None
    if said.get("to_date", date.max) <= said["from_date"]:
        table.find(row, "to_date", problems.out_of_range("to_date", "it is not after from_date"))
    if said.get("step", 1) < 1:
        table.find(row, "step_no", problems.out_of_range("step_no", "steps count from 1"))
    return Rate(**said, band=row.values.get("band", ""))


def _check_step(
    table: _Table, row: _Row, rate: Rate, rates: Mapping[tuple[str, int, date], tuple[_Row, Rate]]
) -> None:
    """Where the step is said to begin, the one before it must end."""
    begins = row.values.get("step_from")
    before = rates.get((rate.band, rate.step - 1, rate.from_date))
    ends = before[1].up_to if before else None if rate.step > 1 else 0
    if begins is not None and begins != ends:
        said = "nowhere" if ends is None else str(ends)
        table.find(row, "step_from", problems.steps_apart(said))
