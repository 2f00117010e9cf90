"""Every setting of Submeter, as one frozen object: defaults, then `submeter.toml`, then the environment."""

import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from submeter.core.problem import Problem, Refused

FILE_NAME = "submeter.toml"

_SHORTEST_SECRET = 32


@dataclass(frozen=True)
class Settings:
    """What can be set. Each field is `SUBMETER_<FIELD>` in the environment and `<field>` in the file.

    `DATABASE_URL` and `PORT` are read as well, because hosts set them; the `SUBMETER_` name wins.
    """

    data_dir: Path = Path(".submeter")
    """Where the embedded database, the secret and the locks live (absolute once loaded)."""
    database_url: str | None = field(default=None, repr=False)
    """A PostgreSQL (15 or newer) of your own, as the owner of the database. Empty: the embedded one."""
    authenticator_url: str | None = field(default=None, repr=False)
    """How to log in as `authenticator`, where its password is not ours to set."""
    host: str = "127.0.0.1"
    port: int = 8000
    jwt_secret: str | None = field(default=None, repr=False)
    """The secret of the tokens, 32 characters or more. Empty: made once, in `<data_dir>/jwt-secret`."""
    default_esco: str | None = None
    """The code of the ESCO that a new row belongs to when neither the row nor the token says."""
    db_bin_dir: Path | None = None
    """PostgreSQL's programs for the embedded server, instead of those that came with Submeter."""
    statement_timeout: int = 60
    """Seconds after which a statement of a REST request is given up. 0: never."""
    upload_limit: int = 2000
    """Megabytes that an upload to /api/meter-data may have."""
    db_port: int | None = None
    """Let the embedded server listen on 127.0.0.1 too. Empty: a unix socket only."""

    def get_jwt_secret(self) -> str:
        """The secret of the tokens; made and kept (mode 0600) if nobody chose one."""
        return self.jwt_secret or _kept_secret(self.data_dir)


def load_settings(environ: Mapping[str, str] = os.environ, directory: Path | None = None) -> Settings:
    """Settings from `submeter.toml` in `directory` (the working directory) and from `environ`.

    Raises Refused: SET101 for a name we do not know in the file, SET102 for a value that does not
    fit, SET103 for a file that cannot be read.
    """
    directory = directory or Path.cwd()
    values = {**_from_file(directory / FILE_NAME), **_from_environment(environ)}
    settings = replace(Settings(), **{name: _typed(name, value) for name, value in values.items()})
    return replace(settings, data_dir=(directory / settings.data_dir.expanduser()).absolute())


def create_data_dir(data_dir: Path) -> None:
    """Make the data directory if it is missing: private, but passable for the server's user when root.

    A directory that is already there keeps its permissions: it may not be ours alone.
    """
    if data_dir.is_dir():
        return
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    (data_dir / ".gitignore").write_text("*\n")


def _from_file(path: Path) -> dict[str, Any]:
    try:
        named = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(Problem("SET103", "The settings file cannot be read", f"{path}: {error}")) from error
    values = {name.lower().removeprefix("submeter_"): value for name, value in named.items()}
    for name in values:
        if name not in _NAMES:
            raise Refused(_unknown(name, path))
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    hosts = {"database_url": "DATABASE_URL", "port": "PORT"}
    named = {
        name: environ.get(f"SUBMETER_{name.upper()}") or environ.get(hosts.get(name, "")) for name in _NAMES
    }
    return {name: value for name, value in named.items() if value}


def _unknown(name: str, path: Path) -> Problem:
    import difflib  # noqa: PLC0415  only a mistake pays for the import

    near = difflib.get_close_matches(name, _NAMES, 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"The names are: {', '.join(_NAMES)}."
    return Problem("SET101", "No such setting", f"{name!r} in {path}", hint, {"name": name})


def _typed(name: str, value: Any) -> Any:
    try:
        return _READ[name](value) if name in _READ else _text(value)
    except (TypeError, ValueError) as error:
        detail = f"{name} = {value!r}: {error}" if name != "jwt_secret" else f"{name}: {error}"
        raise Refused(Problem("SET102", "A setting has a value that does not fit", detail)) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _path(value: Any) -> Path:
    return Path(_text(value)).expanduser()


def _seconds(value: Any) -> int:
    return _whole_number(value, 86_400)


def _megabytes(value: Any) -> int:
    return _whole_number(value, 1_000_000)


def _port(value: Any) -> int:
    return _whole_number(value, 65_535)


def _whole_number(value: Any, most: int) -> int:
    if isinstance(value, bool) or not str(value).strip().isdecimal() or int(value) > most:
        raise ValueError(f"a whole number from 0 to {most} is expected")
    return int(value)


def _secret(value: Any) -> str:
    if len(_text(value)) < _SHORTEST_SECRET:
        raise ValueError(f"the secret must have {_SHORTEST_SECRET} characters or more")
    return _text(value)


_NAMES = tuple(setting.name for setting in fields(Settings))
_READ: dict[str, Callable[[Any], Any]] = {
    "data_dir": _path,
    "db_bin_dir": _path,
    "port": _port,
    "db_port": _port,
    "statement_timeout": _seconds,
    "upload_limit": _megabytes,
    "jwt_secret": _secret,
}


def _kept_secret(data_dir: Path) -> str:
    path = data_dir / "jwt-secret"
    try:
        if not path.exists():
            create_data_dir(data_dir)
            write_private(path, secrets.token_urlsafe(48) + "\n")
        return _secret(path.read_text("ascii").strip())
    except OSError as error:
        raise Refused(
            Problem(
                "SET104",
                "The secret of the tokens cannot be read or made",
                f"{path}: {error.strerror}",
                "Run as the owner of the data directory, or set SUBMETER_JWT_SECRET.",
            )
        ) from error
    except ValueError as error:
        raise Refused(
            Problem("SET102", "A setting has a value that does not fit", f"{path}: {error}")
        ) from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all; the first of two writers wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
