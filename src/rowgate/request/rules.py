"""What the settings allow a query to ask for, and the limits they put on it."""

from collections.abc import Iterable
from dataclasses import replace

from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.request.model import Query, Rules, SelectEmbed, SelectItem


def ruled(query: Query, config: Config, *, reads: bool) -> Query:
    """The query under the settings' rules; ``db-max-rows`` leaves alone what a write gives back."""
    if not config.db_aggregates_enabled and _aggregates(query.select):
        raise Refusal(400, "PGRST123", "Use of aggregate functions is not allowed")
    rules = Rules(config.db_max_rows if reads else None, config.url_use_legacy_target_names)
    return query if rules == query.rules else replace(query, rules=rules)


def _aggregates(items: Iterable[SelectItem]) -> bool:
    return any(
        _aggregates(item.items) if isinstance(item, SelectEmbed) else item.aggregate is not None
        for item in items
    )
