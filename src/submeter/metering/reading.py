"""A file as its items: opened, recognised, parsed, one after the other, never as a whole."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from submeter.metering.formats.detect import detect, format_named
from submeter.metering.formats.opening import opened
from submeter.metering.model import Item

__all__ = ["Part", "parts"]


class Part(NamedTuple):
    """What was sent, or a member of the archive that was sent. Its items are read before the next part."""

    name: str
    format: str
    items: Iterator[Item]


def parts(stream: BinaryIO, name: str, format_name: str = "") -> Iterator[Part]:
    """The files in what was sent.

    Raises FileError where one cannot be opened or recognised, Refused MTR155 for a name that is no format's.
    """
    for member in opened(stream, name):
        found = format_named(format_name) if format_name else detect(member.head)
        yield Part(member.name, found.name, found.parse(member.stream))
