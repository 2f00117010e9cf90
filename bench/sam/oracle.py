"""What SAM makes of a case. Needs `nrel-pysam`, which only tests and benches use."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from bench.sam.case import DAYS, Case, Tier, flat_grid

__all__ = ["Figures", "inputs", "rate_with_sam", "run"]

UNLIMITED = 1e38


class Figures(NamedTuple):
    """Twelve months of dollars, not rounded."""

    energy: Sequence[float]
    """Import less what export took off it, before the end of the year is settled."""
    demand_by_period: Sequence[float]
    demand_flat: Sequence[float]
    fixed: Sequence[float]
    minimum: Sequence[float]
    true_up: Sequence[float]
    total: Sequence[float]


def rate_with_sam(case: Case) -> tuple[Figures, ...]:
    """One for each agreement."""
    settings = inputs(case)
    kilowatts = 60 / case.minutes / 1000
    return tuple(
        run(settings, (load * kilowatts).tolist(), (made * kilowatts).tolist())
        for load, made in zip(case.load, case.made, strict=True)
    )


def run(settings: Mapping[str, Any], load: Sequence[float], made: Sequence[float]) -> Figures:
    """A whole call, of one agreement's kW: a new model, its inputs, its execution, its monthly figures."""
    model = import_module("PySAM.Utilityrate5").new()  # 220 MB that most who import this do without
    for name, value in settings.items():
        model.value(name, value)
    model.value("load", load)
    model.value("gen", made)
    model.execute(0)
    out = model.Outputs
    return Figures(
        out.year1_monthly_ec_charge_with_system,
        out.year1_monthly_dc_tou_with_system,
        out.year1_monthly_dc_fixed_with_system,
        out.year1_monthly_fixed_with_system,
        out.year1_monthly_minimum_with_system,
        out.year1_true_up_credits,
        out.year1_monthly_utility_bill_w_sys,
    )


def inputs(case: Case) -> dict[str, Any]:
    """All of a case that is no load, by SAM's names."""
    return {
        "analysis_period": 1,
        "system_use_lifetime_output": 0,
        "inflation_rate": 0,
        "degradation": [0],
        "load_escalation": [0],
        "rate_escalation": [0],
        "ur_metering_option": case.option,
        "ur_ec_sched_weekday": case.weekday,
        "ur_ec_sched_weekend": case.weekend,
        "ur_ec_tou_mat": [_energy_row(tier, case.unit) for tier in case.energy],
        "ur_sell_eq_buy": 0,
        "ur_monthly_fixed_charge": float(case.fixed),
        "ur_monthly_min_charge": float(case.minimum_month),
        "ur_annual_min_charge": float(case.minimum_year),
        "ur_nm_yearend_sell_rate": float(case.year_end_price),
        "ur_nm_credit_month": case.true_up_month - 1,
        "ur_nm_credit_rollover": int(case.rollover),
        "ur_nb_credit_expire": int(case.expires),
        "ur_nb_apply_credit_current_month": int(case.same_month),
        **_spot("ur_en_ts_buy_rate", "ur_ts_buy_rate", case.spot_buy),
        **_spot("ur_en_ts_sell_rate", "ur_ts_sell_rate", case.spot_sell),
        **_demand(case),
    }


def _energy_row(tier: Tier, unit: int) -> list[float]:
    return [tier.period, tier.tier, _limit(tier), unit, float(tier.buy), float(tier.sell)]


def _limit(tier: Tier) -> float:
    return UNLIMITED if tier.up_to is None else float(tier.up_to)


def _spot(switch: str, name: str, prices: Any) -> dict[str, Any]:
    return {switch: 0} if prices is None else {switch: 1, name: (np.asarray(prices) / 1e6).tolist()}


def _demand(case: Case) -> dict[str, Any]:
    demand = case.demand
    if demand is None:
        return {"ur_dc_enable": 0}
    by_period = [[tier.period, tier.tier, _limit(tier), float(tier.buy)] for tier in demand.by_period]
    flat = [
        [month, tier.tier, _limit(tier), float(tier.buy)]
        for month in range(len(DAYS))
        for tier in demand.flat
    ]
    found = {
        "ur_dc_enable": 1,
        "ur_dc_sched_weekday": demand.weekday if by_period else flat_grid(),
        "ur_dc_sched_weekend": demand.weekend if by_period else flat_grid(),
        "ur_dc_tou_mat": by_period or [[1, 1, UNLIMITED, 0]],
        "ur_dc_flat_mat": flat or [[month, 1, UNLIMITED, 0] for month in range(len(DAYS))],
    }
    return found | _ratchet(case)


def _ratchet(case: Case) -> dict[str, Any]:
    demand = case.demand
    if demand is None or demand.ratchet is None:
        return {"ur_enable_billing_demand": 0}
    rule = demand.ratchet
    periods = sorted({tier.period for tier in demand.by_period}) or [1]
    return {
        "ur_enable_billing_demand": 1,
        "ur_billing_demand_minimum": float(rule.minimum),
        "ur_billing_demand_lookback_period": rule.months,
        "ur_billing_demand_lookback_percentages": [
            [rule.percent if month in rule.counted else 0, 1] for month in range(1, 13)
        ],
        "ur_dc_billing_demand_periods": [[period, int(rule.period in {0, period})] for period in periods],
        "ur_yearzero_usage_peaks": list(rule.year_zero),
    }
