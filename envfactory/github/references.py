"""Issues that a pull request says it closes, found in its words by GitHub's own keywords.

https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
GitHub links them only for pull requests into the default branch, and not those that commit messages
name; this finds both.  Asks nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from envfactory.github.rows import Row

_KEYWORD = r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b\s*:?\s+"
_NUMBER = r"(?:#|GH-|https?://[^\s/]+/(?P<repo>[\w.-]+/[\w.-]+)/issues/|(?P<other>[\w.-]+/[\w.-]+)#)(?P<number>\d{1,9})\b"
_CLOSES = re.compile(_KEYWORD + _NUMBER, re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
"""Templates explain the keywords in comments."""
MOST = 10
"""Of one pull request; one that names more closes none of them in particular."""


def closed_issues(row: Row, repo: str) -> list[int]:
    """Numbers of issues of ``repo`` itself that are named and not linked yet, in order of appearance."""
    linked = {issue.number for issue in row.issues if not issue.repo}
    messages = (f"{commit.subject}\n{commit.body}" for commit in row.commits)
    found = dict.fromkeys(_numbers([row.title, row.body, *messages], repo))
    return [number for number in found if number not in linked and number != row.number][:MOST]


def _numbers(texts: Iterable[str], repo: str) -> Iterable[int]:
    for text in texts:
        for match in _CLOSES.finditer(_COMMENT.sub("", text)):
            where = match["repo"] or match["other"] or repo
            if where.lower() == repo.lower():
                yield int(match["number"])
