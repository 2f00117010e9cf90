"""Public holidays of countries and states, as the library `holidays` knows them (MIT)."""

from collections.abc import Sequence
from datetime import date

import holidays

from submeter.core.problem import Refused
from submeter.tariffs import problems

__all__ = ["list_holidays"]


def list_holidays(jurisdiction: str, years: Sequence[int]) -> dict[date, str]:
    """The public holidays of a country or state (GB-ENG, AU-NSW), by day. Raises Refused TRF143."""
    country, _, state = jurisdiction.partition("-")
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise Refused(problems.no_holidays(jurisdiction, []))
    if state and state not in known[country]:
        raise Refused(problems.no_holidays(jurisdiction, [f"{country}-{one}" for one in known[country]]))
    found = holidays.country_holidays(country, subdiv=state or None, years=years, language="en_US")
    return {day: str(name) for day, name in sorted(found.items()) if day.year in years}
