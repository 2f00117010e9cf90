"""The documentation as values: pages, their fenced blocks, headings and links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^(?P<fence>```+|~~~+)(?P<info>[^`]*)$")
_NOT_RUN = re.compile(r"<!--\s*not run:\s*(?P<reason>.*?)\s*-->", re.DOTALL)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_INLINE_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True)
class Block:
    """A fenced block. ``shows_output`` marks one that holds what the block before it prints."""

    page: str
    line: int
    language: str
    text: str
    shows_output: bool = False
    not_run: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.language})"


@dataclass(frozen=True)
class Page:
    """A Markdown file; ``path`` is relative to the repository."""

    path: str
    text: str

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(_blocks(self))

    @property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return "\n".join(line for line, fenced in _lines(self.text) if not fenced)

    @property
    def anchors(self) -> frozenset[str]:
        """The anchors that its headings get; a second one of a name gets a number."""
        seen: dict[str, int] = {}
        anchors = []
        for line in self.prose.splitlines():
            if found := _HEADING.match(line):
                name = _anchor(found[1])
                count = seen.get(name, 0)
                seen[name] = count + 1
                anchors.append(f"{name}-{count}" if count else name)
        return frozenset(anchors)

    @property
    def links(self) -> tuple[str, ...]:
        return tuple(found[1] for found in _LINK.finditer(_INLINE_CODE.sub("", self.prose)))


def read_page(path: str) -> Page:
    return Page(path, (ROOT / path).read_text("utf-8"))


def list_pages() -> tuple[Page, ...]:
    """Every page of the documentation: those of the root and all under docs/."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return tuple(read_page(str(file.relative_to(ROOT))) for file in sorted(files))


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is part of a fenced block (its fences too)."""
    fence = ""
    for line in text.splitlines():
        found = _FENCE.match(line.strip())
        if fence:
            yield line, True
            if found and found["fence"].startswith(fence) and not found["info"].strip():
                fence = ""
        elif found:
            fence = found["fence"]
            yield line, True
        else:
            yield line, False


def _blocks(page: Page) -> Iterator[Block]:
    start, info, before = 0, "", ""
    body: list[str] = []
    for number, (line, fenced) in enumerate(_lines(page.text), 1):
        if not fenced:
            before = line if line.strip() and not before.rstrip().endswith("-->") else before + "\n" + line
            start = 0
        elif not start:
            start, body, info = number, [], line.strip().lstrip("`~")
        elif _FENCE.match(line.strip()) and not line.strip().strip("`~"):
            language, *more = info.split() or ["", ""]
            marker = _NOT_RUN.fullmatch(before.strip())
            reason = marker["reason"] if marker else None
            yield Block(page.path, start, language, "\n".join(body) + "\n", "output" in more, reason)
            start, before = 0, ""
        else:
            body.append(line)


def _anchor(heading: str) -> str:
    """GitHub's anchor of a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
