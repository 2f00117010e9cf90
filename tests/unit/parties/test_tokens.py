"""Tokens hold exactly the claims of their caller, and end when they say."""

from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import OctKey

from submeter.core.caller import Caller
from submeter.parties.tokens import sign

SECRET = "a secret of the tests, long enough for HS256"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_token_names_role_esco_and_customer_and_its_times() -> None:
    token = sign(Caller("authenticated", "e-1", "c-1"), SECRET, NOON, timedelta(hours=1))

    claims = jwt.decode(token.text, OctKey.import_key(SECRET)).claims

    assert claims == {
        "iss": "submeter",
        "role": "authenticated",
        "esco_id": "e-1",
        "customer_id": "c-1",
        "iat": int(NOON.timestamp()),
        "exp": int(NOON.timestamp()) + 3600,
    }
    assert token.expires_at == NOON + timedelta(hours=1)


def test_what_a_caller_is_not_is_absent_rather_than_null() -> None:
    token = sign(Caller("anon"), SECRET, NOON, timedelta(hours=1))

    assert set(jwt.decode(token.text, OctKey.import_key(SECRET)).claims) == {"iss", "role", "iat", "exp"}


def test_another_secret_does_not_verify_it() -> None:
    token = sign(Caller("service_role"), SECRET, NOON, timedelta(hours=1))

    with pytest.raises(BadSignatureError):
        jwt.decode(token.text, OctKey.import_key(SECRET[::-1]))
