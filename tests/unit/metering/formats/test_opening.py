"""Opening what is sent: archives, encodings, bombs. Sizes are small; the limits are turned down instead."""

import gzip
import io
import zipfile
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.metering.formats.opening import Limits, opened
from submeter.metering.model import FileError

TEXT = "MPAN,Date,Wärme\n" * 10_000


def read(data: bytes, name: str = "a.csv", limits: Limits | None = None) -> list[tuple[str, str, bytes]]:
    return [(one.name, one.encoding, one.stream.read()) for one in opened(io.BytesIO(data), name, limits)]


def zipped(*members: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return target.getvalue()


def refusal(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(FileError) as refused:
        read(data, limits=limits)
    assert refused.value.problem.hint
    return refused.value.problem.code


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8 with byte order mark"),
        (TEXT.encode("utf-16"), "utf-16-le with byte order mark"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-be with byte order mark"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_every_encoding_becomes_utf_8(data: bytes, encoding: str) -> None:
    assert read(data) == [("a.csv", encoding, TEXT.encode())]
    (member,) = opened(io.BytesIO(data))
    assert TEXT.encode().startswith(member.head[:1000])


def test_a_character_that_the_head_cuts_in_two_is_utf_8_still() -> None:
    text = "x" * 65535 + "ä" + "y"
    assert read(text.encode()) == [("a.csv", "utf-8", text.encode())]


def test_gzip_with_several_members_and_zip_with_several_files() -> None:
    packed = gzip.compress(b"one,") + gzip.compress(b"two")
    assert read(packed, "a.csv.gz") == [("a.csv", "utf-8", b"one,two")]
    archive = zipped(
        ("b.csv", b"two"),
        ("a.csv", b"one"),
        ("__MACOSX/a.csv", b"junk"),
        ("deep/", b""),
        ("c.csv.gz", packed),
    )
    assert [(name, data) for name, _, data in read(archive)] == [
        ("a.csv", b"one"),
        ("b.csv", b"two"),
        ("c.csv", b"one,two"),
    ]


def test_archives_within_archives_have_an_end() -> None:
    inner = zipped(("a.csv", b"one"))
    assert read(zipped(("in.zip", inner)))[0][2] == b"one"
    assert refusal(zipped(("in.zip", zipped(("in.zip", inner))))) == "MTR147"
    assert refusal(gzip.compress(gzip.compress(gzip.compress(b"one")))) == "MTR147"


def test_bombs() -> None:
    small = Limits(total=1 << 20, free=1 << 18, ratio=50, members=3)
    zeros = b"0" * (1 << 19)
    assert refusal(gzip.compress(zeros), small) == "MTR145"
    assert refusal(zipped(("a.csv", zeros)), small) == "MTR145"
    assert refusal(gzip.compress(bytes(2 << 20)), Limits(total=1 << 20, ratio=10**6)) == "MTR145"
    assert refusal(zipped(*((f"{n}.csv", b"x") for n in range(4))), small) == "MTR146"
    assert refusal(zipped(*((f"{n}{'x' * 200}.csv", b"x") for n in range(40))), small) == "MTR146"
    assert len(read(gzip.compress(zeros), limits=Limits(ratio=50))) == 1  # small ones may pack well


def test_entries_that_claim_the_same_bytes_do_not_buy_a_ratio() -> None:
    data = bytearray(zipped(*((f"{n}.csv", b"0" * (1 << 17)) for n in range(4))))
    at = -1
    while (at := data.find(b"PK\1\2", at + 1)) >= 0:
        data[at + 20 : at + 24] = (1 << 20).to_bytes(4, "little")
    limits = Limits(free=1 << 16, ratio=50)
    assert refusal(bytes(data), limits) in {"MTR145", "MTR144"}


UNUSABLE = {
    "nothing": (b"", "MTR142"),
    "gzip of nothing": (gzip.compress(b""), "MTR142"),
    "zip of nothing": (zipped(), "MTR142"),
    "PDF": (b"%PDF-1.7", "MTR143"),
    "Office before 2007": (b"\xd0\xcf\x11\xe0\xa1", "MTR143"),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c", "MTR143"),
    "no text": (b"\x01\x02\x00\x03\x04\x05\x06", "MTR143"),
    "workbook": (zipped(("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")), "MTR143"),
    "gzip cut off": (gzip.compress(TEXT.encode())[:-20], "MTR144"),
    "gzip damaged": (gzip.compress(TEXT.encode())[:40] + b"damage" * 9, "MTR144"),
    "zip cut off": (zipped(("a.csv", TEXT.encode()))[:-30], "MTR144"),
    "zip by its first bytes only": (b"PK\3\4 and nothing else", "MTR144"),
}


@pytest.mark.parametrize(("data", "code"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_opened(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_a_damaged_member_is_found_while_it_is_read() -> None:
    data = bytearray(zipped(("a.csv", b"".join(b"%d,%d\n" % (n, n * n) for n in range(60_000)))))
    data[len(data) - 5000] ^= 0xFF
    member = next(members := opened(io.BytesIO(bytes(data))))
    with pytest.raises(FileError) as refused:
        member.stream.read()
    members.close()
    assert refused.value.problem.code == "MTR144"


def test_a_damaged_member_of_a_zip_file() -> None:
    data = bytearray(zipped(("a.csv", bytes(range(256)).hex().encode() * 50)))
    data[60] ^= 0xFF
    assert refusal(bytes(data)) == "MTR144"


def test_an_encrypted_zip_file() -> None:
    data = bytearray(zipped(("a.csv", b"one")))
    data[data.index(b"PK\1\2") + 8] |= 1
    assert refusal(bytes(data)) == "MTR148"


def test_a_zip_file_needs_more_than_a_pipe() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(FileError) as refused:
        list(opened(Pipe(zipped(("a.csv", b"one")))))
    assert refused.value.problem.code == "MTR149"
    assert [one.stream.read() for one in opened(Pipe(gzip.compress(b"one")))] == [b"one"]


class _Few(io.BytesIO):
    """A stream that gives a few bytes at a time, as a network does."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 3) if size is not None and size > 0 else 3)


@given(st.binary(min_size=1, max_size=2000), st.integers(1, 500))
def test_gzip_gives_back_what_was_packed(data: bytes, size: int) -> None:
    packed = gzip.compress(b"a," + data.replace(b"\0", b"1"))
    if packed[10:12] == b"PK":
        return
    text = b"a," + data.replace(b"\0", b"1")
    (member,) = opened(_Few(packed), "x.gz")
    parts = []
    while part := member.stream.read(size):
        parts.append(part)
    expected = text if member.encoding == "utf-8" else text.decode("cp1252", "replace").encode()
    assert b"".join(parts) == expected


@given(st.binary(max_size=200))
def test_any_bytes_open_or_are_refused(data: bytes) -> None:
    for start in (b"", b"PK\3\4", b"\x1f\x8b\x08\0\0\0\0\0\0\0", zlib.compress(b"x")):
        with suppress(FileError):
            assert all(encoding for _, encoding, _ in read(start + data))
