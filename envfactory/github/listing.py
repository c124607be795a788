"""The merged pull requests of one repository, newest merge first, with as few calls as that takes.

GitHub sorts by the last update, which is never before the merge.  So once everything down to some update
is here, whatever was merged later than that can be handed out in order, and reading stops as soon as
enough was.  What a run before had fetched is not fetched again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from filelock import FileLock

from envfactory.errors import RemoteError, UsageError
from envfactory.github import reading
from envfactory.github.archive import BOTTOM, Archive, Entry, Way
from envfactory.github.client import NO_GRAPHQL, Client
from envfactory.github.graphql_list import GraphqlList
from envfactory.github.rest_list import RestList
from envfactory.github.rows import Facts, Page, Row

PORTION = 50
"""Pull requests asked for by number before they are kept."""
Answer = TypeVar("Answer")


class List(Protocol):
    """One way to ask for pull requests."""

    @property
    def way(self) -> Way:
        """Name of the way."""

    def page(self, after: str | None) -> Page:
        """The page that follows ``after``, latest update first."""

    def numbered(self, numbers: Sequence[int]) -> dict[int, Row]:
        """Those of ``numbers`` that are pull requests."""

    def completed(self, row: Row) -> Row:
        """The row with all that is known about it, but for commits."""

    def with_commits(self, row: Row) -> Row:
        """The row with the commits of its own branch."""


class Repository:
    """One repository on GitHub, and what is kept of it."""

    def __init__(self, client: Client, facts: Facts, folder: Path) -> None:
        self.facts = facts
        self._client, self._archive = client, Archive(folder)
        self._source: List | None = None

    @classmethod
    @contextmanager
    def open(cls, client: Client, repo: str, cache: Path) -> Iterator[Repository]:
        """``repo`` under the name that it has today; held for this process alone.

        Raises ``UsageError`` when GitHub knows no such repository, and what ``Client.get`` raises.
        """
        item = client.get(f"/repos/{repo}")
        if item is None:
            why = "" if client.tokens else " (private ones need a token in GITHUB_TOKEN)"
            raise UsageError(f"GitHub has no repository {repo}{why}", hint="owner/name, as in its address")
        facts = reading.facts_of_rest(item)
        folder = cache / "repositories" / facts.repo.lower()
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "archive.lock"):
            yield cls(client, facts, folder)

    def merged(self, since: datetime | None = None) -> Iterator[Row]:
        """Merged pull requests, newest merge first, down to ``since``; asks for more only when need be."""
        given: set[int] = set()
        floor = since or BOTTOM
        for frontier in self._frontiers():
            ready = [entry for entry in self._ready(max(frontier, floor)) if entry.number not in given]
            for entry in sorted(ready, key=_newest_first):
                given.add(entry.number)
                if (row := self._row(entry.number)) is not None:
                    yield row
            if frontier <= floor:
                return

    def numbered(self, numbers: Sequence[int]) -> Iterator[tuple[int, Row | None]]:
        """Each number with its pull request, ``None`` where there is none; asks for those not known yet."""
        entries = self._archive.entries
        unknown = [n for n in numbers if n not in entries or not entries[n].merged_at]
        others: dict[int, Row] = {}
        for start in range(0, len(unknown), PORTION):
            portion = unknown[start : start + PORTION]
            found = self._asking(partial(_numbered, portion))
            self._archive.put(row for row in found.values() if row.merged_at)
            others |= {number: row for number, row in found.items() if not row.merged_at}
        for number in numbers:
            yield number, others[number] if number in others else self._row(number)

    def with_commits(self, row: Row) -> Row:
        """The row with the commits of its own branch, asked for where they did not come with it."""
        if row.commits:
            return row
        found = self._asking(lambda source: source.with_commits(row))
        if found.commits:
            self._archive.put([found])
        return found

    def _row(self, number: int) -> Row | None:
        row = self._archive.row(number)
        if row is None or row.whole:
            return row
        completed = self._asking(lambda source: source.completed(row))
        self._archive.put([completed])
        return completed

    def _ready(self, frontier: datetime) -> Iterator[Entry]:
        for entry in self._archive.entries.values():
            if entry.merged_at is not None and entry.merged_at >= frontier:
                yield entry

    def _frontiers(self) -> Iterator[datetime]:
        """Reads on from the top; yields the update down to which everything is known."""
        archive, latest = self._archive, self._latest()
        if latest is None or archive.checked() != latest or archive.top(self._list().way) is None:
            self._read(None)
            if latest is not None and self._list().way == "graphql":
                archive.check(latest)
        while (top := archive.top(self._list().way)) is not None:
            yield top.oldest
            if top.next is None:
                return
            self._read(top.next)

    def _read(self, after: str | None) -> None:
        """Fetch and keep one page."""
        way = self._list().way

        def ask(source: List) -> tuple[Way, str | None, Page]:
            place = after if source.way == way else None
            return source.way, place, source.page(place)

        self._archive.add(*self._asking(ask))

    def _asking(self, ask: Callable[[List], Answer]) -> Answer:
        """By GraphQL; by REST where it turns out that this server has none."""
        try:
            return ask(self._list())
        except RemoteError as error:
            if error.cause != NO_GRAPHQL:
                raise
            return ask(self._list())

    def _latest(self) -> list[object] | None:
        """Number and time of the latest update of any pull request: a call that costs nothing while nothing
        changes, which GraphQL does not have.  By REST the first page is such a call itself: ``None``."""
        if self._list().way == "rest":
            return None
        order = {"state": "all", "sort": "updated", "direction": "desc"}
        found = self._client.get(f"/repos/{self.facts.repo}/pulls", per_page=1, page=1, **order)
        return [found[0]["number"], found[0]["updated_at"]] if found else []

    def _list(self) -> List:
        """By GraphQL as long as it is spoken here."""
        kind = GraphqlList if self._client.speaks_graphql else RestList
        if not isinstance(self._source, kind):
            self._source = kind(self._client, self.facts.repo)
        return self._source


def _numbered(numbers: Sequence[int], source: List) -> dict[int, Row]:
    return source.numbered(numbers)


def _newest_first(entry: Entry) -> tuple[float, int]:
    assert entry.merged_at is not None
    return -entry.merged_at.timestamp(), -entry.number
