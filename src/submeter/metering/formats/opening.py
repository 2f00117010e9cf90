"""How a file is opened: plain, gzip or zip, in any usual encoding, with limits against bombs.

Whatever comes, a format gets a stream of UTF-8 without byte order mark. Nothing is read whole.
"""

import codecs
import io
import zipfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from submeter.metering.formats import findings
from submeter.metering.model import FileError

__all__ = ["HEAD", "Limits", "Member", "opened"]

HEAD = 1 << 16
"""So many bytes are looked at to recognise a file."""
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What an upload may unpack to. The ratio counts only beyond `free` bytes: nights of zeros pack well."""

    total: int = 8 << 30
    ratio: int = 200
    free: int = 64 << 20
    members: int = 1000
    nesting: int = 2


@dataclass(frozen=True, slots=True)
class Member:
    """A file within what was sent: `stream` is UTF-8; `encoding` is what it was."""

    name: str
    stream: BinaryIO
    encoding: str
    head: bytes


@dataclass(slots=True)
class _Budget:
    """What has been unpacked so far, over all members."""

    limits: Limits
    packed: int = 0
    sent: int | None = None
    """The size of an archive as a whole: its entries may claim the same bytes many times."""
    unpacked: int = 0
    members: int = 0

    def unpack(self, count: int) -> None:
        self.unpacked += count
        if self.unpacked > self.limits.total:
            raise FileError(findings.too_large(f"more than {self.limits.total} bytes"))
        if self.unpacked > self.limits.free and self.unpacked > self.limits.ratio * self._packed():
            raise FileError(findings.too_large(f"more than {self.limits.ratio} times what was sent"))

    def _packed(self) -> int:
        return max(1, self.packed if self.sent is None else min(self.packed, self.sent))

    def member(self) -> None:
        self.members += 1
        if self.members > self.limits.members:
            raise FileError(findings.too_many_members(self.limits.members))


def opened(stream: BinaryIO, name: str = "", limits: Limits | None = None) -> Generator[Member, None, None]:
    """The files in what was sent, one after the other; each must be read before the next is asked for.

    Raises FileError: MTR142 empty, MTR143 a workbook, PDF, ..., MTR144 damaged, MTR145 to MTR147 beyond a
    limit, MTR148 encrypted, MTR149 a zip file in a pipe.
    """
    yield from _members(stream, name, _Budget(limits or Limits()), 0)


def _members(stream: BinaryIO, name: str, budget: _Budget, depth: int) -> Iterator[Member]:
    if depth > budget.limits.nesting:
        raise FileError(findings.too_deep(budget.limits.nesting))
    source = _Peeked(stream)
    head = source.head
    if head.startswith(b"PK"):
        yield from _zipped(stream, budget, depth)
    elif head.startswith(b"\x1f\x8b"):
        plain = name.removesuffix(".gz")
        yield from _members(io.BufferedReader(_Gunzipped(source, budget), _CHUNK), plain, budget, depth + 1)
    else:
        budget.member()
        yield _plain(source, name)


# --- archives --------------------------------------------------------------------------------------------


class _Peeked(io.RawIOBase):
    """A stream whose first bytes have been looked at."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.head = _read_fully(stream, HEAD)
        self._given = 0

    def skip(self, count: int) -> None:
        """Passes over a mark at the beginning, before anything is read."""
        self._given = count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._given < len(self.head):
            data = self.head[self._given : self._given + len(view)]
            self._given += len(data)
        else:
            data = self._stream.read(len(view)) or b""
        view[: len(data)] = data
        return len(data)


def _read_fully(stream: BinaryIO, size: int) -> bytes:
    parts, missing = [], size
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class _Gunzipped(io.RawIOBase):
    """Unpacks as it is read; members one after the other are one stream, as gzip has it."""

    def __init__(self, source: io.RawIOBase, budget: _Budget) -> None:
        self._source, self._budget = source, budget
        self._engine = zlib.decompressobj(wbits=31)
        self._packed = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self._some(len(view)) if view else b""
        self._budget.unpack(len(data))
        view[: len(data)] = data
        return len(data)

    def _some(self, size: int) -> bytes:
        while True:
            if not self._packed:
                self._packed = self._source.read(_CHUNK) or b""
                self._budget.packed += len(self._packed)
            if self._engine.eof:
                if not self._packed.strip(b"\0"):
                    return b""
                self._engine = zlib.decompressobj(wbits=31)
            elif not self._packed:
                raise FileError(findings.damaged_archive("the gzip stream has no end"))
            data = self._unpack(size)
            if data:
                return data

    def _unpack(self, size: int) -> bytes:
        try:
            data = self._engine.decompress(self._packed, size)
        except zlib.error as error:
            raise FileError(findings.damaged_archive(str(error))) from None
        self._packed = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
        return data


def _zipped(stream: BinaryIO, budget: _Budget, depth: int) -> Iterator[Member]:
    if not stream.seekable():
        raise FileError(findings.not_seekable())
    _check_directory(stream, budget, depth)
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_entries(entries)
            for entry in sorted(entries, key=lambda entry: entry.filename):
                yield from _entry(archive, entry, budget, depth)
    except _DAMAGE as error:
        raise FileError(findings.damaged_archive(str(error))) from None


_END = b"PK\5\6"
_END_LENGTH = 22
_OF_AN_ENTRY = 1024


def _check_directory(stream: BinaryIO, budget: _Budget, depth: int) -> None:
    """The directory of a zip file is read whole, so its size is looked at before."""
    size = stream.seek(0, io.SEEK_END)
    if depth == 0:
        budget.sent = size
    stream.seek(max(0, size - _END_LENGTH - 0xFFFF))
    tail = stream.read(_END_LENGTH + 0xFFFF)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_LENGTH:
        raise FileError(findings.damaged_archive("the directory at its end is missing"))
    if int.from_bytes(tail[at + 12 : at + 16], "little") > budget.limits.members * _OF_AN_ENTRY:
        raise FileError(findings.too_many_members(budget.limits.members))


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    names = {entry.filename for entry in entries}
    if names & {"[Content_Types].xml", "mimetype"}:
        raise FileError(findings.no_meter_data("a workbook or document", "Save the sheet as CSV (UTF-8)"))
    if not entries:
        raise FileError(findings.empty_file())


_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
_HIDDEN = ("__MACOSX/", ".")


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: _Budget, depth: int) -> Iterator[Member]:
    if entry.filename.startswith(_HIDDEN):
        return
    if entry.flag_bits & 1:
        raise FileError(findings.encrypted(entry.filename))
    budget.packed += entry.compress_size
    with archive.open(entry) as unpacked:
        counted = io.BufferedReader(_Counted(cast("BinaryIO", unpacked), budget), _CHUNK)
        yield from _members(counted, entry.filename, budget, depth + 1)


class _Counted(io.RawIOBase):
    """A member of a zip file. It can be rewound, as a zip file in it demands; that counts again."""

    def __init__(self, stream: BinaryIO, budget: _Budget) -> None:
        self._stream, self._budget = stream, budget

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._stream.read(len(view))
        except _DAMAGE as error:
            raise FileError(findings.damaged_archive(str(error) or "it ends early")) from None
        self._budget.unpack(len(data))
        view[: len(data)] = data
        return len(data)


# --- encodings -------------------------------------------------------------------------------------------

_KINDS = {
    b"%PDF": ("PDF", "Ask for the data as CSV or NEM12"),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word file", "Save the sheet as CSV (UTF-8)"),
    b"7z\xbc\xaf": ("7z", "Unpack it, or send zip or gzip"),
    b"Rar!": ("RAR", "Unpack it, or send zip or gzip"),
    b"\xfd7zXZ": ("xz", "Unpack it, or send zip or gzip"),
    b"BZh": ("bzip2", "Unpack it, or send zip or gzip"),
    b"(\xb5/\xfd": ("Zstandard", "Unpack it, or send zip or gzip"),
    b"\x89PNG": ("a picture", "Ask for the data as CSV or NEM12"),
    b"\xff\xd8\xff": ("a picture", "Ask for the data as CSV or NEM12"),
}
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def _plain(source: _Peeked, name: str) -> Member:
    head = source.head
    if not head:
        raise FileError(findings.empty_file())
    for magic, (kind, hint) in _KINDS.items():
        if head.startswith(magic):
            raise FileError(findings.no_meter_data(kind, hint))
    mark = next(((mark, encoding) for mark, encoding in _MARKS if head.startswith(mark)), None)
    if mark is not None:
        source.skip(len(mark[0]))
    encoding = mark[1] if mark is not None else _encoding(head)
    told = encoding + (" with byte order mark" if mark is not None else "")
    text = source if encoding == "utf-8" else _Recoded(source, encoding)
    stream = io.BufferedReader(text, _CHUNK)
    return Member(name, stream, told, _decoded(head[len(mark[0]) if mark else 0 :], encoding))


def _encoding(head: bytes) -> str:
    """By its first bytes: half of UTF-16 text is zeros, and what is not UTF-8 is from Windows."""
    zeros = [head[odd::2].count(0) * 3 for odd in (0, 1)]
    if max(zeros) > len(head) // 2:
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    if b"\0" in head[:1024]:
        raise FileError(findings.no_meter_data("binary data", "Ask for the data as CSV or NEM12"))
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _decoded(head: bytes, encoding: str) -> bytes:
    return codecs.getincrementaldecoder(encoding)("replace").decode(head).encode("utf-8")


class _Recoded(io.RawIOBase):
    """Text of another encoding, as UTF-8."""

    def __init__(self, source: io.RawIOBase, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        while not self._ready and not self._ended:
            chunk = self._source.read(_CHUNK) or b""
            self._ended = not chunk
            self._ready = self._decoder.decode(chunk, final=self._ended).encode("utf-8")
        count = min(len(view), len(self._ready))
        view[:count], self._ready = self._ready[:count], self._ready[count:]
        return count
