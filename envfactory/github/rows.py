"""A pull request as GitHub tells it, whichever way it was asked; nothing of it is read from git."""

from __future__ import annotations

from datetime import datetime

from envfactory.records import CommitMessage, Issue, Record


class Row(Record):
    """One pull request in the words of GitHub."""

    number: int
    updated_at: datetime
    created_at: datetime
    merged_at: datetime | None = None
    """``None``: it was not merged."""
    title: str = ""
    body: str = ""
    author: str = ""
    labels: tuple[str, ...] = ()
    branch: str = ""
    """Name of its own branch."""
    target: str = ""
    """Name of the branch that it was merged into."""
    base: str = ""
    """Tip of the target branch as GitHub last saw it: not what the change applies to."""
    head: str = ""
    """Tip of its own branch."""
    merge_commit: str = ""
    commits: tuple[CommitMessage, ...] = ()
    """Of its own branch, oldest first; the last hundred."""
    commit_count: int | None = None
    """How many it has; ``None`` when GitHub was not asked."""
    issues: tuple[Issue, ...] = ()
    whole: bool = True
    """False where the linked issues were not asked for yet."""


class Page(Record):
    """A piece of a list of pull requests, latest update first."""

    rows: tuple[Row, ...]
    next: str | None = None
    """Where the list goes on; ``None`` at its end."""


class Facts(Record):
    """What GitHub says about a repository."""

    repo: str
    """``owner/name`` as it is called today."""
    license: str = ""
    """SPDX identifier, '' when GitHub recognises none."""
    stars: int = 0
    kilobytes: int = 0
    """Size of its objects on GitHub's disks."""
    branch: str = ""
    """Its default branch."""
