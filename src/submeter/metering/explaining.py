"""Where a value comes from: the version that stands, what waits, and all that was replaced."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import interval_problems as problems
from submeter.metering import interval_store as store
from submeter.metering.day_versions import OURS, Kind, kinds_of
from submeter.metering.days import DAY
from submeter.metering.interval_store import ChangeRow, VersionRow
from submeter.metering.market_codes import METHODS
from submeter.metering.model import MISSING
from submeter.metering.selecting import IntervalRegister, Selection, check_days

__all__ = ["Explanation", "Said", "explain_interval"]

_QUALITIES = {
    "A": "measured",
    "E": "estimated",
    "F": "finally substituted",
    "S": "substituted",
    "N": "not known",
}
_WAITS = {
    "lower_quality": "less of it was measured than of what stands",
    "billed": "the day is billed",
    "edited": "the day was edited",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What one version says of the interval, and where it comes from. None where nothing is known of it."""

    status: str
    """stands, waits (for a decision) or replaced."""
    starts_at: datetime
    ends_at: datetime
    quantity: Decimal | None
    unit: str
    quality: str
    method_code: str
    method_name: str
    reason_code: str
    note: str
    """The text of the source, or how it was estimated, or why it was edited."""
    file_id: int | None
    file_name: str | None
    line: int | None
    version_at: datetime | None
    file_at: datetime | None
    made_by: str | None
    stored_at: datetime
    replaced_at: datetime | None
    told: str

    def as_json(self) -> dict[str, Any]:
        """For programs: quantities as text, moments in ISO 8601."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


@dataclass(frozen=True, slots=True)
class Explanation:
    """All versions that have the interval: what stands first, then what waits, then the newest replaced."""

    register: IntervalRegister
    at: datetime
    versions: tuple[Said, ...]

    def as_text(self) -> str:
        """As a person would write it."""
        return "\n".join(_lines(self))


def explain_interval(database: Database, caller: Caller, register: str, at: datetime) -> Explanation:
    """Where the value of a register at a moment comes from. Raises Refused MTR400, MTR401, MTR403, MTR406."""
    check_days(at.date())
    with transaction(database, caller) as connection:
        found = store.get_register(connection, Selection(register))
        known = store.get_registers(connection, [found])[found]
        days = (at.date() - 2 * DAY, at.date() + 2 * DAY)
        rows = store.versions_at(connection, known, at, days)
        changes = store.list_changes(connection, found, days)
    if not rows:
        raise Refused(problems.nothing_there(str(known), at))
    return Explanation(known, at, tuple(_said(row, at, known.unit, changes) for row in rows))


def _said(version: VersionRow, at: datetime, unit: str, changes: Sequence[ChangeRow]) -> Said:
    row = version.row
    step = timedelta(minutes=row.minutes)
    place = (at - version.starts_at) // step
    amount = int(np.frombuffer(row.amounts, "<i4")[place])
    quantity = None if amount == MISSING else Decimal(amount).scaleb(-row.decimals)
    kind = kinds_of(row)[place]
    change = _change(version, place + 1, kind, changes)
    starts = version.starts_at + place * step
    method = METHODS.get(kind.method)
    return Said(
        version.status, starts, starts + step, quantity, unit, kind.quality, kind.method,
        method.name if method else "", kind.reason, kind.text, version.file_id, version.file_name,
        version.line, row.version_at, version.file_at, change.made_by if change else None,
        version.stored_at, version.replaced_at, _sentence(version, quantity, unit, kind, change),
    )  # fmt: skip


def _change(version: VersionRow, interval: int, kind: Kind, changes: Sequence[ChangeRow]) -> ChangeRow | None:
    """The edit or estimate that the value is of; None for one that a source said."""
    if version.status == "waits":
        return None
    return next(
        (
            change
            for change in changes
            if change.day == version.day
            and change.first <= interval <= change.last
            and change.made_at <= version.stored_at
            and (change.quality, change.method) == (kind.quality, kind.method)
            and (kind.text.startswith(OURS) or kind.text == change.reason)
        ),
        None,
    )


# In words ---------------------------------------------------------------------------------------------------


def _sentence(
    version: VersionRow, quantity: Decimal | None, unit: str, kind: Kind, change: ChangeRow | None
) -> str:
    """One version in a sentence."""
    parts = [_value(quantity, unit, kind), *_how(kind), *(_made(change) if change else _origin(version))]
    if version.status == "waits":
        parts.append(f"waits for a decision: {_WAITS.get(version.source or '', version.source)}")
    if version.replaced_at:
        parts.append(f"replaced {_time(version.replaced_at)}")
    return "; ".join(parts)


def _value(quantity: Decimal | None, unit: str, kind: Kind) -> str:
    if quantity is None:
        return "missing"
    return f"{quantity:f} {unit}, {_QUALITIES.get(kind.quality, kind.quality)}"


def _how(kind: Kind) -> Iterator[str]:
    if kind.method:
        name = METHODS[kind.method].name if kind.method in METHODS else "not of AEMO's list"
        yield f"method {kind.method} ({name})" + (f", reason {kind.reason}" if kind.reason else "")
    if kind.text:
        yield kind.text


def _made(change: ChangeRow) -> Iterator[str]:
    word = {"edit": "edited", "estimate": "estimated", "substitute": "estimated"}[change.kind]
    yield f"{word} by {change.made_by}, {_time(change.made_at)}"


def _origin(version: VersionRow) -> Iterator[str]:
    """File and line, or what else it came from, and when."""
    if version.file_name is not None:
        yield f"from {version.file_name}" + (f", line {version.line}" if version.line else "")
    elif version.source and version.status != "waits":
        yield f"from {version.source}"
    if version.row.version_at:
        yield f"the source's version of {_time(version.row.version_at)}"
    yield f"stored {_time(version.stored_at)}"


def _time(at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo('UTC')):%Y-%m-%d %H:%M} UTC"


def _lines(explanation: Explanation) -> Iterator[str]:
    register, versions = explanation.register, explanation.versions
    zone = ZoneInfo(register.clock)
    first = versions[0]
    start, end = (moment.astimezone(zone) for moment in (first.starts_at, first.ends_at))
    yield f"register {register}, {start:%Y-%m-%d %H:%M} to {end:%H:%M} ({register.clock})"
    for said in versions:
        yield f"{said.status + ':':<10}{said.told}"
