"""Words before the test runner that prepare what it needs and then replace themselves by it.

A block is ``/bin/sh -c SCRIPT LABEL``, and the script ends with ``exec "$@"``: the runner keeps its
process, so signals, limits and exit codes are its own.  Blocks stand one before the other.  A block is
recognised by its label; nothing else is known about what came before the runner.
"""

from __future__ import annotations

from collections.abc import Iterator

WORDS = 4
"""Words of one block."""
RANKS = ("service", "display", "clock")
"""From the outside in: what is started first must not live under a clock that stands elsewhere."""
NOT_STARTED = 75
"""Exit code of a block that cannot prepare what it is for: ``EX_TEMPFAIL`` of ``sysexits.h``."""


def block(script: str, label: str) -> tuple[str, ...]:
    """The words of one block; ``label`` is ``KIND`` or ``KIND:WHAT`` with a kind of ``RANKS``."""
    if label.partition(":")[0] not in RANKS:
        raise ValueError(f"not a kind of prefix: {label!r}")
    return ("/bin/sh", "-c", f'{script.rstrip()}\nexec "$@"\n', label)


def blocks(prefix: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The blocks of a prefix, from the outside in; words that are no block are left out."""
    position = 0
    while position < len(prefix):
        words = prefix[position : position + WORDS]
        if _is_block(words):
            yield words
            position += WORDS
        else:
            position += 1


def label_of(prefix: tuple[str, ...], start: str) -> str:
    """Label of the block whose label is ``start`` or goes on with ``?``, else empty."""
    return next((words[3] for words in blocks(prefix) if words[3].partition("?")[0] == start), "")


def with_block(prefix: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """``prefix`` with one more block in its place; a block of the same name is replaced."""
    name = new[3].partition("?")[0]
    kept = [words for words in blocks(prefix) if words[3].partition("?")[0] != name]
    ordered = sorted([*kept, new], key=lambda words: (RANKS.index(words[3].partition(":")[0]), words[3]))
    return (*(word for words in ordered for word in words), *runner_of(prefix))


def runner_of(command: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a test command that belong to no block: what people want to read."""
    found: list[str] = []
    position = 0
    while position < len(command):
        if _is_block(command[position : position + WORDS]):
            position += WORDS
        else:
            found.append(command[position])
            position += 1
    return tuple(found)


def _is_block(words: tuple[str, ...]) -> bool:
    return len(words) == WORDS and words[:2] == ("/bin/sh", "-c") and words[3].partition(":")[0] in RANKS
