"""Files that come over HTTP: the body or the parts of a form, spooled to disk, never whole in memory."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

from python_multipart.exceptions import ParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from submeter.core.problem import Problem, Refused
from submeter.db.problems import from_os_error
from submeter.metering.problems import no_content

__all__ = ["Sent", "Upload", "receive_files"]

PATIENCE_S = 60  # how long the next piece of a body may take
LONGEST_FIELD = 1000
MOST_PARTS = 100

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came, under the name that its sender gave it."""

    name: str
    path: Path

    def open(self) -> BinaryIO:
        """Its bytes, from the first."""
        return self.path.open("rb")


@dataclass
class Sent:
    """What a request brought: files, and the fields of the form beside them."""

    files: list[Upload] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


class Spool(ABC):
    """Takes a body piece by piece, and writes what is in it to files, the last of which may be open."""

    file: BinaryIO | None = None

    @abstractmethod
    def feed(self, piece: bytes) -> None:
        """The next piece."""

    @abstractmethod
    def end(self) -> Sent:
        """All that came. Raises Refused MTR236 where something is missing."""

    def close(self) -> None:
        """No more is written to the file."""
        if self.file is not None:
            self.file.close()
            self.file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def receive_files(
    receive: Receive, headers: Mapping[str, str], name: str, folder: Path, limit: int
) -> Sent:
    """Read a body of at most `limit` bytes into files of `folder`; `name` is for one that is no form.

    Raises Refused: MTR234 no file, MTR235 too large, MTR236 a damaged form, MTR238 too slow, DBS105 where the
    disk is full; ConnectionAbortedError if the client has gone.
    """
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:18]) > limit:
        raise Refused(_too_large(limit))
    try:
        with _spool(headers.get("content-type", ""), name, folder) as spool:
            await _read(receive, spool, limit)
            sent = spool.end()
    except ParseError as error:
        raise Refused(_damaged(str(error))) from error
    except OSError as error:
        raise error if isinstance(error, ConnectionError) else from_os_error(error) from error
    if not sent.files:
        raise Refused(no_content("the form has no file"))
    return sent


async def _read(receive: Receive, spool: Spool, limit: int) -> None:
    size, more = 0, True
    while more:
        message = await _next(receive)
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise Refused(_too_large(limit))
        spool.feed(piece)
        more = message.get("more_body", False)


async def _next(receive: Receive) -> MutableMapping[str, Any]:
    try:
        message = await asyncio.wait_for(receive(), PATIENCE_S)
    except TimeoutError:
        raise Refused(_too_slow()) from None
    if message["type"] == "http.disconnect":
        raise ConnectionAbortedError
    return message


def _spool(content_type: str, name: str, folder: Path) -> Spool:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return _Body(name, folder)
    if not options.get(b"boundary"):
        raise Refused(_damaged("its Content-Type names no boundary"))
    return _Form(options[b"boundary"], folder)


class _Body(Spool):
    """The body is the file."""

    def __init__(self, name: str, folder: Path) -> None:
        self._upload = Upload(name, folder / "0")
        self.file = self._out = self._upload.path.open("wb")

    def feed(self, piece: bytes) -> None:
        self._out.write(piece)

    def end(self) -> Sent:
        self.close()
        return Sent([self._upload])


class _Form(Spool):
    """Parts of a form: those with a file name are files, the others fields."""

    def __init__(self, boundary: bytes, folder: Path) -> None:
        self._folder = folder
        self._sent = Sent()
        self._parts = 0
        self._header = [b"", b""]
        self._headers: dict[bytes, bytes] = {}
        self._field = ""
        self._text = b""
        self._ended = False
        self._parser = MultipartParser(boundary, {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._heard(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._heard(1, data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._open,
            "on_part_data": self._data,
            "on_part_end": self._close,
            "on_end": self._end,
        })  # fmt: skip

    def feed(self, piece: bytes) -> None:
        self._parser.write(piece)

    def end(self) -> Sent:
        self._parser.finalize()
        if not self._ended:
            raise Refused(_damaged("it breaks off"))
        return self._sent

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Refused(_damaged(f"it has more than {MOST_PARTS} parts"))
        self._headers, self._field, self._text = {}, "", b""

    def _heard(self, which: int, data: bytes) -> None:
        self._header[which] += data

    def _header_end(self) -> None:
        self._headers[self._header[0].lower()] = self._header[1]
        self._header = [b"", b""]

    def _open(self) -> None:
        _, said = parse_options_header(self._headers.get(b"content-disposition"))
        self._field = said.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in said:
            name = said[b"filename"].decode("utf-8", "replace")
            upload = Upload(name or self._field or "upload", self._folder / str(self._parts))
            self.file = upload.path.open("wb")
            self._sent.files.append(upload)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self.file is not None:
            self.file.write(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > LONGEST_FIELD:
            raise Refused(_damaged(f"the field {self._field!r} is too long; a file needs a file name"))

    def _close(self) -> None:
        if self.file is None:
            self._sent.fields[self._field] = self._text.decode("utf-8", "replace")
        self.close()

    def _end(self) -> None:
        self._ended = True


def _too_large(limit: int) -> Problem:
    hint = (
        "Pack it with gzip, split it, raise SUBMETER_UPLOAD_LIMIT, or use `submeter import`: no limit there."
    )
    return Problem("MTR235", "The upload is too large", f"more than {limit // 1_000_000} MB", hint)


def _damaged(detail: str) -> Problem:
    hint = "Send multipart/form-data with the file as a part that has a file name, or the file as the body."
    return Problem("MTR236", "The form cannot be read", detail, hint)


def _too_slow() -> Problem:
    detail = f"nothing came for {PATIENCE_S} s"
    return Problem("MTR238", "The upload does not arrive", detail, "Send it again; nothing was loaded.")
