"""Keys of every kind, which of them may verify what, and where in the claims the role stands."""

import base64
import hmac
import json
import warnings
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from rowgate.auth import Authenticator, TokenCache
from rowgate.auth.cache import Seen
from rowgate.auth.role_path import parse_role_path
from rowgate.config import Config, ConfigError
from rowgate.errors import Refusal

RSA = RSAKey.generate_key(2048)
OTHER_RSA = RSAKey.generate_key(2048)
P256 = ECKey.generate_key("P-256")
P384 = ECKey.generate_key("P-384")
ED = OKPKey.generate_key("Ed25519")
SHARED = OctKey.generate_key(512)
CLAIMS = json.dumps({"role": "writer"})


def signed(key: Key, algorithm: str, **header: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # EdDSA has another name now, and tokens have not
        return jws.serialize_compact({"alg": algorithm, **header}, CLAIMS, key, algorithms=[algorithm])


def forged(secret: bytes) -> str:
    """HS256 over bytes that no library would take for a secret."""
    parts = (b'{"alg":"HS256"}', CLAIMS.encode())
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    seal = base64.urlsafe_b64encode(hmac.digest(secret, text, "sha256")).rstrip(b"=")
    return (text + b"." + seal).decode()


def public(key: Key, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=key is SHARED), **more}


def door(*keys: dict[str, Any], **settings: Any) -> Authenticator:
    secret = json.dumps(keys[0] if len(keys) == 1 else {"keys": keys})
    return Authenticator(Config(jwt_secret=secret, **settings))


def role(text: str, authenticator: Authenticator) -> str:
    return authenticator.identify({"authorization": f"Bearer {text}"}).role


def details(text: str, authenticator: Authenticator) -> Any:
    with pytest.raises(Refusal) as info:
        role(text, authenticator)
    assert (info.value.status, info.value.code) == (401, "PGRST301")
    assert info.value.message == "No suitable key or wrong key type"
    return info.value.details


UNFIT = "No suitable key was found to decode the JWT"
UNABLE = "None of the keys was able to decode the JWT"


@pytest.mark.row("10 Bearer: asymmetric keys")
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA, "RS256"), (RSA, "RS384"), (RSA, "RS512"), (RSA, "PS256"), (RSA, "PS512"), (P256, "ES256"),
        (P384, "ES384"), (ED, "EdDSA"), (SHARED, "HS256"), (SHARED, "HS384"), (SHARED, "HS512"),
    ],
)  # fmt: skip
def test_a_key_verifies_its_algorithms(key: Key, algorithm: str) -> None:
    assert role(signed(key, algorithm), door(public(key))) == "writer"


def test_a_key_that_names_its_algorithm_verifies_no_other() -> None:
    one = door(public(RSA, alg="RS256", use="sig", key_ops=["verify"]))
    assert role(signed(RSA, "RS256"), one) == "writer"
    assert details(signed(RSA, "RS512"), one) == UNFIT


def test_a_public_key_is_no_shared_secret() -> None:
    """The old trick: HS256 over the public key that everybody knows."""
    for text in (json.dumps(public(RSA)), RSA.as_pem(private=False).decode()):
        assert details(forged(text.encode()), door(public(RSA))) == UNFIT


def test_a_plain_secret_means_hs256() -> None:
    secret = "a secret of the tests, long enough for HS512, which wants 64 bytes of it"
    plain, key = Authenticator(Config(jwt_secret=secret)), OctKey.import_key(secret)
    assert role(signed(key, "HS256"), plain) == "writer"
    assert details(signed(key, "HS512"), plain) == UNFIT


def test_a_set_of_keys_is_tried_one_by_one() -> None:
    ring = door(public(OTHER_RSA), public(RSA), public(P256), {**public(ED), "use": "enc"})
    assert role(signed(RSA, "RS256"), ring) == "writer"
    assert role(signed(P256, "ES256"), ring) == "writer"
    assert details(signed(ED, "EdDSA"), ring) == UNFIT
    assert details(signed(RSAKey.generate_key(2048), "RS256"), ring) == UNABLE


def test_a_kid_chooses_the_key() -> None:
    ring = door(public(RSA, kid="a"), public(OTHER_RSA, kid="b"))
    assert role(signed(RSA, "RS256", kid="a"), ring) == "writer"
    assert role(signed(RSA, "RS256"), ring) == "writer"
    assert details(signed(RSA, "RS256", kid="b"), ring) == UNABLE
    assert details(signed(RSA, "RS256", kid="c"), ring) == UNFIT
    assert details(signed(RSA, "RS256", kid="a"), door(public(RSA))) == UNFIT


def test_a_key_set_in_base64() -> None:
    written = base64.b64encode(json.dumps({"keys": [public(RSA)]}).encode()).decode()
    config = Config(jwt_secret=written, jwt_secret_is_base64=True)
    assert role(signed(RSA, "RS256"), Authenticator(config)) == "writer"


@pytest.mark.parametrize(
    "secret", ['{"kty": "RSA"}' + " " * 32, '{"keys": [5]}' + " " * 32, '{"keys": {"a": 1}}' + " " * 32]
)
def test_keys_that_are_none(secret: str) -> None:
    with pytest.raises(ConfigError, match="PGRST_JWT_SECRET"):
        Authenticator(Config(jwt_secret=secret))


# The role


NESTED = {
    "role": "plain",
    "https://a.example/role": {"key": "quoted"},
    "app": {"roles": ["other", "author", "/group/"], "list": [{"name": "x"}, {"name": "y", "on": "yes"}]},
    "number": 5,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".role", "plain"),
        ("$.role", "plain"),
        ("$['role']", "plain"),
        ('."https://a.example/role".key', "quoted"),
        ("$['https://a.example/role'].key", "quoted"),
        ('$["https://a.example/role"]["key"]', "quoted"),
        (".app.roles[1]", "author"),
        ("$.app.roles[-2]", "author"),
        ("$.app.roles[9]", None),
        ('.app.roles[?(@ == "author")]', "author"),
        ('.app.roles[?(@ != "other")]', "author"),
        ('.app.roles[?(@ ^== "aut")]', "author"),
        ('.app.roles[?(@ ==^ "hor")]', "author"),
        ('.app.roles[?(@ *== "utho")]', "author"),
        ('.app.roles[?(@ == "nobody")]', None),
        ("$.app.roles[?@ == 'author']", "author"),
        ("$.app.roles[?search(@, '^au')]", "author"),
        ("$.app.roles[?match(@, 'aut.*')]", "author"),
        ("$.app.list[?@.on == 'yes'].name", "y"),
        ("$.app.list[*].name", "x"),
        (".app.roles[2][1:]", "group/"),
        (".app.roles[2][1:-1]", "group"),
        ("$.app.roles[1:]", "author"),
        (".app.roles[2][:0]", None),
        (".number", None),
        (".app", None),
        (".role.deeper", None),
        (".role[0]", None),
    ],
)
def test_where_the_role_stands(path: str, found: str | None) -> None:
    assert parse_role_path(path)(NESTED) == found


@pytest.mark.parametrize(
    "path", ["role", ".a[", ".a[x]", "$.a[?(@ ~ 'x')]", "..a", ".", "$.a[?match(@, '(')]"]
)
def test_paths_that_are_none(path: str) -> None:
    with pytest.raises(ConfigError, match="failed to parse jwt-role-claim-key"):
        parse_role_path(path)


def test_the_database_is_told_the_role_that_was_found() -> None:
    authenticator = door(public(SHARED), jwt_role_claim_key=".app.role", db_anon_role="anon")
    caller = authenticator.identify({"authorization": f"Bearer {signed(SHARED, 'HS256')}"})
    assert (caller.role, json.loads(caller.claims), caller.anonymous) == ("anon", {"role": "anon"}, True)


# The cache


@pytest.mark.row("10 JWT cache")
def test_what_is_asked_for_again_stays() -> None:
    cache = TokenCache(2)
    cache.put("a", Seen({}))
    cache.put("b", Seen({}))
    assert cache.get("a") is not None
    cache.put("c", Seen({}))
    assert (cache.get("b"), cache.get("a") is not None, cache.evictions) == (None, True, 1)
    assert (cache.requests, cache.hits) == (3, 2)


@pytest.mark.row("10 JWT cache")
def test_no_cache_at_all() -> None:
    authenticator = door(public(SHARED), jwt_cache_max_entries=0)
    assert role(signed(SHARED, "HS256"), authenticator) == role(signed(SHARED, "HS256"), authenticator)
    assert len(authenticator.cache) == 0
