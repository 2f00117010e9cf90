"""JSON Web Tokens (HS256): which role may act, and for whom. Pure: the time is an argument."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.jwk import OctKey

from submeter.core.caller import Caller

ISSUER = "submeter"
KEY_ROLES = ("anon", "service_role")
"""The roles whose tokens serve as API keys too."""


@dataclass(frozen=True)
class Token:
    """A signed token and when it ends."""

    text: str
    expires_at: datetime


def sign(caller: Caller, secret: str, now: datetime, valid_for: timedelta) -> Token:
    """Make a token for ``caller``, valid from ``now`` (time-zone aware) on."""
    expires_at = now + valid_for
    times = {"iat": int(now.timestamp()), "exp": int(expires_at.timestamp())}
    claims = {"iss": ISSUER, **caller.claims(), **times}
    return Token(jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret)), expires_at)
