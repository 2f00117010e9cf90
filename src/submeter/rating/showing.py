"""What agreements are charged, as people read it: lines of text, columns in line."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from submeter.core.problem import Problem
from submeter.rating.comparing import Compared, Preview
from submeter.rating.model import Line, Period
from submeter.rating.results import Outcome, Rated

__all__ = [
    "bill_lines",
    "compared_lines",
    "preview_lines",
    "problem_lines",
    "said_money",
    "said_number",
    "said_period",
    "table",
]

_DECIMALS, _FOR_THE_EYE = 6, 3
_ROUNDED = "~ rounded for the eye; --json has all digits"


def bill_lines(found: Outcome) -> Iterator[str]:
    """The bill of an agreement: plan by plan, line by line, with tax and total."""
    name = ", ".join(part for part in (found.account_number, found.property_name) if part)
    yield f"{name}  ({found.agreement_id})"
    yield from problem_lines(found.problems)
    for rated in found.rated:
        for place, period in enumerate(rated.part.charged):
            yield f"  {_plan_name(rated)}, {said_period(period)}"
            yield from (f"    {row}" for row in _rows(rated, place))
        yield from (f"  {row}" for row in problem_lines(rated.findings))


def _plan_name(rated: Rated) -> str:
    plan = rated.plan.plan
    return f"{plan.code} ({plan.name})" if plan.name and plan.name != plan.code else plan.code


def _rows(rated: Rated, period: int) -> Iterator[str]:
    tax, total = rated.total_of(period)
    rows = [_row(line) for line in rated.lines(period)]
    currency = rated.plan.plan.currency
    rows.append(("tax", "", "", "", f"{tax:f}"))
    rows.append((f"total {currency}", "", "", "", f"{total:f}"))
    yield from table(rows, "ldldd")
    if any("~" in cell for row in rows for cell in row):
        yield _ROUNDED


def _row(line: Line) -> tuple[str, ...]:
    component = line.component
    name = component.name or component.code
    where = [line.band] if line.band else []
    where += [f"step {line.step}"] if any(rate.step > 1 for rate in component.rates) else []
    if (line.first, line.end) != (line.period.first, line.period.end):
        where.append(said_period(Period(line.first, line.end)))
    name = f"{name} ({', '.join(where)})" if where else name
    if component.kind in ("discount", "minimum", "concession"):
        return (name, "", "", "", f"{line.amount:f}")
    return (name, said_number(line.quantity), component.unit, f"x {line.rate.price:f}", f"{line.amount:f}")


def said_number(value: Decimal | Fraction) -> str:
    """A number without idle zeros; with more than six decimals, rounded to three for the eye: ~103.333."""
    exact = Fraction(value)
    sign, size = "-" if exact < 0 else "", abs(exact)
    if (size * 10**_DECIMALS).denominator == 1:
        said = _digits(int(size * 10**_DECIMALS), _DECIMALS).rstrip("0").rstrip(".")
        return f"{sign}{said}"
    return f"~{sign}{_digits(int(size * 10**_FOR_THE_EYE + Fraction(1, 2)), _FOR_THE_EYE)}"


def _digits(wholes: int, decimals: int) -> str:
    whole, part = divmod(wholes, 10**decimals)
    return f"{whole}.{part:0{decimals}}"


def said_money(value: Decimal | Fraction) -> str:
    """The same, with two decimals at least."""
    said = said_number(value)
    return (
        said
        if "~" in said
        else f"{said}{'' if '.' in said else '.'}".ljust(len(said.partition(".")[0]) + 3, "0")
    )


def said_period(period: Period) -> str:
    """2026-07-01 to 2026-07-31: both days are in it."""
    last: date = period.end - timedelta(days=1)
    return str(last) if period.first == last else f"{period.first} to {last}"


def problem_lines(found: Iterable[Problem]) -> Iterator[str]:
    """Findings with their next step."""
    for one in found:
        detail = f": {one.detail}" if one.detail else ""
        yield f"! {one.code} {one.title}{detail}"
        yield f"  {one.hint}"


def table(rows: Sequence[Sequence[str]], sides: str) -> Iterator[str]:
    """Rows with their columns in line; `sides` says which stand left (l), which right (r), and which with
    their decimal points under each other (d)."""
    columns = [_aligned(cells, side) for cells, side in zip(zip(*rows, strict=True), sides, strict=True)]
    for row in zip(*columns, strict=True):
        yield "  ".join(row).rstrip()


def _aligned(cells: Sequence[str], side: str) -> list[str]:
    if side == "d":
        after = [len("".join(cell.partition(".")[1:])) if cell[-1:].isdigit() else None for cell in cells]
        most = max((length for length in after if length is not None), default=0)
        cells = [
            cell if length is None else cell + " " * (most - length)
            for cell, length in zip(cells, after, strict=True)
        ]
    width = max(map(len, cells))
    return [cell.ljust(width) if side == "l" else cell.rjust(width) for cell in cells]


def compared_lines(found: Sequence[Compared]) -> Iterator[str]:
    """Plans with what they would have cost, the cheapest first; the agreement's own is marked."""
    rows = [
        (
            "*" if one.is_own else "",
            one.code,
            _money(one.total),
            _more(one.difference),
            one.currency,
            one.name,
        )
        for one in found
    ]
    yield from table([("", "plan", "cost", "more", "", ""), *rows], "llddll")
    yield from _own_line(found)
    for one in found:
        codes = ", ".join(f"{problem.code} {problem.title.lower()}" for problem in one.findings)
        if codes:
            yield f"! {one.code}: {codes}"


def _own_line(found: Sequence[Compared]) -> Iterator[str]:
    """What `more` is more than, where no plan of the table is alone the agreement's own on all days."""
    of = next((one for one in found if one.total is not None and one.difference is not None), None)
    alone = any(one.is_own and one.difference == 0 for one in found)
    if of and of.total is not None and of.difference is not None and not alone:
        yield f"The agreement's own plans cost {of.total - of.difference:f} {of.currency} on these days"


def preview_lines(preview: Preview, limit: int) -> Iterator[str]:
    """Who pays most more first; then those of whom it cannot be said."""
    rows = [
        (one.account_number, one.property_name, _money(one.now), _money(one.then), _more(one.difference),
         f"{one.percent:+f} %" if one.percent is not None else "")
        for one in preview.rows[:limit]
    ]  # fmt: skip
    if rows:
        yield ""
        yield from table(
            [("account", "property", preview.plan, preview.new_plan, "more", ""), *rows], "lldddd"
        )
    if len(preview.rows) > limit:
        yield f"and {len(preview.rows) - limit} more (--limit)"
    yield from _new_findings(preview)
    for key, problems in preview.failed.items():
        yield f"! {preview.accounts[key] or key}: {problems[0]}"
        yield f"  {problems[0].hint}"


def _new_findings(preview: Preview) -> Iterator[str]:
    """What is to be looked at on the new plan, each once, with how many agreements it is said of."""
    told: dict[tuple[str, str], list[Problem]] = {}
    for one in preview.rows:
        for problem in one.findings:
            told.setdefault((problem.code, problem.title), []).append(problem)
    for (code, title), found in told.items():
        yield f"! {code}: {title}, of {len(found)} on {preview.new_plan}; the first: {found[0].detail}"


def _money(value: Decimal | None) -> str:
    return "?" if value is None else f"{value:f}"


def _more(value: Decimal | None) -> str:
    return "" if value is None else f"{value:+f}"
