"""The columns of a table of prices: what each holds, how it is read, and what an empty cell means."""

from typing import Any, Literal, NamedTuple, get_args

from submeter.tariffs.formats import cells
from submeter.tariffs.formats.cells import Cell, choice
from submeter.tariffs.model import Basis, Kind, Metering, TrueUp

__all__ = ["COLUMNS", "NAMES", "NEEDED", "Column", "Part", "columns_of"]

Part = Literal["plan", "component", "steps", "demand", "discount", "window", "rate"]
"""What of a plan a column is about."""


class Column(NamedTuple):
    """A column of the table; `field` names the attribute of its part in `tariffs.model`."""

    name: str
    part: Part
    field: str
    cell: Cell[Any]
    about: str
    empty: str
    """What an empty cell means, in words for people."""


def _of(part: Part, *rows: tuple[str, str, Cell[Any], str, str]) -> tuple[Column, ...]:
    return tuple(
        Column(name, part, field or name, cell, about, empty) for name, field, cell, about, empty in rows
    )


_LINE_OR_INVOICE = choice(("line", "invoice"))

COLUMNS: tuple[Column, ...] = (
    *_of(
        "plan",
        ("plan_code", "code", cells.TEXT, "the plan", "not allowed"),
        ("plan_name", "name", cells.TEXT, "its name", "no name"),
        ("currency", "", cells.TEXT, "currency of all prices", "AUD"),
        ("decimals", "", cells.WHOLE, "decimals of an amount on an invoice, 0 to 6", "2"),
        ("rounding", "", _LINE_OR_INVOICE, "where money is rounded", "line"),
        ("tax_rule", "", choice(("total", "supply")), "tax is rounded once, or for each line", "total"),
        ("metering", "", choice(get_args(Metering)), "how export is set against import", "net_billing"),
        ("true_up_month", "", cells.MONTH_OF_YEAR, "last month before carried credits are settled", "12"),
        ("true_up", "", choice(get_args(TrueUp)), "what becomes of them then", "pay"),
        ("credit_from", "", choice(("month", "next_month")), "from when a carried credit counts", "month"),
    ),
    *_of(
        "component",
        ("component_code", "code", cells.TEXT, "the priced line of the plan", "not allowed"),
        ("kind", "", choice(get_args(Kind)), "what it charges for", "not allowed in its first row"),
        ("product", "", cells.TEXT, "electricity, gas, water, hot_water, telephone, ...", "electricity"),
        (
            "unit", "", cells.TEXT, "what the price is for: kWh, MJ, kL, L, m3, kW, kVA, day, month",
            "kWh of electricity; day for supply, month for fixed and minimum, kW for demand and capacity",
        ),
        ("invoice_text", "name", cells.TEXT, "what the invoice says", "the component's code"),
        ("register_types", "", cells.WORDS, "whose registers count", "all of the product"),
        ("clock", "", choice(("local", "market")), "by which clock its times are read", "local"),
    ),
    *_of(
        "window",
        ("band", "code", cells.TEXT, "the time band of the price: peak, offpeak, ...", "no time bands"),
        ("season", "", cells.SEASON, "days of the year on which the band holds", "the whole year"),
        ("day_types", "", cells.DAY_TYPES, "days of the week, and public holidays", "all days"),
        ("time_from", "from_minute", cells.TIME, "when the band begins", "00:00"),
        ("time_to", "to_minute", cells.TIME, "when it ends; before its beginning: next day", "24:00"),
    ),
    *_of(
        "rate",
        ("step_no", "step", cells.WHOLE, "which step (block) of usage the price is for", "1"),
        ("step_from", "", cells.NUMBER, "where the step begins; only compared", "not compared"),
        ("step_to", "up_to", cells.NUMBER, "where the step ends", "no end"),
    ),
    *_of(
        "steps",
        ("step_basis", "basis", choice(get_args(Basis)), "what the ends of steps are for", "day"),
        ("step_scope", "scope", choice(("shared", "running", "band")), "how bands share steps", "shared"),
    ),
    *_of(
        "rate",
        ("rate", "price", cells.NUMBER, "the price of a unit, or a percentage", "the row adds a window only"),
        ("from_date", "", cells.DAY, "first day on which the price holds", "the day named with `--from`"),
        ("to_date", "", cells.DAY, "first day on which it no longer holds", "until another one holds"),
    ),
    *_of(
        "component",
        ("tax_code", "", cells.TEXT, "GST, GST-free, VAT5, ...", "no tax"),
        ("tax_inclusive", "", cells.YES_NO, "whether the price is with tax", "no"),
        ("loss_factors", "", cells.WORDS, "which loss factors apply: MLF; DLF", "none"),
        ("share", "", cells.PERCENT, "percent of the quantity that is charged", "100"),
        ("base", "", cells.WORDS, "components that a discount, minimum, ... looks at", "usage and supply"),
        ("gl_code", "", cells.TEXT, "account of the general ledger", "none"),
        ("place", "", cells.WHOLE, "place in the order of calculation", "that of its kind"),
        ("prorate", "", cells.YES_NO, "whether a month's price is shared by days", "yes"),
        ("spot_series", "", cells.TEXT, "series of prices by interval", "none"),
        ("spot_factor", "", cells.NUMBER, "what the spot price is multiplied by", "1"),
        ("component_from", "from_date", cells.DAY, "first day of it; in each of its rows", "no beginning"),
        ("component_to", "to_date", cells.DAY, "first day on which it is gone", "no end"),
    ),
    *_of(
        "demand",
        ("demand_unit", "unit", choice(("kW", "kVA")), "unit of the peak", "kW"),
        ("demand_minutes", "minutes", cells.WHOLE, "length over which power is averaged", "30"),
        ("demand_minimum", "minimum", cells.NUMBER, "least that is charged, in the unit", "0"),
        ("demand_per", "charged_per", choice(("month", "day")), "what the price of a kW is for", "month"),
        ("lookback_months", "", cells.WHOLE, "ratchet: months before that count", "0"),
        ("lookback_percent", "", cells.PERCENT, "ratchet: share of their greatest peak", "0"),
        ("lookback_season", "", cells.MONTHS, "ratchet: months of the year that count", "all"),
    ),
    *_of(
        "discount",
        (
            "discount_how", "how", choice(("percent", "per_day", "per_month", "amount")),
            "what the rate of a discount or concession is", "percent",
        ),
        ("after_tax", "", cells.YES_NO, "whether its base is with tax", "no"),
        ("threshold", "", cells.NUMBER, "what of the base stays out, a year", "0"),
        ("cap", "", cells.NUMBER, "the most that is given", "no bound"),
        ("cap_per", "", choice(("day", "month", "period", "year")), "for how long", "year"),
        ("discount_months", "months", cells.MONTHS, "months in which it is given", "all"),
        ("condition", "", cells.TEXT, "what must be so: direct_debit, ...", "always given"),
    ),
)  # fmt: skip

NAMES = {column.name: column for column in COLUMNS}
NEEDED = ("plan_code", "component_code", "kind", "rate")
"""Columns without which a table says nothing."""


def columns_of(*parts: Part) -> tuple[Column, ...]:
    """The columns of some parts, in their order."""
    return tuple(column for column in COLUMNS if column.part in parts)
