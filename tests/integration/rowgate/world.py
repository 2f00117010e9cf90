"""The company that the gateway's tests live in (conformance/worlds), and its tokens."""

import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import OctKey

from rowgate.config import Config

SECRET = "a secret of the tests, long enough for HS256"
HERE = Path(__file__).parents[2] / "conformance" / "worlds"
_PARTS = (
    "company.sql",
    "company_media.sql",
    "company_process.sql",
    "company_writes.sql",
    "company_errors.sql",
)
WORLD = "\n".join((HERE / name).read_text(encoding="utf-8") for name in _PARTS)


def token(role: str | None, secret: str = SECRET, **claims: Any) -> str:
    """A token as an issuer would make it."""
    said = {**({"role": role} if role else {}), **claims}
    return jwt.encode({"alg": "HS256"}, said, OctKey.import_key(secret))


def bearer(role: str, **claims: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {token(f'rowgate_{role}', **claims)}"}


def world_config(conninfo: str, **settings: Any) -> Config:
    values: dict[str, Any] = {
        "db_schemas": ("api", "archive"),
        "db_anon_role": "rowgate_anon",
        "jwt_secret": SECRET,
        "app_settings": {"colour": "green"},
        "server_host": "127.0.0.1",
        "jwt_aud": "us",
        "server_trace_header": "X-Request-Id",
        "db_plan_enabled": True,
        **settings,
    }
    return Config(db_uri=conninfo, **values)


def wait_until(done: Any, patience_s: float = 30) -> None:
    """Wait for something that must come true."""
    end = time.monotonic() + patience_s
    while not done():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
