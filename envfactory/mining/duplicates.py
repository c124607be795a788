"""Recognises pull requests that repeat another one's change: backports and re-submissions.

Only those that could be the same are compared (a shared commit author and date, or one that another's
subject mentions or its message calls ported), by ``git patch-id``.  No text alone makes a duplicate.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache

from envfactory.git.clone import Clone
from envfactory.mining.landings import Landing, Landings

_CROWD = 20
"""A fingerprint that more pull requests share (imported histories) says nothing."""
_SAYS_PORT = "(back|forward)[- ]?port|cherry[- ]?pick"
"""What a line says that names the original, as an extended regular expression for git as well."""
_PORT = re.compile(rf".*(?:{_SAYS_PORT}).*", re.IGNORECASE)
_NUMBER = re.compile(r"(?:#|\bGH-|/pull/)(\d{1,8})\b", re.IGNORECASE)
_COMMIT = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b")
"""``git cherry-pick -x`` writes the whole id: https://git-scm.com/docs/git-cherry-pick"""


class Duplicates:
    """Answers, lazily, which other pull request a landing repeats."""

    def __init__(self, clone: Clone, landings: Landings) -> None:
        self._landings = landings
        self._alike = _alike(clone, landings)
        self._patch_id = cache(lambda number: self._compute(clone, landings.by_number[number]))

    def original(self, number: int) -> int | None:
        """The number of the pull request whose change this one repeats; ``None`` when it is original."""
        alike = self._alike.get(number)
        mine = self._patch_id(number) if alike else ""
        if not alike or not mine:
            return None
        same = [other for other in alike if self._patch_id(other) == mine]
        best = min([number, *same], key=self._rank)
        return best if best != number else None

    def _rank(self, number: int) -> tuple[bool, int, int]:
        """The one on the default branch, else the earliest."""
        landing = self._landings.by_number[number]
        return not self._landings.on_default(landing), self._landings.graph.committed[landing.head], number

    def _compute(self, clone: Clone, landing: Landing) -> str:
        graph = self._landings.graph
        return clone.patch_id(graph.hex(landing.base), graph.hex(landing.head))


def _alike(clone: Clone, landings: Landings) -> dict[int, set[int]]:
    """Number -> numbers worth comparing it with."""
    sharing: dict[int, set[int]] = defaultdict(set)
    brought: dict[int, set[int]] = defaultdict(set)
    pairs: dict[int, set[int]] = defaultdict(set)
    for number, landing in landings.by_number.items():
        for commit in {landing.head, *landing.commits}:
            sharing[landings.graph.person[commit]].add(number)
            brought[commit].add(number)
    for number, other in [*_in_subjects(landings), *_in_messages(clone, landings, brought)]:
        if number != other and other in landings.by_number:
            pairs[number].add(other)
            pairs[other].add(number)
    for numbers in sharing.values():
        if 1 < len(numbers) <= _CROWD:
            for number in numbers:
                pairs[number] |= numbers - {number}
    return pairs


def _in_subjects(landings: Landings) -> Iterator[tuple[int, int]]:
    for number, landing in landings.by_number.items():
        for other in landing.others:
            yield number, other


def _in_messages(clone: Clone, landings: Landings, brought: dict[int, set[int]]) -> Iterator[tuple[int, int]]:
    """(number, the one that a message of its commits says it ports); git reads all messages at once."""
    if not brought:
        return
    graph = landings.graph
    search = ["--extended-regexp", "--regexp-ignore-case", f"--grep={_SAYS_PORT}"]
    listing = clone.git(
        *("rev-list", "--no-walk=unsorted", "--encoding=UTF-8", "--format=%x00%B", *search, "--stdin"),
        input="".join(f"{graph.hex(commit)}\n" for commit in brought).encode(),
    )
    for name, message in _messages(listing.decode(errors="replace")):
        said = "\n".join(line[0] for line in _PORT.finditer(message))
        others = {int(number) for number in _NUMBER.findall(said)}
        for commit in _COMMIT.findall(said):
            position = graph.find(commit)
            others |= brought.get(position, set()) if position is not None else set()
        if len(others) <= _CROWD:
            numbers = brought[graph.position[bytes.fromhex(name)]]
            yield from ((number, other) for number in numbers for other in others)


def _messages(listing: str) -> Iterable[tuple[str, str]]:
    """(commit id, message) from ``commit <id>`` lines that a NUL and the message follow."""
    parts = re.split(r"^commit ([0-9a-f]+)\n\0", listing, flags=re.MULTILINE)
    return zip(parts[1::2], parts[2::2], strict=True)
