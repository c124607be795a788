"""Where a pull request that GitHub calls merged is in a clone: its base, its head, its kind of merge.

GitHub names the commit of the merge, and that decides; the history tells the rest.  Where GitHub's
commit is not in the clone, what the history says about the number counts.  Asks nobody, fetches
nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from envfactory.git.clone import Clone
from envfactory.github.rows import Facts, Row
from envfactory.mining.merging import merged
from envfactory.records import PullRequest, Rejection

Found = PullRequest | Rejection


class _Place(NamedTuple):
    base: str
    kind: str


def single_parent(clone: Clone, row: Row) -> bool:
    """Whether its commit of the merge is no merge commit: a squash or the last of a rebase."""
    if not row.merge_commit or not _has(clone, row.merge_commit):
        return False
    return len(clone.commit(row.merge_commit).parents) == 1


def placed(clone: Clone, facts: Facts, row: Row, known: Found | None) -> Found:
    """The pull request of ``row``; ``known`` is what the history says about its number."""
    if isinstance(known, Rejection) and known.reason == "duplicate_change":
        return known
    place = _place(clone, row)
    git = known if isinstance(known, PullRequest) else None
    if place is None and git is None:
        return _lost(clone, facts, row)
    words = _words(facts, row, place or _Place(git.base_commit if git else "", "other"))
    if git is None:
        return words
    if place is None or (git.merge_commit == row.merge_commit and git.base_commit == place.base):
        return merged(words, git)
    return words


def _place(clone: Clone, row: Row) -> _Place | None:
    """By the commit that GitHub names."""
    if not row.merge_commit or not _has(clone, row.merge_commit):
        return None
    parents = clone.commit(row.merge_commit).parents
    if len(parents) > 1:
        return _Place(parents[0], "merge")
    if not parents:
        return None
    base = _before_rebase(clone, row)
    return _Place(base or parents[0], "rebase" if base else "squash")


def _before_rebase(clone: Clone, row: Row) -> str | None:
    """The commit under the pull request's own ones, when all of them reappear on the target branch."""
    count = row.commit_count or 0
    if count < 2 or not row.commits:
        return None
    name, wanted = row.merge_commit, list(reversed(row.commits))
    for position in range(count):
        commit = clone.commit(name)
        if position < len(wanted) and commit.subject != wanted[position].subject:
            return None
        if len(commit.parents) != 1 or not _has(clone, commit.parents[0]):
            return None
        name = commit.parents[0]
    return name


def _has(clone: Clone, commit: str) -> bool:
    """As ``Clone.has``, without a process of its own for each of thousands."""
    return clone.objects.size(commit) is not None


def _words(facts: Facts, row: Row, place: _Place) -> PullRequest:
    assert row.merged_at is not None
    data = {
        "repo": facts.repo,
        "number": row.number,
        "title": row.title,
        "body": row.body,
        "author": row.author,
        "labels": row.labels,
        "branch": row.branch,
        "base_commit": place.base,
        "head_commit": row.merge_commit,
        "merge_commit": row.merge_commit,
        "merge_kind": place.kind,
        "commits": row.commits,
        "created_at": row.created_at,
        "merged_at": row.merged_at,
        "issues": row.issues,
        "license": facts.license,
        "stars": facts.stars,
        "source": "github",
    }
    return PullRequest.model_validate(data)


def _lost(clone: Clone, facts: Facts, row: Row) -> Rejection:
    if not row.merge_commit:
        detail = "GitHub names no commit for its merge"
    elif _has(clone, row.merge_commit):
        detail = f"its commit {row.merge_commit[:12]} has no parent"
    else:
        detail = f"its commit {row.merge_commit[:12]} is on no branch of {facts.repo} any more"
    return Rejection(key=f"{facts.repo}#{row.number}", stage="mine", reason="base_unknown", detail=detail)
