"""The hints of a task: what was said under its issues before the pull request existed.

Comments pass the same filters as the statement.  Bots are not heard; nobody's words are changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from envfactory.mining.leaks import Leaks
from envfactory.mining.passages import Draft
from envfactory.records import PullRequest, StatementPart

_BOT = re.compile(
    r".*(?:\[bot\]|-bot)|(?:codecov|coveralls|stale|sonarcloud|dependabot|renovate).*", re.IGNORECASE
)
_LONGEST = 40_000
"""Characters of all comments together."""


class Hints(NamedTuple):
    """Text for ``hints_text`` and what was left out of it."""

    text: str
    parts: tuple[StatementPart, ...]


def hints(pull: PullRequest, *, tests: str, gold: str, templates: frozenset[str] = frozenset()) -> Hints:
    """The comments of all linked issues in order, a blank line between two."""
    draft = Draft(Leaks(tests, gold, pull), templates, pull.repo)
    passages = []
    for issue in pull.issues:
        for number, comment in enumerate(issue.comments, start=1):
            origin = f"issue {issue.number}, comment {number}"
            late = comment.created_at is not None and comment.created_at > pull.created_at
            if late or _BOT.fullmatch(comment.author):
                why = "written after the pull request" if late else "written by a bot"
                draft.leave(comment.body, "comment", origin, why)
            else:
                passages.append(draft.passage(comment.body, "comment", origin))
    return Hints(_within(filter(None, passages)), tuple(part for part in draft.parts if not part.used))


def _within(passages: Iterable[str]) -> str:
    """As many whole comments as fit."""
    kept, size = [], 0
    for passage in passages:
        size += len(passage)
        if size > _LONGEST:
            break
        kept.append(passage)
    return "\n\n".join(kept)
