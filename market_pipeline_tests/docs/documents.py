"""The documents as tests see them: their text, links, words in backticks, and fenced blocks.

Here belongs the reading of Markdown.  What has to be true of it is told by the tests, which tables are due by `tables`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from market_pipeline.settings import PROJECT_ROOT

FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, and where it begins: `docs/operations.md:17`."""

    language: str
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Document:
    """One Markdown file of the project."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(PROJECT_ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return FENCE.sub("", self.text)

    @property
    def codes(self) -> list[str]:
        """What stands in backticks, in order."""
        return CODE.findall(self.prose)

    @property
    def links(self) -> list[str]:
        return LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link may name behind a #: the headings as GitHub and GitLab spell them."""
        plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(self.prose))
        return {heading.replace(" ", "-") for heading in plain}

    def section(self, heading: str) -> str:
        """The text below a heading, up to the next one of the same or a higher level.  Raises LookupError."""
        begin = re.search(rf"^(?P<level>#+) {re.escape(heading)}$", self.text, re.MULTILINE)
        if begin is None:
            raise LookupError(f"{self.name} has no heading {heading!r}")
        end = re.compile(rf"^#{{1,{len(begin['level'])}}} ", re.MULTILINE).search(self.text, begin.end())
        return self.text[begin.end() : None if end is None else end.start()]

    def blocks(self, *languages: str) -> Iterator[Block]:
        for found in FENCE.finditer(self.text):
            if found["language"] in languages:
                line = self.text.count("\n", 0, found.start()) + 1
                yield Block(found["language"], found["text"], f"{self.name}:{line}")


def rows(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their headers: their cells."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    heads = {place - 1 for place, cells in enumerate(lines) if set("".join(cells)) <= set("-|: ")}
    return [cells for place, cells in enumerate(lines) if place not in heads and place - 1 not in heads]


def document(name: str) -> Document:
    return Document(PROJECT_ROOT / name)


DOCUMENTS = [Document(path) for path in (*sorted(PROJECT_ROOT.glob("*.md")), *sorted(PROJECT_ROOT.glob("docs/*.md")))]
