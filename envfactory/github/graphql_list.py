"""Lists pull requests by GraphQL: a hundred with all about them in one call.

Further calls are made only for issues that their words name and GitHub did not link (fifty in one
call), and for comments beyond the fiftieth that are older than the pull request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from envfactory.errors import RemoteError
from envfactory.github import queries, reading
from envfactory.github.archive import Way
from envfactory.github.client import Client, TooHeavy
from envfactory.github.references import closed_issues
from envfactory.github.rows import Page, Row
from envfactory.records import Comment, Issue

MOST, LEAST = 100, 5
"""Pull requests of one call: GitHub's own limit, and where making it smaller ends."""
PATIENCE = 10
"""Pages of one size before a larger one is tried again."""
NUMBERED = 50
COMMENTS_KEPT = 300
"""Of one issue; a discussion of more has more than a reader."""


class GraphqlList:
    """The merged pull requests of one repository."""

    way: Way = "graphql"

    def __init__(self, client: Client, repo: str) -> None:
        self._client, self._repo = client, repo
        owner, _, name = repo.partition("/")
        self._variables = {"owner": owner, "name": name}
        self._size, self._served = MOST, 0

    def page(self, after: str | None) -> Page:
        """Those that follow ``after``, latest update first."""
        nodes = self._merged(after)
        rows = [
            self._with_comments(reading.row_of_graphql(node, self._repo), node) for node in nodes["nodes"]
        ]
        info = nodes["pageInfo"]
        return Page(rows=tuple(self._linked(rows)), next=info["endCursor"] if info["hasNextPage"] else None)

    def numbered(self, numbers: Sequence[int]) -> dict[int, Row]:
        """Those of ``numbers`` that are pull requests, merged or not."""
        found: dict[int, Row] = {}
        for some in _portions(numbers, NUMBERED):
            answer = self._repository(queries.numbered(some), {})
            nodes = [node for node in answer.values() if node]
            rows = [self._with_comments(reading.row_of_graphql(node, self._repo), node) for node in nodes]
            found |= {row.number: row for row in self._linked(rows)}
        return found

    def completed(self, row: Row) -> Row:
        """The row with everything, where it was got by REST once."""
        return self.numbered([row.number]).get(row.number, row)

    def with_commits(self, row: Row) -> Row:
        """The same: they came with the list."""
        return row

    def _merged(self, after: str | None) -> dict[str, Any]:
        """A page of the list: of ever fewer while GitHub gives up on it, then of more again."""
        while True:
            variables = {"first": self._size, "after": after}
            try:
                answer = self._repository(queries.MERGED, variables, divisible=self._size > LEAST)
            except TooHeavy:
                self._size, self._served = max(LEAST, self._size // 2), 0
                continue
            self._served += 1
            if self._served % PATIENCE == 0:
                self._size = min(MOST, self._size * 2)
            connection: dict[str, Any] = answer["pullRequests"]
            return connection

    def _linked(self, rows: Sequence[Row]) -> Iterable[Row]:
        """The rows, with the issues that their words name and GitHub has not linked."""
        named = {row.number: closed_issues(row, self._repo) for row in rows}
        issues = self._issues(sorted({number for numbers in named.values() for number in numbers}))
        for row in rows:
            more = [self._until(issues[n], row) for n in named[row.number] if n in issues]
            yield row.model_copy(update={"issues": (*row.issues, *more)}) if more else row

    def _issues(self, numbers: Sequence[int]) -> dict[int, tuple[Issue, str | None]]:
        """Number -> issue with its first comments, and where they go on; without what is no issue."""
        found = {}
        for some in _portions(numbers, NUMBERED):
            answer = self._repository(queries.issues(some), {})
            for node in answer.values():
                if node and "title" in node:
                    issue = reading.issue_of_graphql(node, self._repo)
                    found[issue.number] = issue, _following(node["comments"])
        return found

    def _with_comments(self, row: Row, node: reading.Json) -> Row:
        """The row with all comments of its issues that are older than itself."""
        linked = [item for item in (node.get("closingIssuesReferences") or {}).get("nodes") or () if item]
        issues = [
            self._until((reading.issue_of_graphql(item, self._repo), _following(item["comments"])), row)
            for item in linked
        ]
        return row.model_copy(update={"issues": tuple(issues)})

    def _until(self, found: tuple[Issue, str | None], row: Row) -> Issue:
        """The issue with what was said before the pull request was opened, and nothing later."""
        issue, after = found
        said: list[Comment] = list(issue.comments)
        owner, _, name = (issue.repo or self._repo).partition("/")
        while after and len(said) < COMMENTS_KEPT and _before(said[-1], row):
            variables = {"owner": owner, "name": name, "number": issue.number, "after": after}
            answer = (self._client.graphql(queries.COMMENTS_AFTER, variables)["repository"] or {}).get(
                "issue"
            )
            if not answer:
                break
            said += reading.comments_of_graphql(answer["comments"])
            after = _following(answer["comments"])
        whole = issue.model_copy(update={"comments": tuple(said[:COMMENTS_KEPT])})
        return reading.before(whole, row.created_at)

    def _repository(
        self, query: str, variables: dict[str, Any], *, divisible: bool = False
    ) -> dict[str, Any]:
        data = self._client.graphql(query, self._variables | variables, divisible=divisible)
        answer: dict[str, Any] | None = data["repository"]
        if answer is None:
            raise RemoteError(f"{self._repo} is not on GitHub any more", cause="github_refused")
        return answer


def _following(connection: reading.Json) -> str | None:
    info = connection["pageInfo"]
    return info["endCursor"] if info["hasNextPage"] else None


def _before(said: Comment, row: Row) -> bool:
    return said.created_at is not None and said.created_at < row.created_at


def _portions(numbers: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))
