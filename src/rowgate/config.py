"""Every setting of the gateway, under PostgREST's names (``PGRST_DB_URI`` and so on)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit


class ConfigError(ValueError):
    """A setting that cannot be used; the text names it and says what would do."""


@dataclass(frozen=True, slots=True)
class Config:
    """The gateway's settings. Times are seconds, sizes bytes.

    ``require_where`` is ours: UPDATE and DELETE without a filter are refused, as the ``safeupdate``
    extension does. ``max_body`` and ``max_depth`` bound what one request may cost.
    """

    db_uri: str = ""
    db_schemas: tuple[str, ...] = ("public",)
    db_extra_search_path: tuple[str, ...] = ("public",)
    db_anon_role: str = ""
    db_pool: int = 10
    db_pool_acquisition_timeout: int = 10
    db_max_rows: int | None = None
    jwt_secret: str = field(default="", repr=False)
    jwt_secret_is_base64: bool = False
    jwt_aud: str = ""
    jwt_role_claim_key: str = ".role"
    db_root_spec: str = ""
    openapi_mode: str = "follow-privileges"
    openapi_security_active: bool = False
    openapi_server_proxy_uri: str = ""
    server_host: str = "127.0.0.1"
    server_port: int = 3000
    server_cors_allowed_origins: tuple[str, ...] = ()
    app_settings: Mapping[str, str] = field(default_factory=dict)
    require_where: bool = False
    max_body: int = 64 * 1024 * 1024
    max_depth: int = 30


OPENAPI_MODES = ("follow-privileges", "ignore-privileges", "disabled")

PREFIX = "PGRST_"
APP_SETTINGS_PREFIX = "PGRST_APP_SETTINGS_"


def from_environment(environment: Mapping[str, str]) -> Config:
    """Read ``PGRST_*`` names; one we do not know is left alone, a value that does not fit is refused."""
    given: dict[str, Any] = {}
    for setting in fields(Config):
        raw = environment.get(PREFIX + setting.name.upper())
        if raw is not None:
            given[setting.name] = _convert(setting.name, str(setting.type), raw)
    given["app_settings"] = {
        name.removeprefix(APP_SETTINGS_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(APP_SETTINGS_PREFIX)
    }
    return check(Config(**given))


def check(config: Config) -> Config:
    """Refuse what could only fail later, request by request."""
    if not config.db_uri:
        raise ConfigError(
            "PGRST_DB_URI is not set: the address of the database, e.g. postgresql://authenticator@host/db"
        )
    if not config.db_schemas:
        raise ConfigError("PGRST_DB_SCHEMAS is empty: name at least one schema to serve")
    if config.jwt_secret and len(config.jwt_secret) < 32:
        raise ConfigError("PGRST_JWT_SECRET is shorter than 32 characters")
    if config.openapi_mode not in OPENAPI_MODES:
        raise ConfigError(f"PGRST_OPENAPI_MODE must be one of {', '.join(OPENAPI_MODES)}")
    if config.openapi_server_proxy_uri and not _is_address(config.openapi_server_proxy_uri):
        raise ConfigError(
            "PGRST_OPENAPI_SERVER_PROXY_URI is malformed; a correct example: https://example.com:8443/basePath"
        )
    return config


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        sound = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return sound and parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query


def _convert(name: str, kind: str, raw: str) -> Any:
    if "tuple" in kind:
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if "bool" in kind:
        if raw.lower() not in {"true", "false", "yes", "no", "on", "off", "1", "0"}:
            raise ConfigError(f"{PREFIX}{name.upper()} must be true or false, not {raw!r}")
        return raw.lower() in {"true", "yes", "on", "1"}
    if "int" in kind:
        if not raw.strip().isdecimal():
            raise ConfigError(f"{PREFIX}{name.upper()} must be a whole number, not {raw!r}")
        return int(raw)
    return raw
