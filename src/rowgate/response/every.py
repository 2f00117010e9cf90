"""What every answer carries, whatever was asked."""

from collections.abc import Mapping

from rowgate.config import Config
from rowgate.request.query import canonical
from rowgate.response import Answer
from rowgate.story import Story

__all__ = ["is_traced", "located", "traced", "traces", "with_vary"]

_VARY = ("Vary", "Accept, Prefer, Range")


def with_vary(answer: Answer) -> Answer:
    """A cache must tell apart what these headers tell apart, unless SQL said otherwise."""
    if any(name.lower() == "vary" for name, _ in answer.headers):
        return answer
    return answer._replace(headers=(*answer.headers, _VARY))


def located(answer: Answer, query_string: bytes) -> Answer:
    """With the parameters behind the path at which it is found."""
    if not answer.location or not query_string:
        return answer
    status, headers, body, sized, path = answer
    return Answer(status, headers, body, sized, f"{path}?{canonical(query_string)}")


def traces(config: Config) -> bool:
    """Whether any answer is ``traced``."""
    return bool(config.server_trace_header) or config.server_timing_enabled


def is_traced(config: Config, headers: Mapping[str, str]) -> bool:
    """Whether the answer to these headers may be ``traced``: then it is not as the one before."""
    name = config.server_trace_header
    return config.server_timing_enabled or bool(name and name.lower() in headers)


def traced(answer: Answer, config: Config, headers: Mapping[str, str], story: Story) -> Answer:
    """With the request's own trace header, and how long it took, where the settings ask for them."""
    name = config.server_trace_header
    seen = headers.get(name.lower()) if name else None
    more = [(name, seen)] if seen is not None else []
    if config.server_timing_enabled and answer.status < 400:
        more.append(("Server-Timing", story.server_timing()))
    return answer._replace(headers=(*answer.headers, *more)) if more else answer
