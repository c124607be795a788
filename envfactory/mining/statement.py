"""Writes a problem statement from what git has: title, changelog entry, merge body, commit messages.

Every passage keeps its provenance, those left out as well (with the reason).  Nothing is invented:
when git says too little there is no statement, and so no task.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from envfactory.mining.changelog import entries
from envfactory.mining.leaks import Leaks
from envfactory.mining.prose import (
    blocks,
    clean_line,
    clean_title,
    is_noise,
    strip_comments,
    strip_credit,
    tidy,
    words,
)
from envfactory.records import PullRequest, StatementPart

_ENOUGH = 8
"""With so many words beside the title, single commit messages are left out: they tell how, not what."""
_LEAST = 2
_LONGEST = 12_000
_COMMITS = 12

Source = str


class Statement(NamedTuple):
    """The text an agent gets and where each passage came from."""

    text: str
    parts: tuple[StatementPart, ...]


class _Draft:
    """Collects passages in reading order, dropping lines that say nothing or too much."""

    def __init__(self, leaks: Leaks) -> None:
        self.parts: list[StatementPart] = []
        self._leaks = leaks
        self._said: set[str] = set()

    def title(self, text: str, source: Source, origin: str) -> str:
        """Take a title up; '' when it is no description."""
        cleaned = clean_title(text)
        why = self._leaks.found(cleaned) or is_noise(text) or is_noise(cleaned)
        if not why and words(cleaned) < 2:
            why = "too short to say anything"
        if why:
            self._leave(text, source, origin, why)
            return ""
        self._said.add(_key(cleaned))
        self._take(cleaned, source, origin)
        return cleaned

    def passage(self, text: str, source: Source, origin: str, *, subjects: bool = True) -> str:
        """Take up what is worth it of some text; each block left out is kept as an unused part.

        ``subjects=False`` leaves out the ``* subject`` items that GitHub strings together for a squash.
        """
        kept: list[str] = []
        text = strip_comments(text).replace("\r\n", "\n").replace("\t", "    ")
        for block in blocks(text):
            cleaned, why = self._cleaned(block)
            if not why and not subjects and len(block) == 1 and block[0].startswith("* "):
                why = "a commit's subject; the changelog says what is wanted"
            if why:
                self._leave("\n".join(block), source, origin, why)
            else:
                kept += cleaned
        passage = tidy(kept)
        if words(passage) < 2 or len(passage) > _LONGEST:
            why = "too long for a description" if len(passage) > _LONGEST else "says nothing"
            self._leave(passage, source, origin, why)
            return ""
        self._take(passage, source, origin)
        return passage

    def _cleaned(self, block: list[str]) -> tuple[list[str], str]:
        """The lines of a block worth showing, or why none is."""
        leak = next(filter(None, map(self._leaks.found, block)), "")
        if leak or not "".join(block).strip():
            return block, leak
        if block[0].lstrip().startswith("```"):
            return block, ""
        noise = [is_noise(line) for line in block]
        cleaned = [clean_line(line) for line, why in zip(block, noise, strict=True) if not why]
        changed = cleaned != [line.rstrip() for line in block]
        said = _key(" ".join(cleaned))
        if not cleaned or (changed and words(" ".join(cleaned)) < 2):
            return [], next(filter(None, noise), "only a reference")
        if said and said in self._said:
            return [], "said already"
        if words(" ".join(cleaned)) > 1:
            self._said.add(said)
        return cleaned, ""

    def _take(self, text: str, source: Source, origin: str) -> None:
        part = {"source": source, "origin": origin, "text": text}
        self.parts.append(StatementPart.model_validate(part))

    def _leave(self, text: str, source: Source, origin: str, why: str) -> None:
        if text.strip():
            part = {"source": source, "origin": origin, "text": text.strip(), "used": False, "why": why}
            self.parts.append(StatementPart.model_validate(part))


def write_statement(pull: PullRequest, *, changelog: str, tests: str, source: str) -> Statement | str:
    """The statement, or why there is none.

    ``changelog``, ``tests`` and ``source`` are patches: the dropped part, the test patch, and the code
    part of the gold patch.
    """
    draft = _Draft(Leaks(tests, source))
    title = _title(draft, pull)
    passages = [
        draft.passage("\n".join(strip_credit(line) for line in text.split("\n")), "changelog", path)
        for path, text in entries(changelog)
    ]
    told = words("\n".join(passages)) >= _ENOUGH
    passages.append(draft.passage(pull.body, "body", _origin(pull), subjects=not told))
    passages = [passage for passage in passages if passage]
    if words("\n".join(passages)) < _ENOUGH:
        passages += _commits(draft, pull)
    if not title and passages:
        first, _, rest = passages[0].partition("\n")
        title = re.sub(r"^[-*]\s+", "", first).rstrip(".")
        passages = [text for text in (rest.strip("\n"), *passages[1:]) if text]
    text = "\n\n".join([f"# {title}", *passages]) if title else ""
    if words(text) < _LEAST:
        return f"the messages say too little: {pull.title[:80]!r}"
    return Statement(text + "\n", tuple(draft.parts))


def _title(draft: _Draft, pull: PullRequest) -> str:
    """The title; a leading number that is an issue's elsewhere in the messages goes."""
    number = re.match(r"(\d+)[\s:_-]+", pull.title)
    messages = "\n".join([pull.body, *(f"{commit.subject}\n{commit.body}" for commit in pull.commits)])
    known = number is not None and f"#{number[1]}" in messages
    title = pull.title[number.end() :] if number is not None and known else pull.title
    return draft.title(title, "title", _origin(pull))


def _commits(draft: _Draft, pull: PullRequest) -> list[str]:
    """Messages of the single commits, oldest first, as a list where they are one line each."""
    told = []
    for commit in pull.commits[:_COMMITS]:
        if commit.sha == pull.merge_commit and pull.merge_kind == "squash":
            continue
        text = f"{commit.subject}\n\n{commit.body}" if commit.body else commit.subject
        passage = draft.passage(text, "commit_message", f"commit {commit.sha}")
        if passage:
            told.append(passage)
    if len(told) > 1 and all("\n" not in passage for passage in told):
        return ["\n".join(f"- {passage}" for passage in told)]
    return told


def _origin(pull: PullRequest) -> str:
    return f"{pull.merge_kind} commit {pull.merge_commit or pull.head_commit}"


def _key(line: str) -> str:
    """What two equal statements of the same thing share."""
    return re.sub(r"[\W_]+", "", line).lower()
