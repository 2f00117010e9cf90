"""Readings of dials as a table, simple or advanced.

Simple: site_identifier, meter_code, meter_register, meter_read, read_date, and audit_notes if there are any.
Advanced adds estimate_read (C by the customer, Y or E estimated, N actual), next_scheduled_read_date,
temp_factor and cv_factor (gas). Columns stand in any order; dates are DD/MM/YYYY or ISO.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

from submeter.metering.formats import findings
from submeter.metering.formats.records import Record, Refusal, records_of
from submeter.metering.model import DialRead, Item, Stream

__all__ = ["NEEDED", "SUB_TYPES", "SYNONYMS", "dial_of", "parse"]

SYNONYMS = {
    "site_identifier": ("site id", "site", "nmi", "icp", "mpan", "mirn", "mprn", "supply point"),
    "meter_code": ("meter", "meter id", "meter serial", "serial", "serial number", "meter number"),
    "meter_register": ("register", "register id"),
    "meter_read": ("read", "reading", "meter reading", "read value", "index"),
    "read_date": ("date", "reading date", "date read"),
    "audit_notes": ("notes", "comment", "comments", "audit note"),
    "estimate_read": ("estimate", "estimated", "estimate read flag", "read type"),
    "next_scheduled_read_date": ("next read date", "next scheduled read", "nsrd"),
    "temp_factor": ("temperature factor", "pressure and temperature factor"),
    "cv_factor": ("cv", "heating value", "calorific value"),
}
NEEDED = ("site_identifier", "meter_code", "meter_register", "meter_read", "read_date")
SUB_TYPES = {"": "ACTUAL", "N": "ACTUAL", "C": "ACTUALC", "Y": "ESTIMATE", "E": "ESTIMATE"}


def parse(stream: BinaryIO) -> Iterator[Item]:
    """A reading for each good row. Raises FileError (MTR142, MTR150, MTR151, MTR160)."""
    return records_of(stream, SYNONYMS, NEEDED, _read)


def _read(record: Record) -> DialRead:
    sub_type = SUB_TYPES[record.code("estimate_read", tuple(SUB_TYPES))]
    serial, register = record.given("meter_code"), record.given("meter_register")
    return DialRead(
        Stream("any", record.given("site_identifier"), register, serial, ""),
        record.day("read_date"),
        None,
        dial_of(record, "meter_read"),
        sub_type,
        record.line,
        quality="E" if sub_type == "ESTIMATE" else "A",
        notes=record.text("audit_notes"),
        next_read_on=record.day_or_none("next_scheduled_read_date"),
        temperature_factor=record.number_or_none("temp_factor"),
        heating_value=record.number_or_none("cv_factor"),
    )


def dial_of(record: Record, name: str) -> Decimal:
    """What a dial shows, which is never less than zero."""
    value = record.number(name)
    if value < 0:
        raise Refusal(findings.negative_reading(str(value)), name)
    return value
