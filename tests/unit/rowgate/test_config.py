"""Settings from PGRST_* names."""

import pytest

from rowgate.config import Config, ConfigError, from_environment

URI = {"PGRST_DB_URI": "postgresql://authenticator@localhost/db"}


def test_every_kind_of_setting() -> None:
    config = from_environment(
        {
            **URI,
            "PGRST_DB_SCHEMAS": "api, archive,",
            "PGRST_DB_POOL": "3",
            "PGRST_DB_MAX_ROWS": "100",
            "PGRST_REQUIRE_WHERE": "Yes",
            "PGRST_JWT_SECRET_IS_BASE64": "off",
            "PGRST_JWT_SECRET": "x" * 32,
            "PGRST_APP_SETTINGS_Default_ESCO": "wlce",
            "PGRST_DB_PLAN_ENABLED": "true",
            "PGRST_DB_HOISTED_TX_SETTINGS": "statement_timeout",
            "PGRST_CLIENT_ERROR_VERBOSITY": "minimal",
            "PGRST_OF_TOMORROW": "left alone",
            "HOME": "/root",
        }
    )
    assert config == Config(
        db_uri=URI["PGRST_DB_URI"],
        db_schemas=("api", "archive"),
        db_pool=3,
        db_max_rows=100,
        require_where=True,
        db_plan_enabled=True,
        db_hoisted_tx_settings=("statement_timeout",),
        client_error_verbosity="minimal",
        jwt_secret="x" * 32,
        app_settings={"default_esco": "wlce"},
    )


def test_without_settings_it_is_as_documented() -> None:
    assert from_environment(URI) == Config(db_uri=URI["PGRST_DB_URI"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({**URI, "PGRST_DB_SCHEMAS": " , "}, "PGRST_DB_SCHEMAS is empty"),
        ({**URI, "PGRST_DB_POOL": "many"}, "PGRST_DB_POOL must be a whole number, not 'many'"),
        ({**URI, "PGRST_DB_POOL": "-1"}, "PGRST_DB_POOL must be a whole number"),
        ({**URI, "PGRST_DB_POOL": ""}, "PGRST_DB_POOL must be a whole number"),
        ({**URI, "PGRST_REQUIRE_WHERE": "maybe"}, "PGRST_REQUIRE_WHERE must be true or false, not 'maybe'"),
        (
            {**URI, "PGRST_OPENAPI_MODE": "open"},
            "Invalid openapi-mode. Check your configuration. It is one of follow-privileges",
        ),
        ({**URI, "PGRST_OPENAPI_SERVER_PROXY_URI": "ftp://x"}, "a correct example: https://example.com"),
        (
            {**URI, "PGRST_OPENAPI_SERVER_PROXY_URI": "http://x:99999"},
            "Malformed proxy uri",
        ),
        ({**URI, "PGRST_OPENAPI_SERVER_PROXY_URI": "example.com"}, "Malformed proxy uri"),
        ({**URI, "PGRST_JWT_SECRET": "x" * 31}, "PGRST_JWT_SECRET is shorter than 32 characters"),
    ],
)
def test_settings_that_cannot_be_used(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        from_environment(settings)
