"""Finds texts that hidden tests look for and nobody was told: an agent could only guess them.

These are string literals that the gold patch adds and the hidden tests repeat, such as the wording of a
new message.  It measures; whether such a task is fair is for the user of the data to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from envfactory.mining.leaks import squeezed

_LITERAL = re.compile(r"""(["'`])((?:\\.|(?!\1).)*)\1""")
_FILLED_IN = re.compile(r"\$?\{[^{}]*\}|%(?:\(\w+\))?[sdrif]|\\[nrt]")
"""What stands for other text inside a literal; the text between is compared."""
_SHORTEST, _LETTERS = 6, 4
"""Characters without blanks and letters of a text; shorter ones are keys and separators that recur."""


def unsaid_texts(told: str, gold: str, tests: str) -> tuple[str, ...]:
    """Parts of the gold patch's new literals that ``tests`` (a patch) adds too and ``told`` lacks, sorted.

    ``told`` is all that an agent reads: statement and interface.  Case and blanks do not count, and
    neither does what a context line or a removed line of either patch has.
    """
    known = _folded([told, *_lines(gold, " -"), *_lines(tests, " -")])
    wanted = _folded(_lines(tests, "+"))
    parts = {part.strip() for line in _lines(gold, "+") for part in _parts(line)}
    return tuple(sorted(part for part in parts if _folded([part]) in wanted and _folded([part]) not in known))


def _parts(line: str) -> Iterator[str]:
    for _, literal in _LITERAL.findall(line):
        for part in _FILLED_IN.split(literal):
            if len(squeezed(part)) >= _SHORTEST and len(re.findall(r"[^\W\d_]", part)) >= _LETTERS:
                yield part


def _lines(patch: str, marks: str) -> Iterator[str]:
    for line in patch.split("\n"):
        if line[:1] and line[0] in marks and not line.startswith(("+++ ", "--- ")):
            yield line[1:]


def _folded(lines: Iterator[str] | list[str]) -> str:
    return squeezed("\n".join(lines)).casefold()
