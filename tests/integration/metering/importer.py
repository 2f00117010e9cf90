"""A process that imports a generated file; somebody else kills it. Arguments: authenticator's conninfo, ESCO, homes."""

import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta

from integration.metering.town import DAY, day_row, days_from, load
from submeter.core.caller import Caller
from submeter.core.problem import Problem
from submeter.db.database import Database
from submeter.db.pool import Pool
from submeter.metering.model import Finding, Item
from submeter.metering.report import Report

DAYS = 40
GAP = [100] * 30 + [None] * 2 + [100] * 16
BAD = Problem("MTR199", "Made up", "a bad row", "mend it")


def items(homes: Sequence[str]) -> Iterator[Item]:
    """A file of many days, one of each home with a gap; a bad row and an unknown meter between every few of them."""
    line = 1
    for home in homes:
        for row in [*days_from(home, DAYS - 1), day_row(home, GAP, DAY + timedelta(DAYS - 1))]:
            line += 1
            yield row._replace(line=line)
        yield Finding(BAD, line, 1, home)
        yield day_row(f"unknown {home}", 3)


def run(conninfo: str, esco_id: str, homes: Sequence[str]) -> Report:
    """Import it in small chunks: many moments at which it can be killed."""
    database = Database("", conninfo, Pool(conninfo), None)
    caller = Caller("operator", esco_id)
    try:
        return load(database, caller, lambda: items(homes), content=b"the file", chunk_rows=11)
    finally:
        database.pool.close()


if __name__ == "__main__":
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    run(sys.argv[1], sys.argv[2], sys.argv[3].split(","))
