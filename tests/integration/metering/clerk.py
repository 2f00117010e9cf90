"""A town's operator as a client over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from integration.metering.town import Town
from integration.rowgate.served import served
from integration.rowgate.world import SECRET, token
from submeter.app import Application
from submeter.settings import Settings

REST = "/rest/v1"


@contextmanager
def operator_of(town: Town, path: str = REST, *, key: str = "", **settings: Any) -> Iterator[httpx.Client]:
    """Submeter served over the town's database; ``path`` is what the client's addresses start from."""
    claims = {"esco_id": town.esco_id, **({"key": key} if key else {})}
    headers = {"apikey": token("anon"), "authorization": f"Bearer {token('operator', **claims)}"}
    with served(Application(Settings(jwt_secret=SECRET, **settings), town.database)) as port:
        address = f"http://127.0.0.1:{port}{path}"
        with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
            yield client
