"""Meters and their registers as a table: new ones, or ones to be closed.

site_identifier, meter_code, meter_register, meter_type_code, meter_status_code (ACTIVE, INACTIVE),
direction_indicator (E taken from the network, I put into it), mtr_srial, multiplier (1 where empty),
dial_format (digits), install_date, removed_date (needed for INACTIVE); every other column is kept as it is.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

from submeter.metering.formats import findings
from submeter.metering.formats.records import Record, Refusal, records_of
from submeter.metering.model import Item, MeterRow, Stream

__all__ = ["NEEDED", "SYNONYMS", "parse"]

SYNONYMS = {
    "site_identifier": ("site id", "site", "nmi", "icp", "mpan", "mirn", "mprn", "supply point"),
    "meter_code": ("meter", "meter id"),
    "meter_register": ("register", "register id"),
    "meter_type_code": ("meter type", "type"),
    "meter_status_code": ("meter status", "status"),
    "direction_indicator": ("direction",),
    "mtr_srial": ("mtr serial", "meter serial", "serial", "serial number"),
    "multiplier": ("meter multiplier",),
    "dial_format": ("dials", "digits"),
    "install_date": ("installed", "installation date"),
    "removed_date": ("removed", "removal date"),
}
NEEDED = (
    "site_identifier",
    "meter_code",
    "meter_register",
    "meter_type_code",
    "meter_status_code",
    "direction_indicator",
)
_STATUSES = ("ACTIVE", "INACTIVE")
_DIRECTIONS = {"E": "import", "I": "export"}


def parse(stream: BinaryIO) -> Iterator[Item]:
    """A register for each good row. Raises FileError (MTR142, MTR150, MTR151, MTR160)."""
    return records_of(stream, SYNONYMS, NEEDED, _meter)


def _meter(record: Record) -> MeterRow:
    status = record.code("meter_status_code", _STATUSES)
    direction = _DIRECTIONS[record.code("direction_indicator", tuple(_DIRECTIONS))]
    code, register = record.given("meter_code"), record.given("meter_register")
    stream = Stream("any", record.given("site_identifier"), register, code, "", direction)
    if status == "INACTIVE":
        record.given("removed_date")
    return MeterRow(
        stream,
        record.given("meter_type_code").upper(),
        status,
        _multiplier(record),
        _digits(record),
        record.day_or_none("install_date"),
        record.day_or_none("removed_date"),
        record.line,
        _details(record),
    )


def _multiplier(record: Record) -> Decimal:
    value = record.number_or_none("multiplier")
    if value is not None and value <= 0:
        raise Refusal(findings.not_positive("multiplier", str(value)), "multiplier")
    return Decimal(1) if value is None else value


def _digits(record: Record) -> int | None:
    value = record.number_or_none("dial_format")
    if value is not None and (value != int(value) or not 3 <= value <= 12):
        raise Refusal(findings.not_positive("dial_format, 3 to 12", str(value)), "dial_format")
    return None if value is None else int(value)


def _details(record: Record) -> dict[str, str]:
    """Serial, location, hazards, manufacturer and what else the table has, by the names of its columns."""
    known = {*SYNONYMS} - {"mtr_srial"}
    return {name: record.text(name) for name in record.names() if name not in known and record.text(name)}
