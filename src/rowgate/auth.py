"""From a bearer token to a database role and its claims.

A token is verified once and remembered until it ends.
"""

import base64
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from rowgate.config import Config, ConfigError
from rowgate.errors import Refusal

SKEW_S = 30  # clocks of other machines differ a little
REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the database role to act as, and the token's claims as the database will read them."""

    role: str
    claims: str = "{}"
    anonymous: bool = False
    expires_at: float | None = None


class Authenticator:
    """Verifies tokens against the configured secret."""

    def __init__(self, config: Config, now: Callable[[], float] = time.time) -> None:
        self._config = config
        self._now = now
        self._key = _key(config) if config.jwt_secret else None
        self._remembered: OrderedDict[str, Caller] = OrderedDict()

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """The caller behind ``Authorization: Bearer``; the anonymous role where there is none."""
        header = headers.get("authorization", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return self._anonymous()
        token = token.strip()
        known = self._remembered.get(token)
        if known and (known.expires_at is None or self._now() < known.expires_at + SKEW_S):
            return known
        caller = self._verify(token)
        self._remembered[token] = caller
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return caller

    def _anonymous(self) -> Caller:
        if not self._config.db_anon_role:
            raise _unauthorized("PGRST302", "Anonymous access is disabled", bare=True)
        role = self._config.db_anon_role
        return Caller(role, json.dumps({"role": role}), anonymous=True)

    def _verify(self, token: str) -> Caller:
        if self._key is None:
            raise Refusal(500, "PGRST300", "Server lacks JWT secret")
        if not token:
            raise _unauthorized("PGRST301", "Empty JWT is sent in Authorization header")
        if token.count(".") != 2:
            raise _unauthorized("PGRST301", f"Expected 3 parts in JWT; got {token.count('.') + 1}")
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            raise _unauthorized("PGRST301", "No suitable key or wrong key type") from None
        return self._caller(claims)

    def _caller(self, claims: dict[str, Any]) -> Caller:
        check_claims(claims, self._now(), self._config.jwt_aud)
        role = _role(claims, self._config)
        anonymous = role == self._config.db_anon_role
        expires = claims.get("exp")
        return Caller(role, json.dumps(claims), anonymous, None if expires is None else float(expires))


def check_claims(claims: Mapping[str, Any], now: float, audience: str = "") -> None:
    """Refuse a token that has ended, is not yet valid, or is meant for somebody else (times in seconds)."""
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if value is not None and not _is_instant(value):
            raise _unauthorized("PGRST303", f"The JWT '{name}' claim must be a number")
    if "exp" in claims and claims["exp"] is not None and now > claims["exp"] + SKEW_S:
        raise _unauthorized("PGRST303", "JWT expired")
    if claims.get("nbf") is not None and now < claims["nbf"] - SKEW_S:
        raise _unauthorized("PGRST303", "JWT not yet valid")
    if claims.get("iat") is not None and now < claims["iat"] - SKEW_S:
        raise _unauthorized("PGRST303", "JWT issued at future")
    said = claims.get("aud")
    if said is None:
        return
    meant = [said] if isinstance(said, str) else said
    if not isinstance(meant, list) or not all(isinstance(name, str) for name in meant):
        raise _unauthorized("PGRST303", "The JWT 'aud' claim must be a string or an array of strings")
    if audience and audience not in meant:
        raise _unauthorized("PGRST303", "JWT not in audience")


def _is_instant(value: Any) -> bool:
    """Seconds since 1970 as a number that is one: JSON's 1e999 is read as infinity, which never comes."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18


def _role(claims: Mapping[str, Any], config: Config) -> str:
    value: Any = claims
    for step in config.jwt_role_claim_key.strip(".").split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, str) and value:
        if not value.isprintable():  # PostgreSQL would cut the name at a NUL
            raise _unauthorized("PGRST303", "The JWT's role is not a name")
        return value
    if config.db_anon_role:
        return config.db_anon_role
    raise _unauthorized("PGRST302", "Anonymous access is disabled", bare=True)


def _key(config: Config) -> OctKey:
    secret = config.jwt_secret.encode()
    if config.jwt_secret_is_base64:
        try:
            secret = base64.urlsafe_b64decode(secret + b"=" * (-len(secret) % 4))
        except ValueError as error:
            raise ConfigError("PGRST_JWT_SECRET is not base64, as PGRST_JWT_SECRET_IS_BASE64 says") from error
    return OctKey.import_key(secret)


def _unauthorized(code: str, message: str, *, bare: bool = False) -> Refusal:
    challenge = "Bearer" if bare else f'Bearer error="invalid_token", error_description="{message}"'
    return Refusal(401, code, message, headers=(("WWW-Authenticate", challenge),))
