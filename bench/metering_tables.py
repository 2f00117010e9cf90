"""bench/metering's second part: meter files into tables and out again, beside the database alone.

What is compared runs in turns in one database, a fresh embedded one, and the best of the rounds counts;
ratios depend on the machine much less than seconds do.
"""

import http.client
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg

from bench.nem12_files import write_file
from bench.server import Start, free_port, serving
from submeter.core.caller import Caller
from submeter.db import migrations
from submeter.db.database import Database, open_database
from submeter.db.pool import Pool
from submeter.db.queries import load_queries
from submeter.db.transactions import transaction
from submeter.metering import store
from submeter.metering.actions import Options, Source, import_file
from submeter.metering.arrays import list_arrays
from submeter.metering.model import DayRow, Stream
from submeter.metering.packing import END, FIXED, HEADER, VARIABLE, pack
from submeter.metering.placing import Placed, add_up, rounds, span_of
from submeter.parties.tokens import sign
from submeter.settings import Settings

STORED_A_SECOND = 1e6
OF_A_COPY = 0.3
MONTH_S = 1.0
TIMES_A_KEY = 3.0
PAGES = 300
SECRET = "only for measurements, and nothing else"  # noqa: S105
CLOCK = "Etc/GMT-10"
MADE = datetime(2026, 7, 1, tzinfo=UTC)

_QUERIES = load_queries("bench")


@contextmanager
def town(points: int) -> Iterator[tuple[Database, Caller, Settings]]:
    """A database with so many supply points of two registers each, as bench/nem12_files names them."""
    with tempfile.TemporaryDirectory(prefix="sm-bench-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        settings = Settings(data_dir=Path(folder) / ".submeter", jwt_secret=SECRET)
        with open_database(settings) as database:
            migrations.apply(database)
            with transaction(database, Caller("service_role")) as connection:
                row = connection.execute(_QUERIES["esco"]).fetchone()
                connection.execute(_QUERIES["registers"], {"points": points})
            assert row
            yield database, Caller("operator", str(row[0])), settings


# Into tables -----------------------------------------------------------------------------------------


def end_to_end(database: Database, caller: Caller, path: Path) -> tuple[float, int]:
    """Seconds for a file from its bytes to its tables, and the values in it."""
    source = Source(path.name, lambda: path.open("rb"), MADE)
    began = time.perf_counter()
    report = import_file(database, caller, source, Options(), MADE)
    seconds = time.perf_counter() - began
    if not report.is_clean or report.counts["stored"] != report.counts["days"]:
        raise SystemExit(f"not all of it was stored: {report.as_text()}")
    return seconds, report.counts["values"]


def rows_of(registers: Sequence[UUID], first: date, days: int) -> list[Placed]:
    """Days of half-hours for registers, the same each time."""
    chance = np.random.default_rng(first.toordinal())
    stream = Stream("own", "", "")
    found = []
    for line, register in enumerate(registers):
        amounts = chance.integers(0, 3000, (days, 48), dtype="<i4")
        for n in range(days):
            day = first + timedelta(n)
            row = DayRow(stream, day, CLOCK, 30, 3, amounts[n].tobytes(), "A", (), MADE, line)
            found.append(Placed(register, row, span_of(CLOCK, day)))
    return found


def store_step(database: Database, caller: Caller, placed: Sequence[Placed]) -> float:
    """Seconds for rows that are checked, through staging into their place."""
    assert caller.esco_id
    file = store.FileRow(1, UUID(caller.esco_id), "loading", 0, MADE, {})
    sums = add_up([one.row for one in placed])
    began = time.perf_counter()
    with transaction(database, caller) as connection:
        outcomes = list(store.place(connection, file, placed, sums))
    seconds = time.perf_counter() - began
    if [(one.kind, one.number) for one in outcomes] != [("stored", len(placed))]:
        raise SystemExit(f"not all of it was stored: {outcomes}")
    return seconds


def bare_copy(database: Database, caller: Caller, placed: Sequence[Placed]) -> float:
    """Seconds for the same rows by nothing but COPY, as the superuser, past policies; triggers run."""
    sums = add_up([one.row for one in placed])
    data = b"".join([HEADER, *pack(placed, sums, rounds(placed), MADE, 1), END])
    with psycopg.connect(database.admin_conninfo(database.name), autocommit=True) as connection:
        connection.execute(_QUERIES["raw"])
        _copy_in(connection, f"copy raw ({', '.join((*FIXED, *VARIABLE))}) from stdin (format binary)", data)
        connection.execute(_QUERIES["rows"], {"esco_id": caller.esco_id})
        with connection.cursor().copy("copy rows to stdout (format binary)") as copy:
            binary = b"".join(bytes(piece) for piece in copy)
        began = time.perf_counter()
        _copy_in(connection, "copy submeter.register_intervals from stdin (format binary)", binary)
        return time.perf_counter() - began


def _copy_in(connection: psycopg.Connection, statement: str, data: bytes) -> None:
    stream = io.BytesIO(data)
    with connection.cursor().copy(statement.encode()) as copy:
        while piece := stream.read(1 << 18):
            copy.write(piece)


# And out ---------------------------------------------------------------------------------------------


def fill_month(database: Database, registers: int, first: date) -> int:
    """Thirty days of so many registers of their own, made by the database itself; how many rows."""
    with psycopg.connect(database.admin_conninfo(database.name), autocommit=True) as connection:
        starts = [(span_of(CLOCK, first + timedelta(n)).starts_at,) for n in range(30)]
        connection.cursor().executemany(
            "insert into submeter.interval_starts values (%s) on conflict do nothing", starts
        )
        values = {"clock": CLOCK, "first": first, "registers": registers}
        return connection.execute(_QUERIES["month"], values).rowcount


def month_out(database: Database, caller: Caller, first: date) -> tuple[float, int]:
    """Seconds to have thirty days of all registers as arrays, and how many values they have."""
    began = time.perf_counter()
    with transaction(database, caller) as connection:
        values = sum(one.amounts.size for one in list_arrays(connection, first, first + timedelta(30)))
    return time.perf_counter() - began, values


def pages(port: int, headers: Mapping[str, str], register: UUID, day: date) -> tuple[float, float]:
    """Median seconds of a page of one register's day over REST, and of a read by key, asked in turns."""
    start = span_of(CLOCK, day).starts_at
    window = f"timestamp=gte.{start:%Y-%m-%dT%H:%MZ}&timestamp=lt.{start + timedelta(1):%Y-%m-%dT%H:%MZ}"
    page = f"/rest/v1/register_interval_hh?register_id=eq.{register}&{window}&order=timestamp"
    key = f"/rest/v1/registers?id=eq.{register}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    taken: dict[str, list[float]] = {page: [], key: []}
    with closing(connection):
        for path, expected in [(page, 48), (key, 1)] * PAGES:
            began = time.perf_counter()
            connection.request("GET", path, headers=dict(headers))
            body = connection.getresponse().read()
            taken[path].append(time.perf_counter() - began)
            if len(json.loads(body)) != expected:
                raise SystemExit(f"{path}: {body[:300]!r}")
    return statistics.median(taken[page]), statistics.median(taken[key])


# Memory ----------------------------------------------------------------------------------------------


def child(conninfo: str, esco_id: str, path: Path) -> None:
    """In a process of its own: imports a file, and prints its seconds, values and peak of memory."""
    database = Database(conninfo, conninfo, Pool(conninfo), None)
    taken = end_to_end(database, Caller("operator", esco_id), path)
    print(json.dumps([*taken, peak_bytes()]))


def peak_bytes() -> int:
    """The most memory this process had. (What getrusage says begins with that of whoever started it.)"""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def in_a_child(database: Database, caller: Caller, path: Path) -> tuple[float, int, int]:
    """Seconds, values, and peak of memory in bytes of an import by a process of its own."""
    command = [sys.executable, "-m", "bench.metering_tables", database.authenticator_conninfo]
    command += [str(caller.esco_id), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=7200)
    seconds, values, peak = json.loads(done.stdout.splitlines()[-1])
    return seconds, values, peak


# All of it -------------------------------------------------------------------------------------------


def measure(megabytes: int, large: int, rounds_wanted: int, registers: int) -> None:
    """Print each figure beside its goal."""
    with town(max(points_of(max(megabytes, large)), -(-registers // 2))) as (database, caller, settings):
        measure_in(database, caller, megabytes, rounds_wanted)
        measure_store(database, caller, rounds_wanted)
        measure_out(database, caller, settings, registers, rounds_wanted)
        if large:
            measure_memory(database, caller, megabytes, large)


def points_of(megabytes: int) -> int:
    """Enough supply points for a file of 30-minute values, which has the most of a size."""
    return megabytes * 80 + 10


def measure_in(database: Database, caller: Caller, megabytes: int, rounds_wanted: int) -> None:
    print(f"\n{'end to end':34} {'M values/s':>12} {'of the goal':>12} {'first month':>12}")
    for minutes in (5, 30):
        rates = []
        for turn in range(rounds_wanted):
            with tempfile.NamedTemporaryFile(suffix=".csv") as file:
                path = Path(file.name)
                write_file(path, minutes, megabytes)
                make_new(path, turn, minutes)
                seconds, values = end_to_end(database, caller, path)
                rates.append(values / seconds)
        best = max(rates)
        title = f"NEM12, {minutes:2} minutes, {megabytes} MB"
        print(f"{title:34} {best / 1e6:12.2f} {best / STORED_A_SECOND:12.2f} {rates[0] / 1e6:12.2f}")


def make_new(path: Path, turn: int, minutes: int) -> None:
    """Days that are not there yet: each round has the thirty days behind those of the round before."""
    first = date(2010 if minutes == 5 else 2000, 1, 1) + timedelta(30 * turn)
    data = path.read_bytes()
    for number in range(30):
        written, wanted = date(2024, 4, 1 + number), first + timedelta(number)
        data = data.replace(b"\r\n300,%b" % _digits(written), b"\r\n300,%b" % _digits(wanted))
    path.write_bytes(data)


def _digits(day: date) -> bytes:
    return f"{day:%Y%m%d}".encode()


def measure_store(database: Database, caller: Caller, rounds_wanted: int) -> None:
    with transaction(database, caller) as connection:
        rows = connection.execute("select id from submeter.registers order by id limit 1000").fetchall()
        store.add_years(connection, range(2020, 2025))
    ids = [row[0] for row in rows]
    first = date(2020, 1, 1)
    stored, copied = [], []
    for turn in range(rounds_wanted):
        copied.append(bare_copy(database, caller, rows_of(ids, first + timedelta(60 * turn), 30)))
        stored.append(store_step(database, caller, rows_of(ids, first + timedelta(60 * turn + 30), 30)))
    values = len(ids) * 30 * 48
    ours, bare = values / min(stored) / 1e6, values / min(copied) / 1e6
    print(f"\nstore step {ours:.2f} M values/s, bare COPY {bare:.2f}: "
          f"{min(copied) / min(stored):.2f} of it (goal {OF_A_COPY})")  # fmt: skip


def measure_out(
    database: Database, caller: Caller, settings: Settings, registers: int, rounds_wanted: int
) -> None:
    first = date(2025, 3, 1)
    rows = fill_month(database, registers, first)
    taken = [month_out(database, caller, first) for _ in range(rounds_wanted)]
    if any(values != rows * 48 for _, values in taken):
        raise SystemExit(f"not all of it came out: {taken}")
    seconds = min(seconds for seconds, _ in taken)
    print(f"\na month of {rows // 30:,} registers out into arrays: {seconds:.2f} s (goal {MONTH_S:g} s)")
    with transaction(database, caller) as connection:
        row = connection.execute(
            "select register_id from submeter.register_intervals where day = %s limit 1", [first]
        ).fetchone()
    assert row
    headers = {"apikey": _token(Caller("anon")), "Authorization": f"Bearer {_token(caller)}"}
    port = free_port()
    command = [sys.executable, "-m", "submeter", "serve", "--port", str(port)]
    environment = {"SUBMETER_DATA_DIR": str(settings.data_dir), "SUBMETER_JWT_SECRET": SECRET}
    with serving(Start("submeter", command, environment, port, headers, "/rest/v1/", None)):
        page, key = pages(port, headers, row[0], first + timedelta(9))
    print(f"REST page of a register's day {page * 1e3:.2f} ms, by key {key * 1e3:.2f} ms: "
          f"{page / key:.2f} times (goal {TIMES_A_KEY:g})")  # fmt: skip


def measure_memory(database: Database, caller: Caller, megabytes: int, large: int) -> None:
    found = []
    for turn, size in enumerate((megabytes, large)):
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            write_file(Path(file.name), 5, size)
            if not turn:
                make_new(Path(file.name), 9, 5)
            found.append(in_a_child(database, caller, Path(file.name)))
    (_, _, small), (seconds, values, big) = found
    print(f"\nmemory: {small / 1e6:.0f} MB for a file of {megabytes} MB, {big / 1e6:.0f} MB for {large} MB; "
          f"the large one at {values / seconds / 1e6:.2f} M values/s")  # fmt: skip


def _token(caller: Caller) -> str:
    return sign(caller, SECRET, datetime.now(UTC), timedelta(hours=5)).text


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
