"""Lines of a meters file into the database: each is done whole, or is a finding."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from submeter.core.problem import Problem, Refused
from submeter.db.problems import coded
from submeter.metering import meter_rows
from submeter.metering.meter_rows import Add, Close
from submeter.metering.model import Finding, MeterRow
from submeter.network import store
from submeter.network.identifiers import problem_with
from submeter.network.model import MeterPlace, Point

__all__ = ["load_meters"]

_LONG_AGO = date(1900, 1, 1)
_LAST = date(9999, 12, 31)


def load_meters(
    connection: psycopg.Connection, esco_id: UUID, rows: Sequence[MeterRow], counts: Counter[str]
) -> list[Finding]:
    """Add and close registers and their meters; what cannot be done is told. What is closed goes first.

    Counts `meters`, `meters_closed`, `meters_repeated`, and `meters_open`: lines that may come again,
    once what is told is mended.
    """
    loader = _Loader(connection, esco_id, store.list_types(connection, esco_id), counts)
    found = []
    for row in sorted(rows, key=lambda row: row.status != "INACTIVE"):
        problem = loader.load(row)
        if problem is not None:
            counts["meters_open"] += 1
            found.append(Finding(problem, row.line, 0, row.stream.identifier))
    return found


@dataclass
class _Loader:
    connection: psycopg.Connection
    esco_id: UUID
    types: Sequence[str]
    counts: Counter[str]

    def load(self, row: MeterRow) -> Problem | None:
        """What is wrong with the line, if anything; then nothing of it is done."""
        try:
            with self.connection.transaction():
                self._do(row)
        except Refused as refused:
            return refused.problem
        except psycopg.errors.ExclusionViolation as error:
            return _elsewhere(row, error.diag.message_detail or "")
        except psycopg.Error as error:
            problem = coded(error)
            if problem is None:
                raise
            return problem
        return None

    def _do(self, row: MeterRow) -> None:
        if row.meter_type not in self.types:
            raise Refused(meter_rows.unknown_type(row, self.types))
        point = self._point(row)
        serial = meter_rows.serial_of(row)
        if isinstance(serial, Problem):
            raise Refused(serial)
        there = store.list_registers_at(self.connection, point.id)
        step = meter_rows.step_for(row, point, serial, there)
        if isinstance(step, Problem):
            raise Refused(step)
        if isinstance(step, Add):
            self._add(row, point, step)
        elif isinstance(step, Close):
            self._close(step)
        else:
            self.counts["meters_repeated"] += 1

    def _point(self, row: MeterRow) -> Point:
        day = row.removed_on if row.status == "INACTIVE" else row.installed_on
        points = store.find_points(self.connection, self.esco_id, row.stream.identifier, day or _LAST)
        if len(points) != 1:
            raise Refused(meter_rows.no_point(row, len(points)))
        wrong = problem_with(points[0].scheme, row.stream.identifier)
        if wrong is not None:
            raise Refused(wrong)
        return points[0]

    def _close(self, step: Close) -> None:
        store.close_register(self.connection, step.register.id, step.at)
        if step.takes_meter:
            store.remove_meter(self.connection, step.register.installation_id, step.at)
        self.counts["meters_closed"] += 1

    def _add(self, row: MeterRow, point: Point, step: Add) -> None:
        for before in step.gives_way:
            assert step.installed_at
            store.close_register(self.connection, before.id, step.installed_at)
            store.remove_meter(self.connection, before.installation_id, step.installed_at)
        meter, register = meter_rows.about_meter(row)
        meter_id = self._meter(row, point, step, meter)
        register_id = self._register(row, step.serial, meter_id, register)
        if row.multiplier != 1:
            factors = {"multiplier": row.multiplier}
            store.add_multiplier(self.connection, self.esco_id, register_id, factors, row.installed_on)
        self.counts["meters"] += 1

    def _meter(self, row: MeterRow, point: Point, step: Add, about: dict[str, object]) -> UUID:
        """The meter, in place at the point."""
        known = store.find_meter(self.connection, esco_id=self.esco_id, serial=step.serial)
        meter_id = known.id if known else store.add_meter(self.connection, self.esco_id, step.serial, about)
        if known and known.installation_id and known.removed_at is None:
            if known.point_id != point.id:
                raise Refused(_elsewhere(row, _place(known)))
        else:
            store.install(self.connection, self.esco_id, meter_id, point.id, step.installed_at)
        return meter_id

    def _register(self, row: MeterRow, serial: str, meter_id: UUID, about: dict[str, Any]) -> UUID:
        taken = store.names_of(self.connection, meter_id)
        name = meter_rows.name_for(row, serial, ())
        code = None if row.stream.serial == serial else row.stream.serial
        values = {
            **about, "esco_id": self.esco_id, "meter_id": meter_id, "type": row.meter_type,
            "digits": row.digits, "direction": row.stream.direction, "meter_code": code,
            "meter_register": row.stream.register if code and name != row.stream.register else None,
        }  # fmt: skip
        if name in taken and code is None:
            # It was closed when the meter was taken away, and comes back with it.
            store.reopen_register(self.connection, taken[name], values)
            return taken[name]
        name = meter_rows.name_for(row, serial, tuple(taken))
        if code and name != row.stream.register:
            values["meter_register"] = row.stream.register
        return store.add_register(self.connection, {**values, "name": name})


def _elsewhere(row: MeterRow, where: str) -> Problem:
    hint = "Deactivate it where it was first; or correct the serial number, or install_date"
    detail = f"{row.stream.identifier} meter {row.stream.serial}: {where}"
    return Problem("NET125", "The meter is somewhere else at the time", detail, hint)


def _place(meter: MeterPlace) -> str:
    return f"in place at another supply point since {meter.installed_at:%Y-%m-%d}"
