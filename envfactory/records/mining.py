"""What miners find: pull requests, and the candidates that screening leaves of them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from envfactory.records.core import Record, canonical_json


class Comment(Record):
    """One comment of an issue."""

    author: str = ""
    created_at: datetime | None = None
    body: str


class Issue(Record):
    """An issue that the pull request says it resolves."""

    number: int
    repo: str = ""
    """``owner/name`` where it is not the pull request's own repository."""
    title: str = ""
    body: str = ""
    comments: tuple[Comment, ...] = ()
    """Only those written before the pull request was opened."""


class CommitMessage(Record):
    """One commit of the pull request."""

    sha: str
    author: str = ""
    subject: str
    body: str = ""


class PullRequest(Record):
    """One merged pull request as a miner found it; no patches yet."""

    MEASURED = frozenset({"stars"})
    repo: str
    """``owner/name`` (``local/<folder>`` for a clone without an origin)."""
    number: int
    title: str
    body: str = ""
    author: str = ""
    labels: tuple[str, ...] = ()
    branch: str = ""
    """Name of the head branch where the merge message tells it."""
    base_commit: str
    """The commit that the pull request's change applies to."""
    head_commit: str
    """The commit whose tree is base plus the change."""
    merge_commit: str | None = None
    merge_kind: Literal["merge", "squash", "rebase", "other"]
    commits: tuple[CommitMessage, ...] = ()
    created_at: datetime
    merged_at: datetime
    issues: tuple[Issue, ...] = ()
    license: str = ""
    """SPDX identifier that the hosting site recognised in the repository; '' when it told none."""
    stars: int | None = None
    """Of the repository, when it was mined."""
    source: Literal["github", "git", "gharchive"]

    @property
    def key(self) -> str:
        """``owner/name#number``."""
        return f"{self.repo}#{self.number}"

    @property
    def instance_id(self) -> str:
        """``owner__name-number``: the field's name for a task."""
        return f"{self.repo.replace('/', '__')}-{self.number}"


class StatementPart(Record):
    """One passage of a problem statement and where it came from; ``used`` is false for removed ones."""

    source: Literal["title", "body", "issue", "commit_message", "changelog", "comment", "model"]
    origin: str
    text: str
    used: bool = True
    why: str = ""


class Judgement(Record):
    """What a model thinks of a statement; nothing is decided by it."""

    score: int = Field(ge=1, le=5)
    """From 1, nobody could tell what is wanted, to 5, everything that is needed is said."""
    reasons: tuple[str, ...]


class StatementReview(Record):
    """What a model was asked about a statement, and what came of it."""

    MEASURED = frozenset({"cost_usd"})
    model: str
    prompts: dict[str, str]
    """File of a prompt -> sha256 of its text."""
    original: str
    """The statement as it was written from the messages, whether it was replaced or not."""
    rewritten: bool = False
    refused: dict[str, str] = Field(default_factory=dict)
    """``rewrite`` or ``judge`` -> why there is none."""
    judgement: Judgement | None = None
    """Of the statement that the candidate has."""
    cost_usd: float = 0.0


TaskType = Literal["bug_fix", "feature", "performance", "refactor", "test", "docs", "dependency", "other"]


class Candidate(Record):
    """A pull request worth an environment: its change split into gold patch and test patch."""

    pull_request: PullRequest
    language: str
    base_tree: str
    """Tree id of the base commit with reachable submodules folded in as ordinary files."""
    after_tree: str
    gold_patch: str
    """``git diff --binary --full-index`` text, valid UTF-8 (files that are not are binary hunks)."""
    test_patch: str
    dropped_patch: str = ""
    """Changelog fragments and similar: kept as provenance, in neither patch."""
    source_files: tuple[str, ...]
    test_files: tuple[str, ...]
    """Every path of the test patch, data files included."""
    test_modules: tuple[str, ...]
    """Files that the test runner is given: those touched, and the drivers of touched data files."""
    problem_statement: str
    statement_parts: tuple[StatementPart, ...]
    statement_review: StatementReview | None = None
    """Only where a model was asked about the statement."""
    hints: str = ""
    interface: str = ""
    license: str = ""
    task_type: TaskType = "other"
    notes: tuple[str, ...] = ()
    """Things worth knowing, e.g. ``submodule tests/data unreachable``."""

    def stable(self) -> dict[str, Any]:
        """Without a model the field does not count, so that nothing depends on its being there."""
        data = super().stable()
        if self.statement_review is None:
            del data["statement_review"]
        return data

    @property
    def instance_id(self) -> str:
        """The pull request's."""
        return self.pull_request.instance_id

    @property
    def identity(self) -> str:
        """sha256 of (repo, base commit, both patches)."""
        pull = self.pull_request
        return hashlib.sha256(
            canonical_json([pull.repo, pull.base_commit, self.gold_patch, self.test_patch])
        ).hexdigest()
