"""Rates of URDB cost what SAM makes of them: its own converter there, ours here, month by month."""

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from bench.sam.case import END, FIRST
from bench.sam.oracle import run
from bench.sam.plan import CALENDAR, MONTHS

from submeter.rating.engine import rate
from submeter.rating.model import Stream, Usage
from submeter.tariffs.formats.urdb import read_urdb

converter = pytest.importorskip(
    "PySAM.UtilityRateTools", reason="nrel-pysam is not installed: nothing is compared with SAM"
).URDBv8_to_ElectricityRates

FLAT = [[0] * 24] * 12
EVENING = [[1 if 15 <= hour < 20 else 0 for hour in range(24)]] * 12
SUMMER = [[1] * 24 if month in (5, 6, 7, 8) else [0] * 24 for month in range(12)]
BOTH = [[(2 if 5 <= month < 9 else 0) + one for one in EVENING[0]] for month in range(12)]
LATER = [[2 if 5 <= month < 9 else 0] * 24 for month in range(12)]
ENERGY = {"energyratestructure": [[{"rate": 0.1, "unit": "kWh"}]], "energyweekdayschedule": FLAT,
          "energyweekendschedule": FLAT}  # fmt: skip


def tiers(unit: str, *prices: float, end: float = 300) -> list[dict[str, Any]]:
    ends = [end * (place + 1) for place in range(len(prices) - 1)]
    return [
        {"rate": price, "unit": unit} | ({"max": ends[place]} if place < len(ends) else {})
        for place, price in enumerate(prices)
    ]


RATES: dict[str, dict[str, Any]] = {
    "flat": ENERGY | {"fixedchargefirstmeter": 5.71, "fixedchargeunits": "$/month"},
    "time of use with adjustments": {
        "energyratestructure": [[{"rate": price, "adj": 0.035187}] for price in (0.06387, 0.08623, 0.11816, 0.17246)],
        "energyweekdayschedule": BOTH, "energyweekendschedule": LATER,
    },
    "industrial, tiers per kW and flat demand of seasons": {
        "energyratestructure": [tiers("kWh/kW", 0.049, 0.033), tiers("kWh/kW", 0.042, 0.029)],
        "energyweekdayschedule": SUMMER, "energyweekendschedule": SUMMER,
        "flatdemandstructure": [[{"max": 1.5, "rate": 13.5}, {"rate": 12.1}], [{"max": 1, "rate": 16.3}, {"rate": 14.9}]],
        "flatdemandmonths": [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0],
    },
    "tiers of seasons that end at other amounts": {
        "energyratestructure": [tiers("kWh", 0.1, 0.2), tiers("kWh", 0.3, 0.25, end=500)],
        "energyweekdayschedule": SUMMER, "energyweekendschedule": SUMMER,
    },
    "tiers a day in time bands": {
        "energyratestructure": [tiers("kWh daily", 0.1, 0.2, 0.15, end=6), tiers("kWh daily", 0.3, 0.35, 0.4, end=6)],
        "energyweekdayschedule": EVENING, "energyweekendschedule": FLAT,
    },
    "demand by time of use, in tiers without an end": ENERGY | {
        "demandratestructure": [[{"max": 1, "rate": 19.539}, {"max": 1e38, "rate": 13.093}], [{"max": 1, "rate": 8.091}, {"rate": 4.676}]],
        "demandweekdayschedule": EVENING, "demandweekendschedule": FLAT,
    },
    "minimum": ENERGY | {"mincharge": 40, "minchargeunits": "$/month"},
}  # fmt: skip


@pytest.mark.parametrize("rules", ["Net Metering", "Net Billing Instantaneous"])
@pytest.mark.parametrize("name", RATES)
def test_a_rate_costs_what_sam_makes_of_it(name: str, rules: str) -> None:
    fields = RATES[name] | {"name": name, "dgrules": rules, "demandwindow": 30}
    ours, theirs = months_of(fields), sam_of(fields)
    assert ours == pytest.approx(theirs, rel=1e-9)
    assert max(theirs) > 1


def test_that_a_difference_is_found() -> None:
    fields = RATES["flat"] | {"name": "flat"}
    dearer = fields | {"energyratestructure": [[{"rate": 0.100001}]]}
    assert months_of(dearer) != pytest.approx(sam_of(fields), rel=1e-9)


def load() -> Any:
    """A year of half-hours in Wh: more in the evening, in winter and on some days."""
    half = np.arange(365 * 48)
    hour, day = half % 48 / 2, half // 48
    shape = (
        300
        + 500 * ((hour >= 16) & (hour < 21))
        + 250 * np.cos(day / 365 * 2 * np.pi)
        + 37 * (half * 7919 % 13)
    )
    return shape.astype(np.int64)[None, :]


def months_of(fields: dict[str, Any]) -> list[float]:
    (plan,) = read_urdb(json.dumps(fields), FIRST).plans
    usage = Usage(first=FIRST, end=END, streams=(Stream(amounts=load(), minutes=30),))
    # SAM rounds nothing.
    total = rate(usage, replace(plan, rounding="invoice"), CALENDAR, MONTHS).unrounded_total
    return [float(Fraction(int(one)) * total.scale) for one in total.values[0]]


def sam_of(fields: dict[str, Any]) -> list[float]:
    # SAM's converter adds 1 to the schedules that it is given: to copies, then, and to a row once only.
    said = json.loads(json.dumps(fields))
    settings = converter(said) | {
        "analysis_period": 1, "system_use_lifetime_output": 0, "inflation_rate": 0, "degradation": [0],
        "load_escalation": [0], "rate_escalation": [0],
    }  # fmt: skip
    return list(run(settings, (load()[0] / 500).tolist(), [0.0] * (365 * 48)).total)
