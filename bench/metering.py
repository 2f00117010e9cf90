"""bench/metering: meter files into exact values, beside the libraries that read the same files.

Each reader runs in a process of its own, in turns; the fastest of the rounds counts. All must find the same
number of readings and the same sum. What is measured is parsing with all its checks, no database. Seconds are
those of the processor: each reader has one thread, and the file is in memory.

    make bench-metering                                   20 MB, three rounds
    make bench-metering ARGS="--megabytes 5 --alone"      a quick look, without the other readers
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import metering_tables
from bench.nem12_files import write_file

READINGS_A_SECOND = 4e6
TIMES_THE_FASTEST = 2.0
GROWTH_BYTES = 16e6  # how much more memory ten times the file may take

Totals = Callable[[], tuple[int, float]]
"""How many readings there were, and their sum in kWh."""


def read_with_submeter(path: Path) -> Totals:
    import numpy as np  # noqa: PLC0415 - each child has its own reader in memory, and no other

    from submeter.metering.formats.nem12 import parse  # noqa: PLC0415
    from submeter.metering.model import DayRow  # noqa: PLC0415

    with path.open("rb") as stream:
        found = sum(isinstance(item, DayRow) for item in parse(stream))

    def totals() -> tuple[int, float]:
        count, total = 0, 0.0
        with path.open("rb") as stream:
            for row in parse(stream):
                assert isinstance(row, DayRow), row
                amounts = np.frombuffer(row.amounts, "<i4")
                count, total = count + len(amounts), total + int(amounts.sum()) / 10**row.decimals
        return (count, total) if found else (0, 0.0)

    return totals


def read_with_mdff_reader(path: Path) -> Totals:
    from aemo_mdff_reader import parse_to_columns  # noqa: PLC0415

    values = parse_to_columns(path)["Value"]
    return lambda: (len(values), math.fsum(values))


def read_with_nemreader(path: Path) -> Totals:
    from nemreader import read_nem_file  # noqa: PLC0415

    readings = read_nem_file(str(path)).readings
    values = [
        one.read_value for channels in readings.values() for found in channels.values() for one in found
    ]
    return lambda: (len(values), math.fsum(values))


READERS: Mapping[str, Callable[[Path], Totals]] = {
    "submeter": read_with_submeter,
    "aemo-mdff-reader": read_with_mdff_reader,
    "nemreader": read_with_nemreader,
}


@dataclass(frozen=True)
class Run:
    """What a reader did with a file."""

    seconds: float
    readings: int
    total_kwh: float
    peak_bytes: int

    @property
    def rate(self) -> float:
        return self.readings / self.seconds


def child(reader: str, path: Path) -> None:
    """In a process of its own: reads the file once, and prints the Run as JSON."""
    began = time.process_time()
    totals = READERS[reader](path)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([seconds, *totals(), peak]))


def run(reader: str, path: Path) -> Run:
    command = [sys.executable, "-m", "bench.metering", "--child", reader, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
    return Run(*json.loads(done.stdout.splitlines()[-1]))


def compare(path: Path, readers: Sequence[str], rounds: int) -> dict[str, Run]:
    """The best of each reader. Ends the run where one of them has read something else."""
    runs = {reader: [] for reader in readers}  # type: dict[str, list[Run]]
    for _ in range(rounds):
        for reader in readers:
            runs[reader].append(run(reader, path))
    best = {reader: min(made, key=lambda one: one.seconds) for reader, made in runs.items()}
    first = best[readers[0]]
    for reader, other in best.items():
        same = math.isclose(other.total_kwh, first.total_kwh, rel_tol=1e-9)
        if other.readings != first.readings or not same:
            raise SystemExit(f"{reader} has read {other}, {readers[0]} {first}")
    return best


def print_parsing(title: str, size: int, best: Mapping[str, Run]) -> None:
    print(f"\n{title}\n{'':18} {'M readings/s':>12} {'MB/s':>8} {'peak MB':>8}")
    for reader, made in best.items():
        speed = f"{made.rate / 1e6:12.2f} {size / made.seconds / 1e6:8.1f}"
        print(f"{reader:18} {speed} {made.peak_bytes / 1e6:8.0f}")


def judge(best: Mapping[str, Run]) -> list[str]:
    """Which goals are met, in words."""
    own = best["submeter"].rate
    said = [f"{own / READINGS_A_SECOND:.2f} of the goal of 4 million readings a second"]
    others = [made.rate for reader, made in best.items() if reader != "submeter"]
    if others:
        said.append(f"{own / max(others):.2f} times the fastest library (goal {TIMES_THE_FASTEST:g})")
    return said


def measure_parsing(folder: Path, megabytes: int, rounds: int, readers: Sequence[str]) -> None:
    for minutes in (5, 30):
        path = folder / f"{minutes}.csv"
        write_file(path, minutes, megabytes)
        best = compare(path, readers, rounds)
        print_parsing(f"NEM12, {minutes} minutes, {megabytes} MB", path.stat().st_size, best)
        print("; ".join(judge(best)))
        path.unlink()


def measure_memory(folder: Path, megabytes: int) -> None:
    peaks = []
    for size in (megabytes, 10 * megabytes):
        path = folder / "memory.csv"
        write_file(path, 5, size)
        peaks.append(run("submeter", path).peak_bytes)
        path.unlink()
    small, large = (peak / 1e6 for peak in peaks)
    flat = "flat" if peaks[1] - peaks[0] < GROWTH_BYTES else "NOT flat"
    print(f"\nmemory at {megabytes} MB {small:.0f} MB, at {10 * megabytes} MB {large:.0f} MB: {flat}")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.child:
        child(options.child[0], Path(options.child[1]))
        return 0
    readers = ["submeter"] if options.alone else list(READERS)
    with tempfile.TemporaryDirectory() as folder:
        measure_parsing(Path(folder), options.megabytes, options.rounds, readers)
        measure_memory(Path(folder), options.megabytes)
    if not options.parse_only:
        metering_tables.measure(options.megabytes, options.large, options.rounds, options.registers)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.metering", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=20, help="of each file")
    parser.add_argument("--rounds", type=int, default=3, help="of each reader; the fastest counts")
    parser.add_argument("--alone", action="store_true", help="without the other readers")
    parser.add_argument("--parse-only", action="store_true", help="no database")
    parser.add_argument("--registers", type=int, default=20_000, help="of the month that is read")
    parser.add_argument("--large", type=int, default=0, help="megabytes of a large file to import, 2000 say")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
