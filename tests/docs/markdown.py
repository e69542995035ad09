"""What the tests read out of a Markdown page: its code blocks, links and headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block. The first word of its info string is the language, then come marks."""

    language: str
    marks: tuple[str, ...]
    code: str


def pages() -> list[Path]:
    """Every page of the documentation."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def shown(page: Path) -> str:
    """The page's name for a report."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[Block]:
    """The page's blocks of a language, in their order."""
    found = []
    for info, code in _FENCE.findall(page.read_text()):
        first, *marks = info.split() or [""]
        if first == language:
            found.append(Block(first, tuple(marks), code))
    return found


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> Iterator[str]:
    """Where the page leads to inside of the repository."""
    for target in _LINK.findall(prose(page)):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def anchors(page: Path) -> set[str]:
    """The names that its headings have in a link (GitHub's rule)."""
    kept = [re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(prose(page))]
    return {title.replace(" ", "-") for title in kept}


def code_words(page: Path) -> list[str]:
    """What stands in backticks in the text."""
    return _CODE.findall(prose(page))
