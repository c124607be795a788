"""A gold patch taken apart: its files, their hunks, and what a file becomes with some of them.

Only plain changes of text are taken apart (one path, no change of mode, UTF-8); all other parts travel
on as they are.  Pure; git is the judge of what applies, and everything put together again here is a
diff from the base that git applies without searching.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from envfactory.attacks.patching import by_newline
from envfactory.attacks.patching import hunks as diff_body

_START = re.compile(r"^(?=diff --git )", re.MULTILINE)
_PATH = re.compile(r"diff --git a/([^\n\t\"]+) b/\1\n")
_NOT_PLAIN = re.compile(
    r"^(old mode|rename|copy|similarity|deleted file|GIT binary|Binary files)", re.MULTILINE
)


@dataclass(frozen=True)
class Hunk:
    """One hunk: ``old`` lines from line ``start`` (from 1) of the base become ``new``."""

    start: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    added: frozenset[int]
    """Which of ``new`` (from 0) are added."""


@dataclass(frozen=True)
class FilePart:
    """What a patch does to one file."""

    text: str
    path: str
    hunks: tuple[Hunk, ...]
    """Empty when this is no plain change."""

    @cached_property
    def is_new(self) -> bool:
        """The file is not in the base."""
        return "\nnew file mode " in self.text.partition("\n@@ ")[0]

    @property
    def header(self) -> str:
        """The part down to its first hunk, without object ids, which another content would not have."""
        lines = self.text.partition("\n@@ ")[0].split("\n")
        return "".join(f"{line}\n" for line in lines if not line.startswith("index "))


def parts_of(patch: str) -> tuple[FilePart, ...]:
    """The parts of a patch as git writes them, in order; joined texts are the patch."""
    return tuple(_part(text) for text in _START.split(patch) if text)


def _part(text: str) -> FilePart:
    named = _PATH.match(text)
    header = text.partition("\n@@ ")[0]
    if named is None or "\n@@ " not in text or _NOT_PLAIN.search(header):
        return FilePart(text, named[1] if named else "", ())
    try:
        (parsed,) = PatchSet(text)
        return FilePart(text, named[1], tuple(_hunk(hunk.source_start, hunk) for hunk in parsed))
    except (UnidiffParseError, ValueError):
        return FilePart(text, named[1], ())


def _hunk(start: int, lines: Iterable[object]) -> Hunk:
    old: list[str] = []
    new: list[str] = []
    added: set[int] = set()
    last: list[list[str]] = []
    for line in lines:
        kind, value = getattr(line, "line_type", ""), str(getattr(line, "value", ""))
        if kind == "\\":
            for side in last:
                side[-1] = side[-1].removesuffix("\n")
            continue
        last = {"-": [old], "+": [new]}.get(kind, [old, new])
        if kind == "+":
            added.add(len(new))
        for side in last:
            side.append(value)
    return Hunk(start, tuple(old), tuple(new), frozenset(added))


def applied(
    part: FilePart, before: str | None, without: Collection[int] = ()
) -> tuple[str, tuple[frozenset[int], ...]] | None:
    """The file after the part's hunks but for those ``without``, and the lines (from 1) that each adds.

    ``None`` when the base does not have what the hunks say.
    """
    lines = by_newline(before or "")
    result: list[str] = []
    added: list[frozenset[int]] = []
    done = 0
    for number, hunk in enumerate(part.hunks):
        begin = max(hunk.start - 1, 0) if hunk.old else hunk.start
        if tuple(lines[begin : begin + len(hunk.old)]) != hunk.old or begin < done:
            return None
        result += lines[done:begin]
        left_out = number in without
        added.append(frozenset() if left_out else frozenset(len(result) + n + 1 for n in hunk.added))
        result += hunk.old if left_out else hunk.new
        done = begin + len(hunk.old)
    return "".join([*result, *lines[done:]]), tuple(added)


def with_texts(
    parts: Iterable[FilePart], before: Mapping[str, str], texts: Mapping[str, str | None], context: int = 3
) -> str:
    """The patch whose parts for the paths of ``texts`` lead to those texts; ``None``: not touched."""
    made = []
    for part in parts:
        if part.path not in texts:
            made.append(part.text)
            continue
        text, old = texts[part.path], before.get(part.path, "")
        if text is not None and text != old:
            made.append(part.header + diff_body(old, text, context))
    return "".join(made)
