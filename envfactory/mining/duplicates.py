"""Recognises pull requests that repeat another one's change: backports and re-submissions.

Only those that could be the same are compared (a shared commit author and date, or a number that one
mentions), by ``git patch-id``; everything else costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from envfactory.git.clone import Clone
from envfactory.mining.landings import Landing, Landings

_CROWD = 20
"""A fingerprint that more pull requests share (imported histories) says nothing."""


class Duplicates:
    """Answers, lazily, which other pull request a landing repeats."""

    def __init__(self, clone: Clone, landings: Landings) -> None:
        self._landings = landings
        self._alike = _alike(landings)
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


def _alike(landings: Landings) -> dict[int, set[int]]:
    """Number -> numbers worth comparing it with."""
    sharing: dict[int, set[int]] = defaultdict(set)
    pairs: dict[int, set[int]] = defaultdict(set)
    for number, landing in landings.by_number.items():
        for commit in {landing.head, *landing.commits}:
            sharing[landings.graph.person[commit]].add(number)
        for other in landing.others:
            if other in landings.by_number:
                pairs[number].add(other)
                pairs[other].add(number)
    for numbers in sharing.values():
        if 1 < len(numbers) <= _CROWD:
            for number in numbers:
                pairs[number] |= numbers - {number}
    return pairs
