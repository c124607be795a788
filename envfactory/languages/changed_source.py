"""One source file of a gold patch, and what can be made of it to try out a task's tests.

    ChangedSource ──▶ equal variants   other texts that certainly do the same: must pass
                 └──▶ mutants          texts with one small mistake: tests should fail

Plain data; how texts are made is a language's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from envfactory.languages.source_text import Edit, edited


@dataclass(frozen=True)
class ChangedSource:
    """A file as the gold patch leaves it."""

    path: str
    text: str
    """After the gold patch; lines end in ``\\n``."""
    hunks: tuple[frozenset[int], ...]
    """Per hunk of the patch the lines (from 1) of ``text`` that it adds."""
    toolchain: str = ""
    """Version of the interpreter or compiler of the task, e.g. ``3.9``; empty: unknown."""
    tests: tuple[str, ...] = ()
    """Texts of the tests that judge: what they look at must not change in an equal variant."""

    @cached_property
    def added(self) -> frozenset[int]:
        """All lines that the gold patch adds."""
        return frozenset().union(*self.hunks)

    def hunk_of(self, line: int) -> int:
        """Which hunk adds ``line``."""
        return next(number for number, lines in enumerate(self.hunks) if line in lines)


Rewriting = Callable[[ChangedSource], str | None]
"""Makes an equal text; ``None`` where there is none that is certainly equal."""


@dataclass(frozen=True)
class Mutant:
    """A file with one small mistake in a line that the gold patch adds."""

    path: str
    line: int
    operator: str
    """What sort of mistake, e.g. ``comparison``."""
    told: str
    """What stands there now in place of what, in a line."""
    original: str
    edit: Edit

    @property
    def text(self) -> str:
        """The file with the mistake."""
        return edited(self.original.encode(), [self.edit]).decode()
