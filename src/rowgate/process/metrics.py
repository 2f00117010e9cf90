"""What the gateway counts, in Prometheus's text format, under PostgREST's names."""

from collections import Counter

from rowgate.app import Gateway
from rowgate.request import Incoming
from rowgate.response import Answer
from rowgate.story import Story

__all__ = ["Requests", "metrics"]


class Requests:
    """Counts answers by status."""

    def __init__(self) -> None:
        self.by_status: Counter[int] = Counter()

    def __call__(self, incoming: Incoming, story: Story, answer: Answer) -> None:  # noqa: ARG002
        self.by_status[answer.status] += 1


def metrics(gateway: Gateway, requests: Requests) -> str:
    """All of them, as of now."""
    keeper, pool, cache = gateway.keeper, gateway.pool, gateway.authenticator.cache
    loads = {f'{{status="{status}"}}': count for status, count in keeper.loads.items()}
    answers = {f'{{status="{status}"}}': count for status, count in sorted(requests.by_status.items())}
    parts = (
        _metric(
            "pgrst_schema_cache_query_time_seconds",
            "gauge",
            "The query time in seconds of the last schema cache load",
            keeper.load_s,
        ),
        _metric(
            "pgrst_schema_cache_loads_total",
            "counter",
            "The total number of times the schema cache was loaded",
            loads,
        ),
        _metric(
            "pgrst_db_pool_timeouts_total",
            "counter",
            "The total number of pool connection timeouts",
            pool.timeouts,
        ),
        _metric("pgrst_db_pool_available", "gauge", "Available connections in the pool", pool.available),
        _metric(
            "pgrst_db_pool_waiting", "gauge", "Requests waiting to acquire a pool connection", pool.waiting
        ),
        _metric("pgrst_db_pool_max", "gauge", "Max pool connections", pool.size),
        _metric(
            "pgrst_jwt_cache_requests_total",
            "counter",
            "The total number of JWT cache lookups",
            cache.requests,
        ),
        _metric("pgrst_jwt_cache_hits_total", "counter", "The total number of JWT cache hits", cache.hits),
        _metric(
            "pgrst_jwt_cache_evictions_total",
            "counter",
            "The total number of JWT cache evictions",
            cache.evictions,
        ),
        _metric("rowgate_requests_total", "counter", "The total number of requests answered", answers),
    )
    return "".join(parts)


def _metric(name: str, kind: str, about: str, values: float | dict[str, int]) -> str:
    lines = values if isinstance(values, dict) else {"": values}
    said = "".join(f"{name}{labels} {value}\n" for labels, value in lines.items())
    return f"# HELP {name} {about}\n# TYPE {name} {kind}\n{said}"
