"""How a token is refused."""

from rowgate.errors import Refusal


def invalid_token(message: str, details: str | None = None, *, code: str = "PGRST301") -> Refusal:
    """401 for a token that will not do: PGRST301 where it cannot be believed, PGRST303 for its claims."""
    challenge = f'Bearer error="invalid_token", error_description="{message}"'
    return Refusal(401, code, message, details, headers=(("WWW-Authenticate", challenge),))


def wrong_claims(message: str) -> Refusal:
    return invalid_token(message, code="PGRST303")


def anonymous_disabled() -> Refusal:
    return Refusal(401, "PGRST302", "Anonymous access is disabled", headers=(("WWW-Authenticate", "Bearer"),))
