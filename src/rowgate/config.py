"""Every setting of the gateway, under PostgREST's names (``db-uri``, ``PGRST_DB_URI``, ``pgrst.db_uri``)."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit


class ConfigError(ValueError):
    """A setting that cannot be used; the text names it and says what would do."""


@dataclass(frozen=True, slots=True)
class Config:
    """The gateway's settings. Times are seconds, sizes bytes.

    The last group is ours. ``error_hints``: who breaks a check or an exclusion is told what it says.
    ``require_where``: UPDATE and DELETE without a filter are refused, as the ``safeupdate`` extension
    does. ``plan_once``: a statement is planned once for all values where that proves faster. ``max_body`` and
    ``max_depth`` bound what one request may cost, ``server_patience`` how long a client may take to send it.
    ``server_workers`` share the port.
    """

    admin_server_host: str = ""
    admin_server_port: int | None = None
    app_settings: Mapping[str, str] = field(default_factory=dict)
    client_error_verbosity: str = "verbose"
    db_aggregates_enabled: bool = False
    db_anon_role: str = ""
    db_channel: str = "pgrst"
    db_channel_enabled: bool = True
    db_config: bool = True
    db_extra_search_path: tuple[str, ...] = ("public",)
    db_hoisted_tx_settings: tuple[str, ...] = (
        "statement_timeout",
        "plan_filter.statement_cost_limit",
        "default_transaction_isolation",
    )
    db_max_rows: int | None = None
    db_plan_enabled: bool = False
    db_pool: int = 10
    db_pool_acquisition_timeout: int = 10
    db_pool_automatic_recovery: bool = True
    db_pool_max_idletime: int = 30
    db_pool_max_lifetime: int = 1800
    db_pre_config: str = ""
    db_pre_request: str = ""
    db_prepared_statements: bool = True
    db_root_spec: str = ""
    db_schemas: tuple[str, ...] = ("public",)
    db_timezone_enabled: bool = True
    db_tx_end: str = "commit"
    db_uri: str = "postgresql://"
    jwt_aud: str = ""
    jwt_cache_max_entries: int = 1000
    jwt_role_claim_key: str = ".role"
    jwt_secret: str = field(default="", repr=False)
    jwt_secret_is_base64: bool = False
    log_level: str = "error"
    log_query: bool = False
    openapi_mode: str = "follow-privileges"
    openapi_security_active: bool = False
    openapi_server_proxy_uri: str = ""
    server_cors_allowed_origins: tuple[str, ...] = ()
    server_host: str = "!4"
    server_port: int = 3000
    server_timing_enabled: bool = False
    server_trace_header: str = ""
    server_unix_socket: str = ""
    server_unix_socket_mode: str = "660"
    url_use_legacy_target_names: bool = True

    error_hints: bool = False
    require_where: bool = False
    plan_once: bool = True
    max_body: int = 64 * 1024 * 1024
    max_depth: int = 30
    server_patience: int = 60
    server_workers: int = 1

    @property
    def tx_override(self) -> bool:
        """Whether ``Prefer: tx=`` may decide how a transaction ends."""
        return self.db_tx_end.endswith("-allow-override")

    @property
    def tx_rollback(self) -> bool:
        """Whether transactions end in a rollback where nobody says otherwise."""
        return self.db_tx_end.startswith("rollback")

    @property
    def verbose(self) -> bool:
        return self.client_error_verbosity == "verbose"


PREFIX = "PGRST_"
APP_SETTINGS_PREFIX = "PGRST_APP_SETTINGS_"

ALIASES = {
    "db_schema": "db_schemas",
    "db_pool_timeout": "db_pool_max_idletime",
    "max_rows": "db_max_rows",
    "pre_request": "db_pre_request",
    "role_claim_key": "jwt_role_claim_key",
    "root_spec": "db_root_spec",
    "secret_is_base64": "jwt_secret_is_base64",
    "server_proxy_uri": "openapi_server_proxy_uri",
}
"""Names of earlier PostgRESTs that are still taken; the newer name wins where both are given."""

_KINDS = {setting.name: str(setting.type) for setting in fields(Config)}
_CHOICES = {
    "client_error_verbosity": ("verbose", "minimal"),
    "db_tx_end": ("commit", "commit-allow-override", "rollback", "rollback-allow-override"),
    "log_level": ("crit", "error", "warn", "info", "debug"),
    "openapi_mode": ("follow-privileges", "ignore-privileges", "disabled"),
}


def from_environment(environment: Mapping[str, str]) -> Config:
    """Read ``PGRST_*`` names; one we do not know is left alone, a value that does not fit is refused."""
    return from_values(values_of_environment(environment))


def values_of_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings among the environment's names, under the names of ``Config``."""
    values = {}
    for name, value in environment.items():
        if name.startswith(APP_SETTINGS_PREFIX):
            values["app_settings." + name.removeprefix(APP_SETTINGS_PREFIX).lower()] = value
        elif name.startswith(PREFIX):
            values[name.removeprefix(PREFIX).lower()] = value
    return values


def from_values(values: Mapping[str, str]) -> Config:
    """Texts by the names of ``Config`` (``app_settings.name`` for one of those) become settings."""
    given: dict[str, Any] = {"app_settings": {}}
    for name, raw in sorted(values.items(), key=lambda pair: pair[0] not in ALIASES):
        own = ALIASES.get(name, name)
        if own.startswith("app_settings."):
            given["app_settings"][own.removeprefix("app_settings.")] = raw
        elif own in _KINDS and own != "app_settings":
            given[own] = _convert(own, _KINDS[own], raw)
    return check(Config(**given))


def check(config: Config) -> Config:
    """Refuse what could only fail later, request by request."""
    if not config.db_schemas:
        raise ConfigError("PGRST_DB_SCHEMAS is empty: name at least one schema to serve")
    for schema in ("pg_catalog", "information_schema"):
        if schema in config.db_schemas:
            raise ConfigError(f"db-schemas does not allow schema: '{schema}'")
    for name, choices in _CHOICES.items():
        if getattr(config, name) not in choices:
            raise ConfigError(
                f"Invalid {_dashed(name)}. Check your configuration. It is one of {', '.join(choices)}"
            )
    if config.admin_server_port is not None and config.admin_server_port == config.server_port:
        raise ConfigError("admin-server-port cannot be the same as server-port")
    _check_secret(config)
    _check_socket_mode(config.server_unix_socket_mode)
    proxy = config.openapi_server_proxy_uri
    if proxy and not _is_address(proxy):
        raise ConfigError(
            f"Malformed proxy uri, a correct example: https://example.com:8443/basePath, not {proxy!r}"
        )
    return config


def _check_secret(config: Config) -> None:
    secret = config.jwt_secret
    if secret and len(secret) < 32 and not config.jwt_secret_is_base64:
        raise ConfigError("PGRST_JWT_SECRET is shorter than 32 characters")
    if config.jwt_secret_is_base64:
        try:
            base64.urlsafe_b64decode(padded(secret))
        except (binascii.Error, ValueError) as error:
            raise ConfigError("PGRST_JWT_SECRET is not base64, as PGRST_JWT_SECRET_IS_BASE64 says") from error


def padded(secret: str) -> bytes:
    """Base64 in either alphabet, with its padding or without, as Python reads it."""
    text = secret.strip().rstrip("=.").replace("+", "-").replace("/", "_").replace(".", "=")
    return (text + "=" * (-len(text) % 4)).encode()


def _check_socket_mode(mode: str) -> None:
    if not re.fullmatch(r"[0-7]{3}", mode):
        raise ConfigError("Invalid server-unix-socket-mode: not an octal")
    if not 0o600 <= int(mode, 8) <= 0o777:
        raise ConfigError("Invalid server-unix-socket-mode: needs to be between 600 and 777")


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
        if "None" in kind and not raw.strip():
            return None
        if not raw.strip().isdecimal():
            raise ConfigError(f"{PREFIX}{name.upper()} must be a whole number, not {raw!r}")
        return int(raw)
    return raw


def dump(config: Config) -> str:
    """The settings as a configuration file that says the same; secrets too, as PostgREST does."""
    lines = []
    for name in sorted(_KINDS):
        if name == "app_settings":
            lines += [f"app.settings.{key} = {_quoted(text)}" for key, text in config.app_settings.items()]
        else:
            lines.append(f"{_dashed(name)} = {_written(getattr(config, name))}")
    return "\n".join(lines) + "\n"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return _quoted(",".join(value))
    return _quoted("" if value is None else value)


def _quoted(text: str) -> str:
    return json.dumps(text.replace("$", "$$"), ensure_ascii=False)


def _dashed(name: str) -> str:
    return name.replace("_", "-")
