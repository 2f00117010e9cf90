"""What came of an import: for programs as JSON, for people as text."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from submeter.core.problem import Problem
from submeter.metering.formats.clocks import clock_in_words
from submeter.metering.model import Finding

__all__ = ["KEPT", "Report", "finding_json", "refused_row", "told"]

KEPT = 1000
"""So many findings are kept in a report; of the others their number is."""

_WORDS = (
    ("days", "days of intervals read"),
    ("values", "values in them"),
    ("stored", "days stored"),
    ("replaced", "days replaced by a newer version"),
    ("older", "days older than what is there, kept as versions"),
    ("repeated", "days that were there already"),
    ("waiting", "days that wait for a meter"),
    ("undecided", "days that wait for a decision"),
    ("rejected", "rows that were left out"),
    ("readings", "dial readings stored"),
    ("readings_repeated", "dial readings that were there already"),
    ("readings_waiting", "dial readings that wait in the queue"),
    ("found", "days that had waited, placed now"),
    ("suspect", "findings in what is stored now (`submeter intervals findings`)"),
    ("readings_found", "dial readings that had waited for their meter, and found it"),
    ("meters", "registers of meters added"),
    ("meters_closed", "registers of meters closed"),
    ("meters_repeated", "registers of meters that were there already"),
)


@dataclass
class Report:
    """Counts and findings of one file. `status` is loaded, repeated, refused or checked (a dry run)."""

    name: str
    file_id: int | None = None
    format: str = ""
    status: str = "loaded"
    clocks: tuple[str, ...] = ()
    """Those that the days of the file are stated in."""
    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every row of the file was taken."""
        return not self.codes

    def add(self, finding: Finding) -> None:
        """One more finding."""
        self.codes[finding.problem.code] += 1
        if len(self.findings) < KEPT:
            self.findings.append(finding)

    def copy(self) -> Self:
        """As it is now."""
        return replace(
            self, counts=self.counts.copy(), codes=self.codes.copy(), findings=self.findings.copy()
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "file_id": self.file_id,
            "format": self.format,
            "status": self.status,
            "clocks": list(self.clocks),
            "counts": dict(self.counts),
            "codes": dict(self.codes),
            "findings": [finding_json(one) for one in self.findings],
        }

    def as_text(self) -> str:
        """For people: what was done, then what was wrong, each with what to do."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        read_as = ", ".join(filter(None, (self.format, *map(clock_in_words, self.clocks))))
        yield f"{self.name}: {_STATUS[self.status]}" + (f" ({read_as})" if read_as else "")
        for key, words in _WORDS:
            if self.counts[key]:
                yield f"  {self.counts[key]:>12,} {words}"
        for finding in self.findings[:20]:
            yield from told(finding)
        more = self.codes.total() - min(20, len(self.findings))
        if more > 0:
            yield f"  and {more:,} more findings"


_STATUS = {
    "loaded": "loaded",
    "repeated": "the same bytes were loaded before",
    "refused": "nothing was loaded, because of what was found",
    "checked": "checked, nothing was loaded",
}


def refused_row(name: str, problem: Problem) -> dict[str, Any]:
    """What stands in the place of a report where nothing of a file could be used."""
    return {
        "name": name,
        "status": "refused",
        "code": problem.code,
        "title": problem.title,
        "detail": problem.detail,
        "hint": problem.hint,
    }


def finding_json(finding: Finding) -> Mapping[str, Any]:
    """One finding for programs."""
    problem = finding.problem
    return {
        "line": finding.line,
        "column": finding.column,
        "value": finding.value,
        "code": problem.code,
        "title": problem.title,
        "detail": problem.detail,
        "hint": problem.hint,
    }


def told(finding: Finding) -> Iterator[str]:
    """One finding for people: where, what, and what to do."""
    problem = finding.problem
    place = f"line {finding.line}" if finding.line else "the file"
    where = place + (f", column {finding.column}" if finding.column else "")
    value = f": {finding.value!r}" if finding.value else ""
    detail = f": {problem.detail}" if problem.detail else ""
    yield f"  {where}{value}: {problem.code} {problem.title}{detail}"
    if problem.hint:
        yield f"    {problem.hint}"
