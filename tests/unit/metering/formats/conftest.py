"""AEMO's sample files, as the source distribution of nemreader has them. They are fetched, never kept here."""

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

_RELEASE = "nemreader==0.9.2"
_ARCHIVE = "nemreader-0.9.2.tar.gz"
_ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def samples(pytestconfig: pytest.Config) -> dict[str, bytes]:
    """Content by name; the tests skip where no package index can be reached."""
    assert pytestconfig.cache is not None
    folder = Path(pytestconfig.cache.mkdir("nemreader"))
    archive = folder / _ARCHIVE
    if not archive.exists():
        _fetch(folder)
    if not archive.exists():
        pytest.skip(f"{_RELEASE} could not be downloaded")
    known = (_ROOT / "requirements" / "dev.txt").read_text("utf-8")
    assert f"sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}" in known
    return dict(_files(archive))


def _fetch(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "nemreader"]
    try:
        subprocess.run(
            [*command, "--dest", str(folder), _RELEASE], timeout=180, check=False, capture_output=True
        )
    except subprocess.TimeoutExpired:
        return


def _files(archive: Path) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member) if "/examples/" in member.name else None
            if content is not None:
                found += _unpacked(member.name.split("/examples/")[1], content.read())
    return found


def _unpacked(name: str, data: bytes) -> list[tuple[str, bytes]]:
    if not name.lower().endswith(".zip"):
        return [(name, data)]
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        (inner,) = packed.namelist()
        return [(name, packed.read(inner))]
