"""A small GitHub in memory: repositories with pull requests, issues and comments, seen as REST and GraphQL.

Payloads are GitHub's own published examples with the fields of the world put in.  What is in the world is
made by the caller, or by ``github_sample``.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from benchmarks.github_schema import Descriptions
from benchmarks.github_things import Problem, Pull, Repo, Said

Json = dict[str, Any]
REPOSITORY, PULLS, PULL = (
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/pulls",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
)
COMMITS, ISSUE, COMMENTS = (
    f"{PULL}/commits",
    "/repos/{owner}/{repo}/issues/{issue_number}",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
)
FAMILY = ("source", "parent", "template_repository")
SEARCH_REPOSITORIES, SEARCH_ISSUES = "/search/repositories", "/search/issues"


class World:
    """All repositories by name, and how they look from outside."""

    def __init__(self, descriptions: Descriptions, repos: Mapping[str, Repo]) -> None:
        self.descriptions = descriptions
        self.repos = dict(repos)

    def repo(self, name: str) -> Repo | None:
        """By name, in any case."""
        return next((repo for key, repo in self.repos.items() if key.lower() == name.lower()), None)

    # -- REST

    def _example(self, template: str) -> Any:
        example = self.descriptions.example(template)
        return copy.copy(example[0] if isinstance(example, list) else example)

    def repository(self, repo: Repo) -> Json:
        """``GET /repos/o/n``."""
        # Published examples are older than the published schema in places.
        example = {key: value for key, value in self._example(REPOSITORY).items() if key not in FAMILY}
        license_ = {**example["license"], "spdx_id": repo.license}
        about = {"full_name": repo.name, "name": repo.name.split("/")[1], "stargazers_count": repo.stars}
        return {**example, **about, "size": repo.kilobytes, "license": license_, "language": "Python"}

    def pull(self, pull: Pull, template: str = PULLS) -> Json:
        """A pull request of a list, or alone."""
        example = self._example(template)
        label = example["labels"][0]
        return {
            **example,
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "state": "closed" if pull.merged else "open",
            "user": {**example["user"], "login": pull.author},
            "labels": [{**label, "name": name} for name in pull.labels],
            "created_at": stamp(pull.created),
            "updated_at": stamp(pull.updated),
            "merged_at": stamp(pull.merged) if pull.merged else None,
            "merge_commit_sha": pull.merge_commit or None,
            "head": {**example["head"], "ref": pull.branch},
            "requested_teams": [],
        }

    def commit(self, name: str, message: str) -> Json:
        """A commit of a pull request."""
        example = self._example(COMMITS)
        return {**example, "sha": name, "commit": {**example["commit"], "message": message}}

    def issue(self, issue: Problem) -> Json:
        """An issue alone."""
        about = {"number": issue.number, "title": issue.title, "body": issue.body}
        example = {key: value for key, value in self._example(ISSUE).items() if key != "pull_request"}
        return {**example, **about, "comments": len(issue.comments)}

    def comment(self, said: Said) -> Json:
        """A comment of an issue."""
        example = self._example(COMMENTS)
        user = {**example["user"], "login": said.author}
        return {**example, "user": user, "created_at": stamp(said.at), "body": said.body}

    def found_repository(self, repo: Repo) -> Json:
        """A repository as the search shows it."""
        example = self._example(SEARCH_REPOSITORIES)["items"][0]
        return {**example, "full_name": repo.name, "stargazers_count": repo.stars}

    def found_pull(self, repo: Repo, pull: Pull) -> Json:
        """A pull request as the search shows it."""
        example = self._example(SEARCH_ISSUES)["items"][0]
        url = f"https://api.github.com/repos/{repo.name}"
        return {**example, "number": pull.number, "title": pull.title, "repository_url": url}

    # -- GraphQL: what graphql-core resolves; functions are fields with arguments

    def root(self) -> Json:
        """The root of a query."""
        return {"repository": lambda info, owner, name, **_: self._repository(f"{owner}/{name}")}

    def _repository(self, name: str) -> Json | None:
        repo = self.repo(name)
        if repo is None:
            return None
        return {
            "nameWithOwner": repo.name,
            "pullRequests": lambda info, **given: self._merged(repo, given),
            "pullRequest": lambda info, number, **_: self._node(repo, number),
            "issue": lambda info, number, **_: self._issue(repo, number),
            "issueOrPullRequest": lambda info, number, **_: (
                self._issue(repo, number) or self._node(repo, number)
            ),
        }

    def _merged(self, repo: Repo, given: Mapping[str, Any]) -> Json:
        assert given["states"] == ["MERGED"]
        assert given["orderBy"] == {"field": "UPDATED_AT", "direction": "DESC"}
        pulls = [pull for pull in repo.pulls.values() if pull.merged]
        pulls.sort(key=lambda pull: (pull.updated, pull.number), reverse=True)
        return connection(
            pulls,
            given,
            key=lambda pull: f"{stamp(pull.updated)} {pull.number:09d}",
            node=lambda pull: self._node(repo, pull.number),
        )

    def _node(self, repo: Repo, number: int) -> Json | None:
        pull = repo.pulls.get(number)
        if pull is None:
            return None
        commits = [
            {"commit": {"oid": name, "message": message, "author": {"name": pull.author}}}
            for name, message in pull.commits
        ]
        issues = [self._issue(repo, one) for one in pull.linked]
        return {
            "__typename": "PullRequest",
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "updatedAt": stamp(pull.updated),
            "createdAt": stamp(pull.created),
            "mergedAt": stamp(pull.merged) if pull.merged else None,
            "author": {"__typename": "User", "login": pull.author},
            "headRefName": pull.branch,
            "headRefOid": pull.commits[-1][0] if pull.commits else "0" * 40,
            "baseRefName": "main",
            "baseRefOid": "0" * 40,
            "mergeCommit": {"oid": pull.merge_commit} if pull.merge_commit else None,
            "labels": lambda info, first, **_: {"nodes": [{"name": name} for name in pull.labels[:first]]},
            "commits": lambda info, last, **_: {"totalCount": len(commits), "nodes": commits[-last:]},
            "closingIssuesReferences": lambda info, first, **_: {"nodes": issues[:first]},
        }

    def _issue(self, repo: Repo, number: int) -> Json | None:
        issue = repo.issues.get(number)
        if issue is None:
            return None
        return {
            "__typename": "Issue",
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "repository": {"nameWithOwner": repo.name},
            "comments": lambda info, **given: connection(
                list(enumerate(issue.comments)),
                given,
                key=lambda item: f"{item[0]:09d}",
                node=lambda item: {
                    "author": {"__typename": "User", "login": item[1].author},
                    "createdAt": stamp(item[1].at),
                    "body": item[1].body,
                },
            ),
        }


def connection(
    items: Sequence[Any], given: Mapping[str, Any], *, key: Callable[[Any], str], node: Callable[[Any], Any]
) -> Json:
    """A page of GraphQL.  A cursor names a place in the order, not a position, as GitHub's do."""
    after = base64.b64decode(given["after"]).decode() if given.get("after") else None
    if after is not None:
        ascending = len(items) < 2 or key(items[0]) < key(items[-1])
        items = [item for item in items if (key(item) > after if ascending else key(item) < after)]
    shown = items[: given["first"]]
    end = base64.b64encode(key(shown[-1]).encode()).decode() if shown else None
    return {
        "pageInfo": {"hasNextPage": len(items) > len(shown), "endCursor": end},
        "nodes": [node(item) for item in shown],
    }


def stamp(when: datetime) -> str:
    """As GitHub writes it."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
