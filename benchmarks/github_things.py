"""What a small GitHub is made of: repositories, pull requests, issues, comments.  Plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Said:
    """A comment."""

    author: str
    at: datetime
    body: str


@dataclass
class Problem:
    """An issue."""

    number: int
    title: str
    body: str = ""
    comments: list[Said] = field(default_factory=list)


@dataclass
class Pull:
    """A pull request."""

    number: int
    title: str
    body: str = ""
    author: str = "octocat"
    labels: tuple[str, ...] = ()
    branch: str = "topic"
    created: datetime = START
    merged: datetime | None = None
    updated: datetime = START
    merge_commit: str = ""
    commits: Sequence[tuple[str, str]] = ()
    """(id, message), oldest first."""
    linked: tuple[int, ...] = ()
    """Issues that GitHub itself has linked."""


@dataclass
class Repo:
    """A repository."""

    name: str
    license: str = "MIT"
    stars: int = 7
    kilobytes: int = 100
    pulls: dict[int, Pull] = field(default_factory=dict)
    issues: dict[int, Problem] = field(default_factory=dict)
