"""AEMO's codes of how a value was made and why, as in its meter data file format 2.6 of September 2024."""

from typing import Literal, NamedTuple

__all__ = ["METHODS", "OBSOLETE_REASONS", "REASONS", "Installation", "MarketMethod"]

Installation = Literal["remote", "manual", "accumulation", "unmetered"]
"""Metering installation types 1 to 4 (read remotely), 5 (interval, read on site), 6 (dial), 7 (unmetered)."""


class MarketMethod(NamedTuple):
    """One method of substitution; `estimates` where it may also make a forward estimate (quality E)."""

    name: str
    installation: Installation
    estimates: bool = False


METHODS: dict[str, MarketMethod] = {
    "11": MarketMethod("check", "remote"),
    "12": MarketMethod("calculated", "remote"),
    "13": MarketMethod("SCADA", "remote"),
    "14": MarketMethod("like day, looking back", "remote"),
    "15": MarketMethod("average like day, looking back", "remote"),
    "16": MarketMethod("agreed (obsolete)", "remote"),
    "17": MarketMethod("linear", "remote"),
    "18": MarketMethod("alternate", "remote"),
    "19": MarketMethod("zero", "remote"),
    "20": MarketMethod("like day, looking ahead", "remote"),
    "21": MarketMethod("five minutes, no history", "remote"),
    "22": MarketMethod("average like day, looking ahead", "remote"),
    "23": MarketMethod("previous year", "remote"),
    "24": MarketMethod("data scaling", "remote"),
    "25": MarketMethod("average daily load", "remote"),
    "51": MarketMethod("previous year", "manual", True),
    "52": MarketMethod("previous read", "manual", True),
    "53": MarketMethod("revision", "manual"),
    "54": MarketMethod("linear", "manual"),
    "55": MarketMethod("agreed", "manual"),
    "56": MarketMethod("before the first read, agreed", "manual", True),
    "57": MarketMethod("customer class", "manual", True),
    "58": MarketMethod("zero", "manual", True),
    "59": MarketMethod("five minutes, no history", "manual", True),
    "61": MarketMethod("previous year", "accumulation", True),
    "62": MarketMethod("previous read", "accumulation", True),
    "63": MarketMethod("customer class", "accumulation", True),
    "64": MarketMethod("agreed", "accumulation"),
    "65": MarketMethod("average daily load", "accumulation", True),
    "66": MarketMethod("revision", "accumulation"),
    "67": MarketMethod("customer read", "accumulation"),
    "68": MarketMethod("zero", "accumulation", True),
    "69": MarketMethod("linear extrapolation", "accumulation"),
    "71": MarketMethod("recalculation", "unmetered"),
    "72": MarketMethod("revised table", "unmetered"),
    "73": MarketMethod("revised algorithm", "unmetered"),
    "74": MarketMethod("agreed", "unmetered"),
    "75": MarketMethod("existing table", "unmetered", True),
}

_RANGES = ((0, 3), (5, 15), (17, 18), (20, 29), (31, 45), (47, 48), (51, 55), (60, 62), (64, 65), (67, 69))
_MORE = ((71, 81), (87, 87), (89, 89), (100, 109))

REASONS: frozenset[int] = frozenset(
    code for first, last in (*_RANGES, *_MORE) for code in range(first, last + 1)
)
"""Reasons that may be given with a substitute (S, F) today. 0 is free text, 43 a power outage, 76 a
communications fault, 8 vacant premises, 6 de-energised premises, 77 a forecast."""

OBSOLETE_REASONS: frozenset[int] = frozenset(
    {4, 16, 19, 30, 46, 49, 50, 58, 70, *range(82, 87), 88, *range(90, 100)}
)
"""Reasons that stand in old data alone."""
