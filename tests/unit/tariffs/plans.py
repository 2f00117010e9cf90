"""Plans for tests: one that has something of everything, and strategies for others."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from submeter.tariffs.model import Band, Component, DemandRule, DiscountRule, Plan, Rate, StepRule, TaxRate
from submeter.tariffs.versions import in_order

BEGIN = date(2026, 1, 1)
TAXES = (TaxRate("GST", Decimal(10), date(2000, 7, 1)), TaxRate("GST_FREE", Decimal(0), date(2000, 7, 1)))
D = Decimal


def rate(price: str, first: date = BEGIN, end: date | None = None, **more: object) -> Rate:
    return Rate(first, D(price), end, **more)  # type: ignore[arg-type]


WEEK = (
    Band("peak", 840, 1200, frozenset(("mon", "tue", "wed", "thu", "fri")), ((11, 1), (3, 31))),
    Band("night", 1320, 420),
    Band("rest"),
)

WHOLE = Plan(
    code="HOME", name="Home", currency="AUD", rounding="invoice", tax_rule="supply", metering="net_money",
    true_up_month=6, true_up="credit", credit_from="next_month",
    components=(
        Component(code="supply", kind="supply", unit="day", rates=(rate("1.2345"),), tax_code="GST"),
        Component(
            code="usage", kind="usage", bands=WEEK, clock="market", register_types=("ALLDAY", "PEAK"),
            loss_factors=("MLF", "DLF"), tax_code="GST", tax_inclusive=True, gl_code="4000", name="Energy",
            rates=tuple(rate(p, band=b) for b, p in (("night", "0.1"), ("peak", "0.654321"), ("rest", "0.3"))),
        ),
        Component(
            code="blocks", kind="usage", product="cold_water", unit="kL", steps=StepRule("year", "running"),
            tax_code="GST_FREE", to_date=date(2027, 1, 1),
            rates=(rate("2", up_to=D(10)), rate("3", step=2, up_to=D("12.5")), rate("-1", step=3)),
        ),
        Component(
            code="peak", kind="demand", unit="kVA", rates=(rate("9"),), bands=(Band("all"),) * 0,
            demand=DemandRule("kVA", 15, D("1.5"), "day", 12, D(80), frozenset((6, 7))), prorate=False,
        ),
        Component(code="pool", kind="spot", spot_series="NSW1", spot_factor=D("1.05"), rates=(rate("0.02"),)),
        Component(
            code="loyal", kind="discount", unit="percent", base=("usage", "supply"), rates=(rate("5"),), place=55,
            discount=DiscountRule("percent", True, D(3), D(100), "month", frozenset((1, 12)), "direct_debit"),
        ),
        Component(code="green", kind="green", base=("usage",), share=D(25), rates=(rate("0.05"),), place=12),
    ),
)  # fmt: skip


def days() -> st.SearchStrategy[date]:
    return st.integers(0, 200).map(lambda n: BEGIN + timedelta(days=7 * n))


@st.composite
def priced(draw: st.DrawFn, code: str) -> Component:
    """A component whose prices follow each other, from its own first day or the plan's."""
    first = draw(st.one_of(st.none(), days()))
    edges = sorted(
        {first or BEGIN, *draw(st.lists(days().filter(lambda d: d > (first or BEGIN)), max_size=3))}
    )
    prices = [
        D(n) / 1000 for n in draw(st.lists(st.integers(-99, 999), min_size=len(edges), max_size=len(edges)))
    ]
    ends = [*edges[1:], None]
    unit = draw(st.sampled_from(["kWh", "MJ"]))
    rates = [Rate(day, price, end) for day, price, end in zip(edges, prices, ends, strict=True)]
    return Component(code=code, kind="usage", unit=unit, from_date=first, rates=in_order(rates))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    codes = draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True))
    return Plan(code="P", components=tuple(draw(priced(code)) for code in codes))
