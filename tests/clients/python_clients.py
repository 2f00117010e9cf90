"""`postgrest` and `supabase` from PyPI, each synchronous and asynchronous, under one face."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import postgrest
import supabase
from postgrest.exceptions import APIError
from supabase.lib.client_options import AsyncClientOptions, SyncClientOptions

SCHEMA = "festival"
_PREFIX = b"/rest/v1"  # the supabase clients' own; a Supabase has a proxy in front that takes it off


class _Proxy(httpx.HTTPTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return super().handle_request(_without_prefix(request))


class _AsyncProxy(httpx.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await super().handle_async_request(_without_prefix(request))


def _without_prefix(request: httpx.Request) -> httpx.Request:
    assert request.url.raw_path.startswith(_PREFIX)
    request.url = request.url.copy_with(raw_path=request.url.raw_path.removeprefix(_PREFIX))
    return request


class Client:
    """A client, and how its queries are run: at once, or on the event loop that it lives on."""

    def __init__(self, made: Any, run: Callable[[Any], Any]) -> None:
        self.table, self.rpc, self.schema = made.table, made.rpc, made.schema
        self._run = run

    def run(self, query: Any) -> Any:
        """What the client gives back for a query: data and count, or a plan's text."""
        given = query.execute()
        return self._run(given) if inspect.isawaitable(given) else given

    def data(self, query: Any) -> Any:
        return self.run(query).data

    def error(self, query: Any) -> APIError:
        """The error that a query ends in."""
        try:
            found = self.run(query)
        except APIError as error:
            return error
        raise AssertionError(f"no error, but {found}")


@contextmanager
def postgrest_sync(url: str, token: str) -> Iterator[Client]:
    with postgrest.SyncPostgrestClient(url, schema=SCHEMA) as made:
        yield Client(made.auth(token), _never)


@contextmanager
def postgrest_async(url: str, token: str) -> Iterator[Client]:
    with asyncio.Runner() as runner:
        made = postgrest.AsyncPostgrestClient(url, schema=SCHEMA).auth(token)
        yield Client(made, runner.run)
        runner.run(made.aclose())


@contextmanager
def supabase_sync(url: str, token: str) -> Iterator[Client]:
    with httpx.Client(transport=_Proxy()) as http:
        options = SyncClientOptions(schema=SCHEMA, httpx_client=http)
        yield Client(supabase.create_client(url, token, options), _never)


@contextmanager
def supabase_async(url: str, token: str) -> Iterator[Client]:
    with asyncio.Runner() as runner:
        http = httpx.AsyncClient(transport=_AsyncProxy())
        options = AsyncClientOptions(schema=SCHEMA, httpx_client=http)
        yield Client(runner.run(supabase.acreate_client(url, token, options)), runner.run)
        runner.run(http.aclose())


def _never(awaitable: Any) -> Any:
    raise AssertionError("a synchronous client gave something to await")


CLIENTS = {
    "postgrest": postgrest_sync,
    "postgrest-async": postgrest_async,
    "supabase": supabase_sync,
    "supabase-async": supabase_async,
}
