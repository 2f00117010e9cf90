"""From a bearer token to a database role and its claims.

A token's signature is verified once and remembered; its claims are looked at each time.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rowgate.auth.cache import Seen, TokenCache
from rowgate.auth.claims import SKEW_S, check_claims, read_claims
from rowgate.auth.keys import KeyRing
from rowgate.auth.refusals import anonymous_disabled, invalid_token, wrong_claims
from rowgate.auth.role_path import parse_role_path
from rowgate.config import Config
from rowgate.errors import Refusal

__all__ = ["SKEW_S", "Authenticator", "Caller", "Seen", "TokenCache", "check_claims"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the database role to act as, and the token's claims as the database will read them.

    ``encoded`` are the two as bytes: a caller is remembered with its token, and used many times.
    """

    role: str
    claims: str = "{}"
    anonymous: bool = False
    expires_at: float | None = None
    encoded: tuple[bytes, bytes] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "encoded", (self.role.encode(), self.claims.encode()))


class Authenticator:
    """Verifies tokens against the configured secret."""

    def __init__(self, config: Config, now: Callable[[], float] = time.time) -> None:
        self._config = config
        self._now = now
        self._keys = KeyRing(config) if config.jwt_secret else None
        self._role = parse_role_path(config.jwt_role_claim_key)
        self._nobody: Caller | None = None
        self.cache = TokenCache(config.jwt_cache_max_entries)

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """The caller behind ``Authorization: Bearer``; the anonymous role where there is none."""
        header = headers.get("authorization", "")
        token = _token(header)
        if token is None:
            return self._anonymous()
        seen = self.cache.get(token)
        if seen is None:
            seen = Seen(read_claims(self._verify(token)))
            self.cache.put(token, seen)
        known: Caller | None = seen.caller
        if known and not self._is_over(known):
            return known
        caller = self._caller(seen.claims)
        seen.caller = caller
        return caller

    def recall(self, headers: Mapping[str, str]) -> tuple[Caller, Seen | None] | None:
        """The caller behind these headers, and what is known of the token, if it was verified before."""
        token = _token(headers.get("authorization", ""))
        if token is None:
            return (self._anonymous(), None) if self._config.db_anon_role else None
        seen = self.cache.peek(token)
        return (seen.caller, seen) if seen is not None and seen.caller is not None else None

    def again(self, seen: Seen, caller: Caller) -> bool:
        """As ``identify``, for a token that was recalled: whether it still stands for this caller."""
        if seen.caller is not caller or self._is_over(caller):
            return False
        self.cache.hit(seen)
        return True

    def _is_over(self, caller: Caller) -> bool:
        return caller.expires_at is not None and self._now() >= caller.expires_at + SKEW_S

    def _anonymous(self) -> Caller:
        if not self._config.db_anon_role:
            raise anonymous_disabled()
        if self._nobody is None:
            role = self._config.db_anon_role
            self._nobody = Caller(role, json.dumps({"role": role}), anonymous=True)
        return self._nobody

    def _verify(self, token: str) -> bytes:
        if self._keys is None:
            raise Refusal(500, "PGRST300", "Server lacks JWT secret")
        if not token:
            raise invalid_token("Empty JWT is sent in Authorization header")
        if token.count(".") != 2:
            raise invalid_token(f"Expected 3 parts in JWT; got {token.count('.') + 1}")
        return self._keys.verify(token)

    def _caller(self, claims: dict[str, Any]) -> Caller:
        check_claims(claims, self._now(), self._config.jwt_aud)
        role = self._role(claims) or self._config.db_anon_role
        if not role:
            raise anonymous_disabled()
        if not role.isprintable():  # PostgreSQL would cut the name at a NUL
            raise wrong_claims("The JWT's role is not a name")
        anonymous = role == self._config.db_anon_role
        expires = claims.get("exp")
        said = json.dumps({**claims, "role": role})  # wherever in the claims it stood
        return Caller(role, said, anonymous, None if expires is None else float(expires))


def _token(header: str) -> str | None:
    """The token of an Authorization header; None where it is of another scheme."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
