"""Mines the history of a clone on disk: merged pull requests from git alone, no network, no token.

It reads subjects once, in one pass over the commit graph, and messages only of pull requests that it
yields.  It makes no patches and never writes into the clone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from envfactory.git.clone import Clone
from envfactory.git.commits import moment
from envfactory.git.graph import Graph
from envfactory.git.records import Commit
from envfactory.mining.duplicates import Duplicates
from envfactory.mining.landings import Landing, Landings, Sightings
from envfactory.mining.messages import branch_title, merge_title, squash_title, strip_numbers
from envfactory.mining.protocol import MineOptions
from envfactory.mining.references import add_referenced
from envfactory.records import CommitMessage, PullRequest, Rejection

NAME = "history"

_PULL = re.compile(r"refs/(?:pull/(\d+)/head|remotes/[^/]+/(?:pr|pull)/(\d+)(?:/head)?)")
_HISTORY = ("refs/heads/", "refs/remotes/", "refs/tags/")
_LASTING = re.compile(r"^refs/tags/|/(?:main|master|develop|trunk|stable|[^/]*\d+[._]\w+[^/]*)$")
"""References that are history even where a pull request was opened from them; other branches of which
that is true are topic branches, and hold what may never have been merged."""
_COMMITS_KEPT = 200


def recognises(source: str) -> bool:
    """True for the path of a directory."""
    try:
        return Path(source).expanduser().is_dir()
    except (OSError, RuntimeError, ValueError):
        return False


def mine(source: str, options: MineOptions) -> Iterator[PullRequest | Rejection]:
    """Merged pull requests of the clone at ``source``, newest merge first."""
    with Clone.open(Path(source).expanduser(), repo=options.repo, cache=options.cache) as clone:
        yield from History(clone).results(options)


class History:
    """What the history of one clone says about pull requests; reads it once, when made."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._graph, self._landings = _read(clone)
        self._taken = add_referenced(self._landings)
        self._duplicates = Duplicates(clone, self._landings)

    def find(self, number: int) -> PullRequest | Rejection:
        """The pull request of that number, or why the history has none."""
        original = self._duplicates.original(number) if number in self._landings.by_number else None
        if original is not None:
            return self._reject(number, "duplicate_change", f"the same change as #{original}")
        landing = self._landings.by_number.get(number)
        return self._absent(number) if landing is None else self._pull_request(landing)

    def results(self, options: MineOptions) -> Iterator[PullRequest | Rejection]:
        """What was asked for: pull requests by merge date, then numbers that are none."""
        wanted = options.numbers
        chosen = [
            landing
            for number, landing in self._landings.by_number.items()
            if (wanted is None or number in wanted) and self._in_time(landing, options)
        ]
        chosen.sort(key=lambda landing: (-self._merged(landing), -landing.number))
        yielded = 0
        for landing in chosen:
            if options.limit is not None and yielded >= options.limit:
                return
            found = self.find(landing.number)
            yielded += isinstance(found, PullRequest)
            yield found
        for number in sorted((wanted or frozenset()) - self._landings.by_number.keys()):
            yield self._absent(number)

    def _absent(self, number: int) -> Rejection:
        if number in self._landings.cut:
            detail = (
                "the clone is shallow and ends at it" if self._clone.shallow else "it is the first commit"
            )
            return self._reject(number, "base_missing", detail)
        if number in self._taken:
            return self._reject(number, "duplicate_change", f"its commits came with #{self._taken[number]}")
        head = self._landings.pulls.get(number)
        if head is None:
            detail = "no merge, squash or reference of this number in the clone"
            return self._reject(number, "pull_request_not_found", detail)
        if head < self._landings.history:
            detail = "its head is in the history, but no commit tells where the pull request began"
            return self._reject(number, "base_unknown", detail)
        return self._reject(number, "not_merged", f"refs/pull/{number}/head never reached a branch")

    def _in_time(self, landing: Landing, options: MineOptions) -> bool:
        merged = self._merged(landing)
        return not (options.since and merged < _seconds(options.since)) and not (
            options.until and merged >= _seconds(options.until)
        )

    def _merged(self, landing: Landing) -> int:
        return self._graph.committed[landing.head]

    def _reject(self, number: int, reason: str, detail: str) -> Rejection:
        return Rejection(key=f"{self._clone.repo}#{number}", stage="mine", reason=reason, detail=detail)

    def _pull_request(self, landing: Landing) -> PullRequest:
        merge = self._clone.commit(self._graph.hex(landing.head))
        own = [self._clone.commit(self._graph.hex(node)) for node in landing.commits[:_COMMITS_KEPT]][::-1]
        own = [commit for commit in own if len(commit.parents) < 2] or [merge]
        title, body = _title(landing, merge, own)
        earliest = min(own, key=lambda commit: commit.authored)
        merged_at = moment(merge.committed, merge.committer_zone)
        return PullRequest(
            repo=self._clone.repo,
            number=landing.number,
            title=title,
            body=body,
            author=merge.author if landing.kind == "squash" else own[0].author,
            branch=landing.branch,
            base_commit=self._graph.hex(landing.base),
            head_commit=merge.id,
            merge_commit=merge.id,
            merge_kind=landing.kind,
            commits=tuple(
                CommitMessage(sha=commit.id, author=commit.author, subject=commit.subject, body=commit.body)
                for commit in own
            ),
            created_at=min(moment(earliest.authored, earliest.author_zone), merged_at),
            merged_at=merged_at,
            source="git",
        )


def _title(landing: Landing, merge: Commit, own: Sequence[Commit]) -> tuple[str, str]:
    """Title and body as the pull request had them, as far as the messages tell."""
    if landing.kind == "squash":
        title, body = squash_title(merge.subject, merge.body)
        if not title.lower().startswith("merge pull request"):
            return title, body
    elif landing.kind == "other" and not merge.subject.lower().startswith(
        ("merge branch", "merge #", "merge remote")
    ):
        return strip_numbers(merge.subject), merge.body
    if landing.kind in {"merge", "squash"} or merge.subject.lower().startswith("merge #"):
        title, body = merge_title(merge.body, landing.number)
        if title:
            return title, body
    if len(own) == 1 or landing.kind == "rebase":
        return strip_numbers(own[0].subject), own[0].body
    return branch_title(landing.branch) or strip_numbers(own[0].subject), ""


def _read(clone: Clone) -> tuple[Graph, Landings]:
    """The graph of the history and of the references, and who landed where."""
    branches: dict[str, str] = {}
    heads: dict[int, str] = {}
    listing = clone.git("for-each-ref", "--format=%(objectname) %(objecttype) %(refname)")
    for line in listing.decode(errors="replace").splitlines():
        name, kind, reference = line.split(" ", 2)
        pull = _PULL.fullmatch(reference)
        if pull and kind == "commit":
            heads[int(pull[1] or pull[2])] = name
        elif not pull and kind in {"commit", "tag"} and reference.startswith(_HISTORY):
            branches[reference] = name
    topics = set(heads.values())
    tips = [clone.head]
    tips += [name for reference, name in branches.items() if name not in topics or _LASTING.search(reference)]
    graph, sightings = Graph(), Sightings()
    graph.load(clone.view, tips, look=sightings.look)
    history = len(graph.ids)
    graph.load(clone.view, heads.values(), without=tips)
    pulls = {number: position for number, name in heads.items() if (position := graph.find(name)) is not None}
    return graph, Landings(graph, history, sightings, pulls, graph.find(clone.head))


def _seconds(when: datetime) -> float:
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
