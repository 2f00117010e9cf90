"""The keys that tokens may be signed with, and which of them a token's header speaks of."""

import base64
import json
import warnings
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key as JoseKey
from joserfc.jwk import OctKey, import_key

from rowgate.auth.refusals import invalid_token
from rowgate.config import Config, ConfigError, padded

__all__ = ["KeyRing"]

_BY_KIND = {
    "oct": ("HS256", "HS384", "HS512"),
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "secp256k1": ("ES256K",),
    "Ed25519": ("EdDSA", "Ed25519"),
    "Ed448": ("EdDSA", "Ed448"),
}


@dataclass(frozen=True, slots=True)
class _Key:
    """A key with what it is for: it verifies only its own algorithms, so none can pass for another."""

    key: JoseKey
    algorithms: tuple[str, ...]
    kid: str | None = None


class KeyRing:
    """All keys of ``jwt-secret``: a secret, one JSON Web Key, or a set of them."""

    def __init__(self, config: Config) -> None:
        self._keys = _read(config)

    def verify(self, token: str) -> bytes:
        """The payload of a token that one of the keys signed. Raises Refusal for any other."""
        header = _header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if isinstance(algorithm, str) and algorithm.lower() == "none":
            raise invalid_token(
                "Wrong or unsupported encoding algorithm",
                "JWT is unsecured but expected 'alg' was not 'none'",
            )
        fitting = [
            key for key in self._keys if algorithm in key.algorithms and (kid is None or kid == key.kid)
        ]
        if not fitting:
            raise invalid_token(_NO_KEY, "No suitable key was found to decode the JWT")
        for key in fitting:
            payload = _payload(token, key, str(algorithm))
            if payload is not None:
                return payload
        raise invalid_token(_NO_KEY, "None of the keys was able to decode the JWT")


_NO_KEY = "No suitable key or wrong key type"


def _header(token: str) -> dict[str, Any]:
    part = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or "crit" in header:  # we know none of the extensions it may insist on
        raise invalid_token("JWT couldn't be decoded")
    return header


def _payload(token: str, key: _Key, algorithm: str) -> bytes | None:
    try:
        with warnings.catch_warnings():
            # RFC 9864 renames EdDSA; tokens go on being signed under the old name.
            warnings.simplefilter("ignore", SecurityWarning)
            return jws.deserialize_compact(token, key.key, algorithms=[algorithm]).payload
    except (JoseError, ValueError, TypeError, RecursionError):
        return None


def _read(config: Config) -> tuple[_Key, ...]:
    secret = config.jwt_secret
    if config.jwt_secret_is_base64:
        raw = base64.urlsafe_b64decode(padded(secret))
        try:
            secret = raw.decode()
        except UnicodeDecodeError:
            return (_shared(raw),)
    written = _as_json(secret)
    if written is None:
        return (_shared(secret.encode()),)
    keys = written.get("keys", [written])
    if not isinstance(keys, list):
        raise ConfigError("PGRST_JWT_SECRET is a key set whose `keys` are no list")
    return tuple(_one(key) for key in keys if not isinstance(key, dict) or key.get("use") != "enc")


def _as_json(secret: str) -> dict[str, Any] | None:
    """The key or key set that the secret is, if it is one; else it is a text that is the secret itself."""
    try:
        written = json.loads(secret)
    except (ValueError, RecursionError):
        return None
    return written if isinstance(written, dict) and ("keys" in written or "kty" in written) else None


def _shared(secret: bytes) -> _Key:
    return _Key(OctKey.import_key(secret), ("HS256",))


def _one(written: Any) -> _Key:
    try:
        # What a key says of its use is for the issuer too; here it only ever verifies.
        plain = {name: value for name, value in written.items() if name not in ("key_ops", "use", "alg")}
        key = import_key(plain)
        kind = written["kty"] if written["kty"] in _BY_KIND else written.get("crv", "")
        own = written.get("alg")
        kid = written.get("kid")
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"PGRST_JWT_SECRET holds a key that cannot be read: {error}") from error
    return _Key(key, tuple(name for name in _BY_KIND.get(kind, ()) if own in (None, name)), kid)
