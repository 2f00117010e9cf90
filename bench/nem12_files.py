"""NEM12 files of any size for measurements, the same each time."""

import random
from pathlib import Path

_HEADER = "100,NEM12,202405011135,MDP1,RETAILER\r\n"


def write_file(path: Path, minutes: int, megabytes: int) -> None:
    """Two channels of ever more supply points, 30 days each; one value in ten is a bare 0."""
    chance = random.Random(minutes)
    size = 0
    with path.open("w", newline="") as file:
        file.write(_HEADER)
        for point in range(10**6):
            if size >= megabytes * 10**6:
                break
            size += sum(file.write(_block(chance, point, suffix, minutes)) for suffix in ("E1", "B1"))
        file.write("900\r\n")


def _block(chance: random.Random, point: int, suffix: str, minutes: int) -> str:
    details = f"200,61{point:08d},E1B1,{suffix},{suffix},N1,MET{point:06d},kWh,{minutes},20240601\r\n"
    return details + "".join(_day(chance, day, minutes) for day in range(1, 31))


def _day(chance: random.Random, day: int, minutes: int) -> str:
    values = ",".join(_value(chance) for _ in range(24 * 60 // minutes))
    updated = f"202405{day:02d}{chance.randrange(24):02d}{chance.randrange(60):02d}{chance.randrange(60):02d}"
    return f"300,202404{day:02d},{values},A,,,{updated},\r\n"


def _value(chance: random.Random) -> str:
    return f"{chance.expovariate(1.5):.3f}" if chance.random() < 0.9 else "0"
