"""Who is let in: tokens as they should be, and in every way they should not."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.auth import SKEW_S, Authenticator, Caller
from rowgate.config import Config
from rowgate.errors import Refusal

SECRET = "a secret of the tests, long enough for HS256"
NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims: Any, header: Any = None, secret: str = SECRET, digest: Any = hashlib.sha256) -> str:
    """Made by hand, so that it can be wrong in any way."""
    signed = f"{encoded({'alg': 'HS256'} if header is None else header)}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.new(secret.encode(), signed.encode(), digest).digest())}"


def authenticator(clock: Clock | None = None, **settings: Any) -> Authenticator:
    values = {"jwt_secret": SECRET, "db_anon_role": "anon", **settings}
    return Authenticator(Config(db_uri="unused", **values), clock or Clock())


def identify(text: str, **settings: Any) -> Caller:
    return authenticator(**settings).identify({"authorization": f"Bearer {text}"})


def refused(text: str, **settings: Any) -> Refusal:
    with pytest.raises(Refusal) as info:
        identify(text, **settings)
    return info.value


def assert_invalid(refusal: Refusal, code: str = "PGRST301") -> None:
    assert (refusal.status, refusal.code) == (401, code)
    ((name, value),) = refusal.headers
    assert name == "WWW-Authenticate"
    assert value.startswith('Bearer error="invalid_token"')


def test_a_token_gives_its_role_and_claims() -> None:
    caller = identify(token({"role": "writer", "sub": "ann"}))
    assert (caller.role, caller.anonymous) == ("writer", False)
    assert json.loads(caller.claims) == {"role": "writer", "sub": "ann"}


@pytest.mark.parametrize(
    "header", [{}, {"authorization": ""}, {"authorization": "Basic x"}, {"authorization": "Token"}]
)
def test_without_a_token_one_is_anonymous(header: dict[str, str]) -> None:
    caller = authenticator().identify(header)
    assert (caller.role, caller.anonymous, caller.claims) == ("anon", True, '{"role": "anon"}')


def test_where_there_is_no_anonymous_role_a_token_is_needed() -> None:
    with pytest.raises(Refusal) as info:
        authenticator(db_anon_role="").identify({})
    assert (info.value.status, info.value.code) == (401, "PGRST302")
    assert info.value.headers == (("WWW-Authenticate", "Bearer"),)
    assert refused(token({"sub": "ann"}), db_anon_role="").code == "PGRST302"
    assert identify(token({"sub": "ann"})).role == "anon"


def test_without_a_secret_no_token_can_be_read() -> None:
    refusal = refused(token({"role": "writer"}), jwt_secret="")
    assert (refusal.status, refusal.code) == (500, "PGRST300")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_in_any_case(scheme: str) -> None:
    caller = authenticator().identify({"authorization": f"{scheme}  {token({'role': 'writer'})} "})
    assert caller.role == "writer"


GOOD = {"role": "writer"}


WRONG = (
    "",
    "x",
    "a.b",
    "a.b.c.d.e",
    "..",
    f"{encoded({'alg': 'HS256'})}.{encoded(GOOD)}.",
    f"{encoded({'alg': 'none'})}.{encoded(GOOD)}.",
    f"{encoded({'alg': 'None'})}.{encoded(GOOD)}.{encoded(b'')}",
    token(GOOD, {"alg": "none"}),
    token(GOOD, {"alg": "hs256"}),
    token(GOOD, {"alg": "RS256"}),
    token(GOOD, {"alg": "ES256"}),
    token(GOOD, {"alg": "HS384"}, digest=hashlib.sha384),
    token(GOOD, {"alg": "HS512"}, digest=hashlib.sha512),
    token(GOOD, {"alg": ["HS256"]}),
    token(GOOD, {}),
    token(GOOD, []),
    token(GOOD, "HS256"),
    token(GOOD, b"\xff\xfe"),
    token(GOOD, b"[" * 10_000),
    token(GOOD, {"alg": "HS256", "crit": ["exp"]}),
    token(GOOD, {"alg": "HS256", "b64": False, "crit": ["b64"]}),
    token(GOOD, {"alg": "HS256", "zip": "DEF"}) + "x",
    token(GOOD, secret=SECRET + " "),
    token(GOOD, secret="another secret, which is as long as it should be"),
    token(GOOD, {"alg": "HS256", "jwk": {"kty": "oct", "k": encoded(b"mine" * 10)}}, secret="mine" * 10),
    "\xe9.\xe9.\xe9",
)


@pytest.mark.parametrize("text", WRONG)
def test_tokens_that_will_not_do(text: str) -> None:
    assert_invalid(refused(text))


@pytest.mark.parametrize("claims", [[], 5, "writer", b"", b"\xff", b"[" * 10_000])
def test_a_signed_token_without_claims(claims: Any) -> None:
    assert_invalid(refused(token(claims)), "PGRST303")
    assert refused(token(claims)).message == "Parsing claims failed"


def test_no_letter_of_a_token_may_change() -> None:
    good = token({"role": "writer"})
    for place in range(len(good)):
        for letter in "AZ":
            if letter == good[place]:
                continue
            text = good[:place] + letter + good[place + 1 :]
            if place == len(good) - 1 and identical(text, good):
                continue  # the last letter holds bits that mean nothing
            assert_invalid(refused(text))


def identical(one: str, other: str) -> bool:
    def decoded(text: str) -> bytes:
        return base64.urlsafe_b64decode(text.rpartition(".")[2] + "=")

    return decoded(one) == decoded(other)


@given(
    st.text(max_size=60)
    | st.tuples(st.binary(), st.binary(), st.binary()).map(lambda raw: ".".join(map(encoded, raw)))
)
def test_any_text_is_no_token(text: str) -> None:
    assert refused(text).status == 401


# Times


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"exp": NOW - SKEW_S}, True),
        ({"exp": NOW - SKEW_S - 1}, False),
        ({"nbf": NOW + SKEW_S}, True),
        ({"nbf": NOW + SKEW_S + 1}, False),
        ({"iat": NOW + SKEW_S}, True),
        ({"iat": NOW + SKEW_S + 1}, False),
        ({"exp": None, "nbf": None, "iat": None}, True),
        ({"exp": "2000000000"}, False),
        ({"exp": True}, False),
        ({"exp": [NOW + 9]}, False),
        ({"exp": 10**400}, False),
    ],
)
def test_times(claims: dict[str, Any], good: bool) -> None:
    text = token({"role": "writer", **claims})
    if good:
        assert identify(text).role == "writer"
    else:
        assert_invalid(refused(text), "PGRST303")


@pytest.mark.parametrize("number", [b"1e999", b"NaN", b"Infinity", b"-Infinity"])
def test_a_time_that_never_comes_is_none(number: bytes) -> None:
    assert_invalid(refused(token(b'{"role": "writer", "exp": ' + number + b"}")), "PGRST303")


def test_a_remembered_token_ends_when_it_ends() -> None:
    clock = Clock()
    door = authenticator(clock)
    header = {"authorization": f"Bearer {token({'role': 'writer', 'exp': NOW + 60})}"}
    assert door.identify(header) is door.identify(header)
    clock.now += 60 + SKEW_S - 1
    assert door.identify(header).role == "writer"
    clock.now += 2
    with pytest.raises(Refusal, match="JWT expired"):
        door.identify(header)


def test_what_is_remembered_has_a_bound() -> None:
    door = authenticator()
    most = 1000
    for number in range(most + 50):
        door.identify({"authorization": f"Bearer {token({'role': f'r{number}'})}"})
    assert len(door.cache) == most
    with pytest.raises(Refusal):
        door.identify({"authorization": "Bearer a.b.c"})
    assert len(door.cache) == most


# Audience and role


@pytest.mark.parametrize(
    ("aud", "good"),
    [("us", True), (["them", "us"], True), (None, True), ("them", False), ([], True), (["uS"], False), (5, False),
     ({"us": 1}, False), ([5, "us"], False)],
)  # fmt: skip
def test_audience(aud: Any, good: bool) -> None:
    text = token({"role": "writer", "aud": aud})
    if good:
        assert identify(text, jwt_aud="us").role == "writer"
    else:
        assert_invalid(refused(text, jwt_aud="us"), "PGRST303")


def test_without_a_configured_audience_any_will_do() -> None:
    assert identify(token({"role": "writer", "aud": "them"})).role == "writer"
    assert_invalid(refused(token({"role": "writer", "aud": 5})), "PGRST303")


def test_the_claim_that_holds_the_role() -> None:
    text = token({"app": {"role": "writer"}})
    assert identify(text, jwt_role_claim_key=".app.role").role == "writer"
    assert identify(text).role == "anon"
    assert identify(token({"role": ["writer"]})).role == "anon"
    assert identify(token({"role": ""})).anonymous


@pytest.mark.parametrize("role", ["service_role\0x", "a\nb", "\ud800", "\u202e"])
def test_a_role_that_is_no_name(role: str) -> None:
    assert_invalid(refused(token({"role": role})), "PGRST303")


def test_a_secret_in_base64() -> None:
    secret = base64.b64encode(SECRET.encode()).decode()
    assert identify(token(GOOD), jwt_secret=secret, jwt_secret_is_base64=True).role == "writer"
    assert_invalid(refused(token(GOOD, secret=secret), jwt_secret=secret, jwt_secret_is_base64=True))


def test_the_secret_is_in_no_message() -> None:
    assert SECRET not in repr(Config(db_uri="x", jwt_secret=SECRET))
    assert all(SECRET not in str(refused(text).body()) for text in WRONG)
