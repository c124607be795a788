"""Collects the passages of a problem statement in reading order, and everything that was left out.

Each passage is cleaned (``boilerplate``, ``prose``) and judged (``leaks``); what is removed becomes a
``StatementPart`` that is not used and says why.  Which text comes first is decided in ``statement``.
"""

from __future__ import annotations

import re

from envfactory.mining.boilerplate import without_boilerplate, without_empty_sections
from envfactory.mining.leaks import Leaks
from envfactory.mining.links import without_remote_links
from envfactory.mining.proposals import proposals
from envfactory.mining.prose import (
    blocks,
    clean_line,
    clean_title,
    is_noise,
    strip_comments,
    tells_of_tests,
    tidy,
    words,
)
from envfactory.records import StatementPart

LONGEST = 12_000
"""Characters of one passage; a longer one is cut after a paragraph (logs are pasted at the end)."""
_QUOTES_TOO_MUCH = 1 / 3
"""Of the lines of a code block: with more of them from the solution the block is a proposed fix."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`(\"'])")
_A_SENTENCE = 4
"""Words of what is left of a paragraph; fewer are not worth a paragraph."""

Source = str


class Draft:
    """The passages so far; lines that say nothing, or too much, do not get in."""

    def __init__(self, leaks: Leaks, templates: frozenset[str] = frozenset(), repo: str = "") -> None:
        self.parts: list[StatementPart] = []
        self._leaks = leaks
        self._templates = templates
        self._repo = repo
        self._said: set[str] = set()
        self._saying: set[str] = set()

    def title(self, text: str, source: Source, origin: str) -> str:
        """Take a title up; '' when it is no description."""
        cleaned = clean_title(text)
        why = self._leaks.found(f"# {cleaned}") or is_noise(text) or is_noise(cleaned)
        if not why and words(cleaned) < 2:
            why = "too short to say anything"
        if why:
            self.leave(text, source, origin, why)
            return ""
        self._said.add(_key(cleaned))
        self._take(cleaned, source, origin)
        return cleaned

    def passage(self, text: str, source: Source, origin: str, *, subjects: bool = True) -> str:
        """Take up what is worth it of some text; each block left out is kept as an unused part.

        ``subjects=False`` leaves out the ``* subject`` items that GitHub strings together for a squash.
        """
        kept: list[str] = []
        size = 0
        self._said |= self._saying
        self._saying = set()
        written = blocks(self._written(text, source, origin))
        proposed = proposals(written, self._leaks)
        for position, block in enumerate(written):
            why = proposed.get(position, "")
            cleaned, why = ([], why) if why else self._cleaned(block, source, origin)
            if not why and not subjects and len(block) == 1 and block[0].startswith("* "):
                why = "a commit's subject; the changelog says what is wanted"
            size += sum(map(len, cleaned))
            if not why and size > LONGEST:
                why = "too long for a description"
            if why:
                self.leave("\n".join(block), source, origin, why)
            else:
                kept += cleaned
        passage = tidy([without_empty_sections(kept)])
        if words(passage) < 2:
            self.leave(passage, source, origin, "says nothing")
            return ""
        self._take(passage, source, origin)
        return passage

    def leave(self, text: str, source: Source, origin: str, why: str) -> None:
        """Keep a text as left out."""
        if text.strip():
            part = {"source": source, "origin": origin, "text": text.strip(), "used": False, "why": why}
            self.parts.append(StatementPart.model_validate(part))

    def swept(self, text: str, origin: str) -> str:
        """The finished text without lines that leak only as they now stand, e.g. as a heading."""
        kept = []
        for line in text.split("\n"):
            why = self._leaks.found(line)
            if why:
                self.leave(line, "title" if line.startswith("# ") else "body", origin, why)
            else:
                kept.append(line)
        return "\n".join(kept)

    def _written(self, text: str, source: Source, origin: str) -> str:
        """What the author wrote of a text."""
        text = strip_comments(text.replace("\r\n", "\n").replace("\r", "\n")).replace("\t", "    ")
        text, removed = without_boilerplate(text, self._templates)
        for passage, why in removed:
            self.leave(passage, source, origin, why)
        return text

    def _cleaned(self, block: list[str], source: Source, origin: str) -> tuple[list[str], str]:
        """The lines of a block worth showing, or why none is."""
        if not "".join(block).strip():
            return block, ""
        if block[0].lstrip().startswith("```"):
            return self._code(block, source, origin)
        noise = [is_noise(line) for line in block]
        cleaned = [
            clean_line(without_remote_links(line, self._repo))
            for line, why in zip(block, noise, strict=True)
            if not why
        ]
        if tells_of_tests(" ".join(line.strip() for line in cleaned)):
            return [], "tells about the tests"
        leak = self._leaks.found("\n".join(cleaned))
        if leak:
            cleaned = self._other_sentences(cleaned, source, origin)
            if not cleaned:
                return [], leak
        changed = cleaned != [line.rstrip() for line in block]
        said = _key(" ".join(cleaned))
        if not cleaned or (changed and words(" ".join(cleaned)) < 2):
            return [], next(filter(None, noise), "only a reference")
        if said and said in self._said:
            return [], "said already"
        if words(" ".join(cleaned)) > 1:
            self._saying.add(said)
        return cleaned, ""

    def _other_sentences(self, lines: list[str], source: Source, origin: str) -> list[str]:
        """A paragraph without the sentences that leak, if what is left says something."""
        if len(lines) > 1 and any(line.startswith("    ") for line in lines[1:]):
            return []  # code by its indentation
        sentences = _SENTENCE.split(" ".join(line.strip() if at else line for at, line in enumerate(lines)))
        kept = [sentence for sentence in sentences if not self._leaks.found(sentence)]
        text = " ".join(kept)
        if words(text) < _A_SENTENCE or self._leaks.found(text):
            return []
        for sentence in sentences:
            if sentence not in kept:
                self.leave(sentence, source, origin, self._leaks.found(sentence))
        return [text]

    def _code(self, block: list[str], source: Source, origin: str) -> tuple[list[str], str]:
        """Fenced code without lines of the solution, its tests under other names; or why none is left."""
        telling = [line for line in block if self._leaks.quotes(line)]
        inner = [line for line in block[1:] if line.strip() and not line.lstrip().startswith("```")]
        if not inner:
            return [], "says nothing"
        if telling and len(telling) > _QUOTES_TOO_MUCH * len(inner):
            return [], "quotes the solution"
        kept = []
        for line in block:
            why = "is a line of the solution" if line in telling else ""
            renamed = line if why else self._renamed(line)
            why = why or self._leaks.found(renamed)
            if why:
                self.leave(line, source, origin, why)
                continue
            if renamed != line:
                self.leave(line, source, origin, "names a hidden test; shown under another name")
            kept.append(renamed)
        text = "\n".join(kept)
        return (kept, "") if not self._leaks.quotes(text) else ([], "quotes the solution")

    def _renamed(self, line: str) -> str:
        """An example that became a hidden test keeps its code, not its name."""
        for name in sorted(self._leaks.tests_named(line), key=len, reverse=True):
            other = "TestExample" if name[:1].isupper() else "test_example"
            line = re.sub(rf"\b{re.escape(name)}\b", other, line)
        return line

    def _take(self, text: str, source: Source, origin: str) -> None:
        part = {"source": source, "origin": origin, "text": text}
        self.parts.append(StatementPart.model_validate(part))


def _key(line: str) -> str:
    """What two equal statements of the same thing share."""
    return re.sub(r"[\W_]+", "", line).lower()
