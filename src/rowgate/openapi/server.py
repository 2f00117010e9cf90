"""Where clients are told to send their requests."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from rowgate.config import Config

_ANY = frozenset(("*", "*4", "!4", "*6", "!6"))
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Server:
    """``host`` has its port, even the usual one."""

    scheme: str
    host: str
    path: str

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.path.rstrip('/')}"


def server_of(config: Config) -> Server:
    """The proxy that the settings name, else where the gateway listens."""
    if not config.openapi_server_proxy_uri:
        host = "0.0.0.0" if config.server_host in _ANY else config.server_host  # noqa: S104
        return Server("http", f"{host}:{config.server_port}", "/")
    parts = urlsplit(config.openapi_server_proxy_uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return Server(parts.scheme, f"{host}:{parts.port or _PORTS[parts.scheme]}", parts.path or "/")
