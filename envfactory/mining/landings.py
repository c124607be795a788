"""Finds where pull requests landed in a commit graph, by the subjects that name them.

A merge commit that names a number is the strongest evidence, a squash commit whose subject ends in it
the next; ``references`` adds those that only ``refs/pull/N/head`` reveals.  No message is read here
beyond the subjects of the graph's one pass, and nothing is decided about being a task.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from envfactory.git.graph import Graph
from envfactory.mining.messages import Mention, mention

Kind = Literal["merge", "squash", "rebase", "other"]
_PREFERRED: tuple[Kind, ...] = ("merge", "other", "squash", "rebase")


@dataclass(frozen=True)
class Landing:
    """One pull request in the history.  All commits are positions in the graph."""

    number: int
    kind: Kind
    base: int
    head: int
    """``diff(base, head)`` is the pull request's change."""
    commits: tuple[int, ...] = ()
    """Its own commits, newest first; for a squash those of its reference, where there is one."""
    branch: str = ""
    others: tuple[int, ...] = ()
    """Further numbers that its subject mentions."""


@dataclass
class Sightings:
    """Collects, during the graph's pass, the subjects that name a pull request."""

    seen: list[tuple[int, int, bool, Mention]] = field(default_factory=list)
    """(position, number of parents, committed by GitHub's own buttons, what the subject says)."""

    def look(self, position: int, parents: int, committer: str, subject: str) -> None:
        """For ``Graph.load``."""
        found = mention(subject)
        if found is not None:
            self.seen.append((position, parents, committer == "GitHub", found))


class Landings:
    """The landings of one clone, by number."""

    def __init__(
        self, graph: Graph, history: int, sightings: Sightings, pulls: Mapping[int, int], default: int | None
    ) -> None:
        self.graph = graph
        self.history = history
        """Positions below it are history; those from it on are only in ``refs/pull``."""
        self.pulls = pulls
        """Number -> position of ``refs/pull/N/head``."""
        self.by_number: dict[int, Landing] = {}
        self.owner: dict[int, int] = {}
        """Position -> number of the pull request that brought this commit into the history."""
        self.cut: set[int] = set()
        """Numbers that are named by a commit whose parent is beyond a shallow boundary."""
        self._default = graph.ancestors(default) if default is not None else bytearray(len(graph.ids))
        self._keep(self._merges(sightings), inside_needs_reference=True)
        self._keep(self._squashes(sightings), inside_needs_reference=False)

    def on_default(self, landing: Landing) -> bool:
        """True when it is in the history of the default branch."""
        return bool(self._default[landing.head])

    def preference(self, landing: Landing) -> tuple[bool, bool, int, int]:
        """Sorts the best landing first: as referenced, on the default branch, surest kind, earliest."""
        reference = self.pulls.get(landing.number)
        unlike = reference is not None and reference not in landing.commits
        earliest = self.graph.committed[landing.head]
        return unlike, not self.on_default(landing), _PREFERRED.index(landing.kind), earliest

    def claim(self, landing: Landing) -> None:
        """Take it up and remember its commits as brought by it."""
        self.by_number[landing.number] = landing
        self.owner.setdefault(landing.head, landing.number)

    def reference_commits(self, number: int) -> tuple[int, ...]:
        """Commits of ``refs/pull/N/head`` that the history does not have, newest first, no merges."""
        head = self.pulls.get(number)
        if head is None or head < self.history:
            return ()
        seen, stack = {head}, [head]
        while stack:
            for parent in self.graph.parents[stack.pop()]:
                if parent >= self.history and parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        return tuple(node for node in sorted(seen) if len(self.graph.parents[node]) < 2)

    def _merges(self, sightings: Sightings) -> list[Landing]:
        found = []
        for position, parents, _, said in reversed(sightings.seen):  # inner merges before outer ones
            above = self.graph.parents[position]
            if parents >= 2 and len(above) >= 2:
                commits = tuple(self.graph.own(position, above[0])[1:])
                kind: Kind = "merge" if said.explicit else "other"
                found.append(
                    Landing(said.number, kind, above[0], position, commits, said.branch, said.others)
                )
            elif not above or parents >= 2:
                self.cut.add(said.number)
        for landing in reversed(found):  # the outermost merge owns
            for commit in landing.commits:
                self.owner.setdefault(commit, landing.number)
        return found

    def _squashes(self, sightings: Sightings) -> list[Landing]:
        found = []
        for position, parents, by_button, said in sightings.seen:
            above = self.graph.parents[position]
            if parents != 1 or not above or said.number in self.by_number:
                continue
            inside = self.owner.get(position, said.number) != said.number
            if inside and not by_button and said.number not in self.pulls:
                continue  # a commit of another pull request that refers to an issue
            commits = self.reference_commits(said.number) or (position,)
            found.append(
                Landing(said.number, "squash", above[0], position, commits, said.branch, said.others)
            )
        return found

    def _keep(self, found: list[Landing], *, inside_needs_reference: bool) -> None:
        """Of several landings of one number keep the best; none that is a fork's own affair."""
        grouped: dict[int, list[Landing]] = defaultdict(list)
        for landing in found:
            if not (inside_needs_reference and self._foreign(landing)):
                grouped[landing.number].append(landing)
        for landings in grouped.values():
            self.claim(min(landings, key=self.preference))

    def _foreign(self, landing: Landing) -> bool:
        """A fork's own merge, carried along inside another pull request: its number is the fork's."""
        inside = self.owner.get(landing.head, landing.number) != landing.number
        if not inside or not self.pulls:
            return False
        return self.pulls.get(landing.number) not in landing.commits
