"""Writes a problem statement: the linked issues first, then the pull request, its changelog, its commits.

Every passage keeps its provenance, those left out as well (with the reason).  Nothing is invented:
when the texts say too little there is no statement, and so no task.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from envfactory.mining.changelog import entries
from envfactory.mining.leaks import Leaks
from envfactory.mining.passages import Draft
from envfactory.mining.prose import strip_credit, words
from envfactory.records import Issue, PullRequest, StatementPart

_ENOUGH = 8
"""With so many words beside the title, single commit messages are left out: they tell how, not what."""
_ENOUGH_ISSUE = 20
"""Words of issues that say what is wanted: the pull request's own text, which tells how, is left out."""
_LEAST = 2
CHANGELOG_HEADING = "## Changelog entry of this change"
"""Under an issue, which tells of today, the entry would read as if it were so already."""
_COMMITS = 12
_ISSUES = 3


class Statement(NamedTuple):
    """The text an agent gets and where each passage came from."""

    text: str
    parts: tuple[StatementPart, ...]


def write_statement(
    pull: PullRequest, *, changelog: str, tests: str, gold: str, templates: frozenset[str] = frozenset()
) -> Statement | str:
    """The statement, or why there is none.

    ``changelog``, ``tests`` and ``gold`` are patches: the dropped part, the test patch, the gold patch;
    ``templates`` are lines of the repository's forms (``boilerplate.template_lines``).
    """
    draft = Draft(Leaks(tests, gold, pull), templates, pull.repo)
    title, passages = _issues(draft, pull.issues[:_ISSUES])
    told = words("\n".join(passages)) >= _ENOUGH_ISSUE
    if told:
        why = "the issue says what is wanted"
        draft.leave(pull.title, "title", _origin(pull), why)
        news = [text for text in _changelog(draft, changelog) if text]
        passages += [CHANGELOG_HEADING, *news] if news else []
        draft.leave(pull.body, "body", _origin(pull), why)
    else:
        own = _title(draft, pull)
        passages += [own] if own and title else []
        title = title or own
        passages += _own_words(draft, pull, changelog, [*passages])
    return _assembled(draft, pull, title, passages)


def _assembled(draft: Draft, pull: PullRequest, title: str, passages: list[str]) -> Statement | str:
    passages = [passage for passage in passages if passage]
    if not title and passages:
        first, _, rest = passages[0].partition("\n")
        title = re.sub(r"^(?:[-*]|#+)\s+", "", first).rstrip(".")
        passages = [text for text in (rest.strip("\n"), *passages[1:]) if text]
    text = draft.swept("\n\n".join([f"# {title}", *passages]) if title else "", _origin(pull)).strip("\n")
    if words(text) < _LEAST:
        return f"the messages say too little: {pull.title[:80]!r}"
    return Statement(text + "\n", tuple(draft.parts))


def _issues(draft: Draft, issues: Iterable[Issue]) -> tuple[str, list[str]]:
    """Title of the first issue; then its text, and title and text of the others."""
    title, passages = "", []
    for issue in issues:
        origin = f"issue {issue.number}"
        head = draft.title(issue.title, "issue", origin)
        if head and title:
            passages.append(f"## {head}")
        title = title or head
        passages.append(draft.passage(issue.body, "issue", origin))
    return title, [passage for passage in passages if passage]


def _changelog(draft: Draft, patch: str) -> list[str]:
    return [
        draft.passage("\n".join(strip_credit(line) for line in text.split("\n")), "changelog", path)
        for path, text in entries(patch)
    ]


def _own_words(draft: Draft, pull: PullRequest, changelog: str, before: list[str]) -> list[str]:
    """What changelog, body and, where these say too little, commit messages add."""
    passages = _changelog(draft, changelog)
    told = words("\n".join(passages)) >= _ENOUGH
    passages.append(draft.passage(pull.body, "body", _origin(pull), subjects=not told))
    if words("\n".join([*before, *passages])) < _ENOUGH:
        passages += _commits(draft, pull)
    return passages


def _title(draft: Draft, pull: PullRequest) -> str:
    """The title; a leading number that is an issue's elsewhere in the messages goes."""
    number = re.match(r"(\d+)[\s:_-]+", pull.title)
    messages = "\n".join([pull.body, *(f"{commit.subject}\n{commit.body}" for commit in pull.commits)])
    known = number is not None and f"#{number[1]}" in messages
    title = pull.title[number.end() :] if number is not None and known else pull.title
    return draft.title(title, "title", _origin(pull))


def _commits(draft: Draft, pull: PullRequest) -> list[str]:
    """Messages of the single commits, oldest first, as a list where they are one line each."""
    told = []
    for commit in pull.commits[:_COMMITS]:
        if commit.sha == pull.merge_commit and pull.merge_kind == "squash":
            continue
        text = f"{commit.subject}\n\n{commit.body}" if commit.body else commit.subject
        passage = draft.passage(text, "commit_message", f"commit {commit.sha}")
        if passage:
            told.append(passage)
    if len(told) > 1 and all("\n" not in passage for passage in told):
        return ["\n".join(f"- {passage}" for passage in told)]
    return told


def _origin(pull: PullRequest) -> str:
    if pull.source == "git":
        return f"{pull.merge_kind} commit {pull.merge_commit or pull.head_commit}"
    return f"pull request {pull.number}"
