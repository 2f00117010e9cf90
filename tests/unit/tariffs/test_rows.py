"""Plans as rows and back, what surrounds them as values."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from submeter.core.problem import Refused
from submeter.tariffs.conversions import Conversion, as_span
from submeter.tariffs.rows import band_of, band_row, component_of, component_row, rate_of, rate_row
from submeter.tariffs.spot_series import SpotDay, prices_between
from unit.tariffs.plans import WHOLE


def test_every_component_comes_back_from_its_rows() -> None:
    for place, one in enumerate(WHOLE.components):
        bands = [band_of(band_row(band, n)) for n, band in enumerate(one.bands)]
        rates = [rate_of(rate_row(rate)) for rate in one.rates]
        assert component_of(component_row(one, place), bands, rates) == one


D = Decimal
GAS = Conversion(D("1.02264"), D(1), D(1), D("39.4"), None, D("3.6"), date(2026, 1, 1), None, "bill")
HOT = Conversion(D(1), D(1), D(1), None, D("0.3744"), D(1), date(2026, 1, 1), date(2026, 2, 1), None)


def test_conversions_are_exact_and_say_how_they_came_about() -> None:
    gas, hot = as_span(GAS), as_span(HOT)
    assert gas.factor == Fraction("1.02264") * Fraction("39.4") / Fraction("3.6")
    assert gas.about == "correction 1.02264, heating value 39.4, divided by 3.6 (bill)"
    assert (gas.to_date, hot.to_date) == (date.max, date(2026, 2, 1))
    assert (hot.factor, hot.about) == (Fraction("0.3744"), "MJ per litre 0.3744")


def day(number: int, decimals: int = 2, minutes: int = 30) -> SpotDay:
    at = datetime(2026, 3, number, tzinfo=UTC)
    prices = range(number * 1000, number * 1000 + 1440 // minutes)
    return SpotDay("NSW1", at.date(), at, minutes, decimals, list(prices))


FIRST = datetime(2026, 3, 1, 14, tzinfo=UTC)


def test_spot_prices_are_cut_at_the_charged_days_and_have_one_scale() -> None:
    found = prices_between("NSW1", [day(2, decimals=3), day(1)], FIRST, FIRST + timedelta(days=1))
    assert (found.minutes, found.decimals) == (30, 3)
    assert found.prices == (*(10 * (1028 + n) for n in range(20)), *range(2000, 2028))


@pytest.mark.parametrize("days", [[], [day(1)], [day(1), day(2, minutes=5)]])
def test_a_missing_spot_price_is_told(days: list[SpotDay]) -> None:
    with pytest.raises(Refused, match="TRF150") as refused:
        prices_between("NSW1", days, FIRST, FIRST + timedelta(days=1))
    assert refused.value.problem.hint
