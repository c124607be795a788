"""Lists pull requests by REST: slower, and the only way without a token or where GraphQL is missing.

A page of the list is one call for a hundred pull requests.  Issues and commits cost a call each, so they
are asked for only when somebody wants that very pull request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from envfactory.github import reading
from envfactory.github.archive import Way
from envfactory.github.client import Client
from envfactory.github.references import closed_issues
from envfactory.github.rows import Page, Row
from envfactory.records import Comment, Issue

PER_PAGE = 100
"""GitHub's own limit."""
COMMENT_PAGES = 3


class RestList:
    """All pull requests of one repository, open ones too.

    The list of all states is the one that nothing ever leaves: what changes moves to its top.  So a page
    number that was next once leaves nothing out later.
    """

    way: Way = "rest"

    def __init__(self, client: Client, repo: str) -> None:
        self._client, self._repo = client, repo

    def page(self, after: str | None) -> Page:
        """Those that follow ``after``, latest update first."""
        number = int(after.partition(" ")[0]) if after else 1
        order = {"state": "all", "sort": "updated", "direction": "desc"}
        items = self._list("pulls", per_page=PER_PAGE, page=number, **order)
        rows = tuple(reading.row_of_rest(item) for item in items)
        following = f"{number + 1} {rows[-1].updated_at.isoformat()}" if len(rows) == PER_PAGE else None
        return Page(rows=rows, next=following)

    def numbered(self, numbers: Sequence[int]) -> dict[int, Row]:
        """Those of ``numbers`` that are pull requests, merged or not."""
        items = (self._client.get(f"/repos/{self._repo}/pulls/{number}") for number in numbers)
        return {row.number: row for item in items if item for row in [reading.row_of_rest(item)]}

    def completed(self, row: Row) -> Row:
        """The row with the issues that its words close."""
        issues = [self._issue(number, row) for number in closed_issues(row, self._repo)]
        found = tuple(issue for issue in issues if issue is not None)
        return row.model_copy(update={"issues": found, "whole": True})

    def with_commits(self, row: Row) -> Row:
        """The row with the commits of its own branch."""
        commits = [reading.commit_of_rest(item) for item in self._list(f"pulls/{row.number}/commits")]
        # A full page may not be all of them, and begins with the oldest: how many there are is unknown then.
        count = len(commits) if len(commits) < PER_PAGE else None
        return row.model_copy(update={"commits": tuple(commits), "commit_count": count})

    def _issue(self, number: int, row: Row) -> Issue | None:
        """The issue as it was when the pull request was opened; ``None`` for another pull request."""
        item = self._client.get(f"/repos/{self._repo}/issues/{number}")
        if not item or item.get("pull_request"):
            return None
        comments: list[Comment] = []
        pages = min(COMMENT_PAGES, -(-int(item.get("comments") or 0) // PER_PAGE))
        for page in range(1, pages + 1):
            said = self._list(f"issues/{number}/comments", page=page)
            comments += [reading.comment_of_rest(one) for one in said]
        issue = reading.issue_of_rest(item).model_copy(update={"comments": tuple(comments)})
        return reading.before(issue, row.created_at)

    def _list(self, what: str, **parameters: Any) -> list[Any]:
        path = f"/repos/{self._repo}/{what}"
        found = self._client.get(path, **{"per_page": PER_PAGE} | parameters)
        return found if isinstance(found, list) else []
