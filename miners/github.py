"""Mines GitHub, or any server that speaks like it: pull requests in GitHub's words, code from a clone.

SOURCE is ``owner/name`` (or its address), a file of such names, or ``search:`` and a query in GitHub's
own language: of repositories, or of pull requests where it says ``is:pr``.  What lies behind a number in
git comes from the history miner's reading of the clone, and the two are merged; no patch, issue or
comment is ever taken from a web page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from envfactory.miners.history import History

from envfactory.errors import FactoryError, PrerequisiteError, RateLimited, UsageError
from envfactory.git.clone import Clone
from envfactory.github.hub import Hub
from envfactory.github.listing import Repository
from envfactory.github.rows import Row
from envfactory.mining.placement import placed, single_parent
from envfactory.mining.protocol import MineOptions
from envfactory.records import PullRequest, Rejection

NAME = "github"
SEARCH = "search:"

_REPO = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})/[A-Za-z0-9._-]{1,100}"
_NAMED = re.compile(rf"(?:https?://[^/\s]+/)?(?P<repo>{_REPO}?)(?:\.git)?/?(?:(?:#|/pull/)(?P<number>\d+))?")
_OF_PULLS = re.compile(r"(?:^|\s)(?:is|type):(?:pr|pull-request)\b")
_HEAD_BYTES = 4096

Wanted = dict[str, set[int] | None]
"""Repository -> the numbers wanted of it, ``None`` for all."""


def recognises(source: str) -> bool:
    """True for ``owner/name``, ``search:…`` and a file whose first line is a name; not for a folder."""
    try:
        path = Path(source)
        if path.is_file():
            return _named(_first_line(path)) is not None
        return not path.is_dir() and (source.startswith(SEARCH) or _NAMED.fullmatch(source) is not None)
    except (OSError, ValueError):
        return False


def mine(source: str, options: MineOptions) -> Iterator[PullRequest | Rejection]:
    """Merged pull requests of every repository that ``source`` names, each newest merge first."""
    with open_hub(options) as hub:
        if source.startswith(SEARCH):
            wanted = _searched(hub, source.removeprefix(SEARCH))
        else:
            wanted = read_names(Path(source)) if Path(source).is_file() else _wanted([source])
        yield from mine_each(hub, wanted, options)


def open_hub(options: MineOptions) -> Hub:
    """GitHub as the options allow it to be asked."""
    return Hub(options.cache, max_wait=options.max_wait, tell=options.tell, budget=options.budget)


def mine_each(hub: Hub, wanted: Wanted, options: MineOptions) -> Iterator[PullRequest | Rejection]:
    """Repository after repository.  One of several that cannot be read is told and left out; a limit, or
    the last of them failing alone, ends the work."""
    if options.repo:
        wanted = {repo: numbers for repo, numbers in wanted.items() if repo.lower() == options.repo.lower()}
    broken: list[FactoryError] = []
    for repo, numbers in wanted.items():
        try:
            yield from _mine_one(hub, repo, numbers, options)
        except (PrerequisiteError, RateLimited):
            raise
        except FactoryError as error:
            if len(wanted) == 1:
                raise
            broken.append(error)
            options.tell(f"{repo} is left out: {error}")
    if broken and len(broken) == len(wanted):
        raise broken[-1]


def _mine_one(
    hub: Hub, repo: str, numbers: set[int] | None, options: MineOptions
) -> Iterator[PullRequest | Rejection]:
    if options.numbers is not None:
        numbers = set(options.numbers) if numbers is None else numbers & options.numbers
    with hub.repository(repo) as repository:
        yield from _Mine(hub, repository, replace(options, numbers=None)).results(numbers)


class _Mine:
    """One repository: rows of GitHub, put where they are in the clone."""

    def __init__(self, hub: Hub, repository: Repository, options: MineOptions) -> None:
        self._hub, self._repository, self._options = hub, repository, options
        self._clone: Clone | None = None
        self._history: History | None = None

    def results(self, numbers: set[int] | None) -> Iterator[PullRequest | Rejection]:
        with ExitStack() as open_things:
            found = self._all() if numbers is None else self._numbered(numbers)
            yielded = 0
            for row in found:
                if self._options.limit is not None and yielded >= self._options.limit:
                    return
                if isinstance(row, Rejection):
                    yield row
                    continue
                result = self._placed(row, open_things)
                yielded += isinstance(result, PullRequest)
                yield result

    def _all(self) -> Iterator[Row]:
        since = _aware(self._options.since)
        return (row for row in self._repository.merged(since) if self._in_time(row))

    def _numbered(self, numbers: set[int]) -> Iterator[Row | Rejection]:
        """Those numbers, newest merge first, then those that are no merged pull request."""
        found = dict(self._repository.numbered(sorted(numbers)))
        rows = [row for row in found.values() if row is not None and row.merged_at is not None]
        yield from sorted(filter(self._in_time, rows), key=_newest_first)
        for number, row in found.items():
            if row is None:
                yield self._reject(
                    number, "pull_request_not_found", "GitHub has no pull request of this number"
                )
            elif row.merged_at is None:
                yield self._reject(number, "not_merged", "GitHub does not call it merged")

    def _placed(self, row: Row, open_things: ExitStack) -> PullRequest | Rejection:
        """The row with what the clone says; the clone is fetched for the first, the newest of all."""
        if self._clone is None or self._history is None:
            path = self._hub.clone(self._repository.facts, newest=row.merge_commit)
            repo, cache = self._repository.facts.repo, self._options.cache
            self._clone = open_things.enter_context(Clone.open(path, repo=repo, cache=cache))
            self._history = History(self._clone)
        known = self._history.find(row.number)
        certain = isinstance(known, PullRequest) and known.merge_commit == row.merge_commit
        if not certain and single_parent(self._clone, row):
            row = self._repository.with_commits(row)
        return placed(self._clone, self._repository.facts, row, known)

    def _in_time(self, row: Row) -> bool:
        since, until = _aware(self._options.since), _aware(self._options.until)
        assert row.merged_at is not None
        return (since is None or row.merged_at >= since) and (until is None or row.merged_at < until)

    def _reject(self, number: int, reason: str, detail: str) -> Rejection:
        key = f"{self._repository.facts.repo}#{number}"
        return Rejection(key=key, stage="mine", reason=reason, detail=detail)


def read_names(path: Path) -> Wanted:
    """Repositories of a file: a name, an address or ``owner/name#12`` a line, or JSON lines with ``repo``
    and perhaps ``number``; ``#`` begins a comment.  Raises ``UsageError`` that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the names in {path}: {error}") from error
    words = [(number, line.strip()) for number, line in enumerate(lines, 1) if not _blank(line)]
    for number, line in words:
        if _named(line) is None:
            raise UsageError(f"{path}, line {number}: no repository: {line[:80]!r}", hint="owner/name")
    return _wanted(line for _, line in words)


def _wanted(words: Iterable[str]) -> Wanted:
    found: Wanted = {}
    for word in words:
        named = _named(word)
        if named is None:
            continue
        repo, number = named
        numbers = found.setdefault(repo, set() if number else None)
        if number is None:
            found[repo] = None
        elif numbers is not None:
            numbers.add(number)
    return found


def _named(line: str) -> tuple[str, int | None] | None:
    """(repository, number) of a line of a file; ``None`` when it names nothing."""
    if line.startswith("{"):
        try:
            data = json.loads(line)
            line = f"{data['repo']}#{data['number']}" if "number" in data else data["repo"]
        except (ValueError, KeyError, TypeError):
            return None
    match = _NAMED.fullmatch(line.strip())
    return (match["repo"], int(match["number"]) if match["number"] else None) if match else None


def _searched(hub: Hub, query: str) -> Wanted:
    """What GitHub finds: repositories, or pull requests where the query asks for them."""
    if not _OF_PULLS.search(query):
        found: Wanted = {item["full_name"]: None for item in hub.search("repositories", query)}
    else:
        found = {}
        for item in hub.search("issues", query):
            repo = "/".join(item["repository_url"].rsplit("/", 2)[-2:])
            numbers = found.setdefault(repo, set())
            assert numbers is not None
            numbers.add(item["number"])
    return found


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
    return next((line for line in head.splitlines() if not _blank(line)), "")


def _blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _newest_first(row: Row) -> tuple[float, int]:
    assert row.merged_at is not None
    return -row.merged_at.timestamp(), -row.number


def _aware(when: datetime | None) -> datetime | None:
    return when.replace(tzinfo=UTC) if when is not None and when.tzinfo is None else when
