"""What decides prices besides usage: calendars, tax, losses, conversions, spot prices; of many agreements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from submeter.metering.days import starts_at
from submeter.rating.batching import Shared
from submeter.rating.counting import Window
from submeter.rating.model import Dated, IntArray
from submeter.rating.parts import Part
from submeter.rating.store import Place, list_peaks
from submeter.rating.taken_peaks import TakenPeak
from submeter.tariffs.model import Calendar, Plan, TaxRate
from submeter.tariffs.spot_series import prices_between
from submeter.tariffs.terms_store import (
    load_calendars,
    load_conversions,
    load_loss_factors,
    load_spot_days,
    load_tax_rates,
)

__all__ = ["Books", "load_books"]

Spot = Mapping[str, tuple[int, int, IntArray]]


@dataclass
class Books:
    """All of it, read at one moment."""

    connection: psycopg.Connection
    calendars: Mapping[UUID, Calendar]
    """By site. Sites that are alike have the very same one: the engine knows it again by that."""
    holiday_years: Mapping[UUID, frozenset[int]]
    """By site, the years of which its calendar knows the public holidays."""
    taxes: tuple[TaxRate, ...]
    losses: Mapping[UUID, Mapping[str, tuple[Dated, ...]]]
    conversions: Mapping[UUID, Mapping[tuple[str, str, str], tuple[Dated, ...]]]
    peaks: Mapping[UUID, Sequence[TakenPeak]]
    """By agreement, those that others measured."""
    _spot: dict[tuple[UUID, frozenset[str], Window], Spot] = field(default_factory=dict)

    def shared(self, part: Part, place: Place, plan: Plan) -> Shared:
        """The terms of an agreement, as far as the plan looks at them."""
        names = sorted({name for component in plan.components for name in component.loss_factors})
        losses = self.losses.get(place.supply_point_id, {})
        products = {component.product for component in plan.components}
        held = self.conversions.get(place.site_id, {})
        return Shared(
            tuple((name, losses[name]) for name in names if name in losses),
            tuple((key, spans) for key, spans in held.items() if key[0] in products),
            part.conditions,
        )

    def spot(self, place: Place, plan: Plan, window: Window) -> Spot:
        """The spot prices that a plan names, for a whole window. Refuses (TRF150) what is not there."""
        series = frozenset(
            one.spot_series for one in plan.components if one.kind == "spot" and one.spot_series
        )
        key = (place.esco_id, series, window)
        if series and key not in self._spot:
            self._spot[key] = self._load_spot(place.esco_id, series, window)
        return self._spot.get(key, {})

    def _load_spot(self, esco_id: UUID, series: Iterable[str], window: Window) -> Spot:
        days = load_spot_days(self.connection, esco_id, series, window.first, window.end)
        ends = starts_at(window.first, window.clock), starts_at(window.end, window.clock)
        found = {name: prices_between(name, days.get(name, ()), *ends) for name in series}
        return {
            name: (one.minutes, one.decimals, np.array(one.prices, np.int64)) for name, one in found.items()
        }


def load_books(connection: psycopg.Connection, places: Iterable[Place], first: date, end: date) -> Books:
    """What agreements need, of some days; a few queries however many there are."""
    places = tuple(places)
    sites = {place.site_id for place in places}
    alike: dict[tuple[Any, ...], Calendar] = {}
    known = load_calendars(connection, sites)
    calendars = {
        site: alike.setdefault((*_key(one.calendar), one.years), one.calendar) for site, one in known.items()
    }
    years = {site: one.years for site, one in known.items()}
    points = {place.supply_point_id for place in places}
    losses = {
        point: {name: tuple(Dated(span.factor, span.from_date, span.to_date, name) for span in spans)
                for name, spans in kinds.items()}
        for point, kinds in load_loss_factors(connection, points, first, end).items()
    }  # fmt: skip
    conversions = {
        site: {key: tuple(Dated(*span) for span in spans) for key, spans in of_site.items()}
        for site, of_site in load_conversions(connection, sites).items()
    }
    taxes, peaks = load_tax_rates(connection), list_peaks(connection, [place.id for place in places])
    return Books(connection, calendars, years, taxes, losses, conversions, peaks)


def _key(calendar: Calendar) -> tuple[Any, ...]:
    clocks = (calendar.clock, calendar.market_clock, calendar.local_clock)
    return (*clocks, calendar.holidays, calendar.year_starts)
