"""Files of meter data, what waits of them, and exchanges of meters, as they are asked for over REST."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from io import BytesIO
from typing import Any

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.actions import Options, Source, decide_waiting, import_file
from submeter.metering.arguments import Arguments, Call, Rows, flag_of, text_of, whole_of
from submeter.metering.exchanging import exchange_meter, exchange_of
from submeter.metering.problems import no_content, unknown_parameter
from submeter.metering.report import Report

__all__ = ["CALLS", "options_of", "report_row"]

_PARAMETERS = ("name", "format", "all_or_nothing", "dry_run", "columns", "clock")


def options_of(said: Mapping[str, str]) -> Options:
    """How files that are uploaded are to be loaded. Raises Refused MTR198.

    A slip in a name must not load what was only to be looked at.
    """
    for name in said:
        if name not in _PARAMETERS:
            near = get_close_matches(name, _PARAMETERS, n=1)
            raise Refused(unknown_parameter(name, near, _PARAMETERS))
    return _options(said)


def report_row(report: Report) -> dict[str, Any]:
    """A report as both faces give it, under names that a column of SQL may have."""
    told = report.as_json()
    return {**told, "file_name": told["name"], "read_as": told["format"]}


def _import(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    now = datetime.now(UTC)
    return [report_row(import_file(database, caller, _sent_file(arguments, now), _options(arguments), now))]


def _decide(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    number, accept = whole_of("id", arguments["id"]), flag_of(arguments, "accept")
    outcome = decide_waiting(database, caller, number, text_of(arguments, "reason"), accept=accept)
    return [{"outcome": outcome}]


def _exchange(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    result = exchange_meter(database, caller, exchange_of(arguments), datetime.now(UTC))
    return [{
        "outcome": result.outcome, "old_meter_id": str(result.old_meter_id),
        "new_meter_id": str(result.new_meter_id), "at": result.at.isoformat(),
    }]  # fmt: skip


def _sent_file(arguments: Arguments, now: datetime) -> Source:
    """The file that a request holds. Raises Refused MTR234."""
    text, encoded = arguments.get("content"), arguments.get("content_base64")
    if (text is None) == (encoded is None):
        raise Refused(no_content("neither content nor content_base64" if text is None else "both are given"))
    try:
        content = text.encode() if text is not None else base64.b64decode(str(encoded), validate=True)
    except ValueError as error:
        raise Refused(no_content(f"content_base64: {error}")) from error
    return Source(str(arguments["name"]), lambda: BytesIO(content), now)


def _options(said: Mapping[str, Any]) -> Options:
    return Options(
        all_or_nothing=flag_of(said, "all_or_nothing"),
        dry_run=flag_of(said, "dry_run"),
        format=text_of(said, "format"),
        columns=text_of(said, "columns"),
        clock=text_of(said, "clock"),
    )


CALLS: Mapping[str, Call] = {
    "import_meter_data": _import,
    "decide_import_waiting": _decide,
    "exchange_meter": _exchange,
}
