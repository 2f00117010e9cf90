"""Where settings come from: the file, over it the environment, over both the database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from rowgate.auth import Authenticator
from rowgate.config import Config, ConfigError, from_values, values_of_environment
from rowgate.process.file import parse_file
from rowgate.sql.context import name_parts

__all__ = ["Sources", "keep_fixed"]

IN_DATABASE = (
    "client_error_verbosity",
    "db_aggregates_enabled",
    "db_anon_role",
    "db_extra_search_path",
    "db_hoisted_tx_settings",
    "db_max_rows",
    "db_plan_enabled",
    "db_pre_config",
    "db_pre_request",
    "db_prepared_statements",
    "db_root_spec",
    "db_schemas",
    "db_timezone_enabled",
    "db_tx_end",
    "error_hints",
    "jwt_aud",
    "jwt_cache_max_entries",
    "jwt_role_claim_key",
    "jwt_secret",
    "jwt_secret_is_base64",
    "log_query",
    "openapi_mode",
    "openapi_security_active",
    "openapi_server_proxy_uri",
    "plan_once",
    "require_where",
    "server_cors_allowed_origins",
    "server_timing_enabled",
    "server_trace_header",
    "url_use_legacy_target_names",
)
"""What the database may say; the rest is needed to reach it, or is fixed while the process runs."""

_FIXED = (
    "admin_server_host",
    "admin_server_port",
    "db_pool",
    "db_pool_acquisition_timeout",
    "db_pool_max_idletime",
    "db_pool_max_lifetime",
    "db_uri",
    "log_level",
    "server_host",
    "server_port",
    "server_unix_socket",
    "server_unix_socket_mode",
    "server_workers",
)


@dataclass(frozen=True)
class Sources:
    """Read once at the start, and again for each ``reload config``."""

    environment: Mapping[str, str]
    file: Path | None = None

    def read(self, in_database: Mapping[str, str] | None = None) -> Config:
        """The settings. Raises ConfigError for one that cannot be used."""
        values = {**self._of_file(), **values_of_environment(self.environment), **(in_database or {})}
        for name in ("db_uri", "jwt_secret"):
            if values.get(name, "").startswith("@"):
                values[name] = _contents(Path(values[name][1:])).strip()
        config = from_values(values)
        Authenticator(config)  # keys and paths that cannot be read are refused now
        return config

    def _of_file(self) -> dict[str, str]:
        return parse_file(_contents(self.file), self.environment) if self.file else {}

    async def read_all(self) -> Config:
        """With what the database says, if it may. psycopg's errors pass through."""
        config = self.read()
        return self.read(await database_settings(config)) if config.db_config else config


def keep_fixed(new: Config, running: Config) -> Config:
    """The new settings, but for those that cannot change while the process runs."""
    return replace(new, **{name: getattr(running, name) for name in _FIXED})


def _contents(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read {path}: {error}") from error


async def database_settings(config: Config) -> dict[str, str]:
    """``pgrst.*`` of the login, from ``ALTER ROLE`` or from the function ``db-pre-config``.

    A login's settings are those of its new session, so a session of its own is asked.
    """
    connecting = psycopg.AsyncConnection.connect(config.db_uri, fallback_application_name="rowgate")
    async with await connecting as connection, connection.transaction():
        if config.db_pre_config:
            name = sql.Identifier(*name_parts(config.db_pre_config))
            await connection.execute(sql.SQL("SELECT {}()").format(name))
        cursor: Any = await connection.execute(
            "SELECT name, value FROM unnest(%s::text[]) AS name, "
            "LATERAL (SELECT current_setting('pgrst.' || name, true)) AS said(value) WHERE value IS NOT NULL",
            [list(IN_DATABASE)],
        )
        return dict(await cursor.fetchall())
