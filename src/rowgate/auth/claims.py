"""Whether a token's claims let it in, now and here."""

import json
from collections.abc import Mapping
from typing import Any

from rowgate.auth.refusals import wrong_claims

__all__ = ["SKEW_S", "check_claims", "read_claims"]

SKEW_S = 30  # clocks of other machines differ a little


def read_claims(payload: bytes) -> dict[str, Any]:
    """The claims of a payload that was signed. Raises Refusal where it holds none."""
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise wrong_claims("Parsing claims failed")
    return claims


def check_claims(claims: Mapping[str, Any], now: float, audience: str = "") -> None:
    """Refuse a token that has ended, is not yet valid, or is meant for somebody else (times in seconds)."""
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if value is not None and not _is_instant(value):
            raise wrong_claims(f"The JWT '{name}' claim must be a number")
    if claims.get("exp") is not None and now > claims["exp"] + SKEW_S:
        raise wrong_claims("JWT expired")
    if claims.get("nbf") is not None and now < claims["nbf"] - SKEW_S:
        raise wrong_claims("JWT not yet valid")
    if claims.get("iat") is not None and now < claims["iat"] - SKEW_S:
        raise wrong_claims("JWT issued at future")
    _check_audience(claims.get("aud"), audience)


def _check_audience(said: Any, audience: str) -> None:
    """No audience, or an empty list, means anybody."""
    if said is None:
        return
    meant = [said] if isinstance(said, str) else said
    if not isinstance(meant, list) or not all(isinstance(name, str) for name in meant):
        raise wrong_claims("The JWT 'aud' claim must be a string or an array of strings")
    if audience and meant and audience not in meant:
        raise wrong_claims("JWT not in audience")


def _is_instant(value: Any) -> bool:
    """Seconds since 1970 as a number that is one: JSON's 1e999 is read as infinity, which never comes."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18
