"""Settings from a file and from everywhere: what is read, what goes before what, what is refused."""

from pathlib import Path
from typing import Any

import pytest

from rowgate.config import Config, ConfigError, dump, from_values
from rowgate.process.file import parse_file
from rowgate.process.sources import Sources, keep_fixed
from rowgate.sql.context import begin, name_parts

FILE = r"""
# a comment
db-uri = "postgres://user@host/db"   # and another
db-schema="one, two"
  db-pool =3
jwt-secret-is-base64 = false

db-anon-role = "$(WHO)"
jwt-aud = "with \"quotes\", $$5 and a \\ in it # no comment"
app.settings.Mine = "yes"
"""


@pytest.mark.row("12 configuration")
def test_a_file() -> None:
    assert parse_file(FILE, {"WHO": "anon"}) == {
        "db_uri": "postgres://user@host/db",
        "db_schema": "one, two",
        "db_pool": "3",
        "jwt_secret_is_base64": "false",
        "db_anon_role": "anon",
        "jwt_aud": 'with "quotes", $5 and a \\ in it # no comment',
        "app_settings.Mine": "yes",
    }


@pytest.mark.row("12 configuration")
@pytest.mark.parametrize(
    "line",
    ["db-uri", "db-uri =", 'db-uri = "open', 'db-uri = "a" "b"', 'jwt-secret = "a$b"', 'a = "$(NOT_SET)"'],
)
def test_lines_that_are_none(line: str) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        parse_file(f"\n{line}\n", {})


@pytest.mark.row("12 configuration")
def test_the_database_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "rowgate.conf"
    file.write_text('db-anon-role = "file"\njwt-aud = "file"\nserver-port = 1\n')
    sources = Sources({"PGRST_DB_ANON_ROLE": "environment", "PGRST_JWT_AUD": "environment"}, file)
    config = sources.read({"db_anon_role": "database"})
    assert (config.db_anon_role, config.jwt_aud, config.server_port) == ("database", "environment", 1)


@pytest.mark.row("12 connection")
def test_secrets_from_files(tmp_path: Path) -> None:
    (tmp_path / "uri").write_text("host=here\n")
    (tmp_path / "secret").write_text("x" * 40 + "\n")
    given = {"PGRST_DB_URI": f"@{tmp_path}/uri", "PGRST_JWT_SECRET": f"@{tmp_path}/secret"}
    config = Sources(given).read()
    assert (config.db_uri, config.jwt_secret) == ("host=here", "x" * 40)
    with pytest.raises(ConfigError, match="Cannot read"):
        Sources({"PGRST_JWT_SECRET": f"@{tmp_path}/none"}).read()


@pytest.mark.row("12 configuration")
def test_what_was_dumped_says_the_same() -> None:
    config = from_values(
        {"jwt_secret": 'a "secret" with $ and \\ and ü' + "x" * 32, "app_settings.a": "b", "db_max_rows": "5"}
    )
    assert from_values(parse_file(dump(config), {})) == config


@pytest.mark.row("12 configuration")
@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("db_schema", "db_schemas", "one"),
        ("max_rows", "db_max_rows", "7"),
        ("pre_request", "db_pre_request", "f"),
        ("role_claim_key", "jwt_role_claim_key", ".r"),
        ("server_proxy_uri", "openapi_server_proxy_uri", "https://a"),
        ("db_pool_timeout", "db_pool_max_idletime", "5"),
    ],
)
def test_names_of_earlier_times(old: str, new: str, value: str) -> None:
    assert from_values({old: value}) == from_values({new: value})
    assert from_values({old: value, new: value}) == from_values({new: value})


@pytest.mark.row("12 configuration")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"openapi_mode": "x"}, "Invalid openapi-mode. Check your configuration"),
        ({"db_tx_end": "x"}, "Invalid db-tx-end. Check your configuration"),
        ({"log_level": "loud"}, "Invalid log-level. Check your configuration"),
        ({"client_error_verbosity": "x"}, "Invalid client-error-verbosity"),
        ({"openapi_server_proxy_uri": "example.com"}, "Malformed proxy uri"),
        ({"server_unix_socket_mode": "abc"}, "Invalid server-unix-socket-mode: not an octal"),
        ({"server_unix_socket_mode": "577"}, "needs to be between 600 and 777"),
        ({"admin_server_port": "3000"}, "admin-server-port cannot be the same as server-port"),
        ({"db_schemas": "pg_catalog"}, "db-schemas does not allow schema: 'pg_catalog'"),
        ({"jwt_secret": "x" * 33, "jwt_secret_is_base64": "true"}, "is not base64"),
    ],
)
def test_what_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        from_values(values)


@pytest.mark.row("12 reload")
def test_what_cannot_change_while_it_runs() -> None:
    running = Config(db_uri="old", server_port=1, jwt_aud="old")
    kept = keep_fixed(Config(db_uri="new", server_port=2, jwt_aud="new"), running)
    assert (kept.db_uri, kept.server_port, kept.jwt_aud) == ("old", 1, "new")


def test_names_and_levels() -> None:
    assert name_parts("f") == ["f"]
    assert name_parts("s.f") == ["s", "f"]
    assert name_parts('"a.b"."c d"') == ["a.b", "c d"]
    assert begin("anything; drop table x") is None
    statement = begin("Serializable")
    assert statement is not None
    assert statement.text == "BEGIN ISOLATION LEVEL SERIALIZABLE"
