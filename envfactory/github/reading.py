"""Turns what GitHub answers, by GraphQL or by REST, into rows.  Asks nobody, keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from envfactory.github.rows import Facts, Row
from envfactory.records import Comment, CommitMessage, Issue

Json = Mapping[str, Any]


def row_of_graphql(node: Json, repo: str) -> Row:
    """A ``PullRequest`` of GraphQL as ``queries`` asks for it, linked issues with their first comments."""
    created = moment(node["createdAt"])
    linked = [issue_of_graphql(item, repo) for item in _nodes(node.get("closingIssuesReferences"))]
    commits = node.get("commits") or {}
    return Row(
        number=node["number"],
        updated_at=moment(node["updatedAt"]),
        created_at=created,
        merged_at=moment(node["mergedAt"]) if node.get("mergedAt") else None,
        title=text(node.get("title")),
        body=text(node.get("body")),
        author=_login(node.get("author")),
        labels=tuple(text(label["name"]) for label in _nodes(node.get("labels"))),
        branch=text(node.get("headRefName")),
        target=text(node.get("baseRefName")),
        base=node.get("baseRefOid") or "",
        head=node.get("headRefOid") or "",
        merge_commit=(node.get("mergeCommit") or {}).get("oid") or "",
        commits=tuple(_commit(item["commit"]) for item in _nodes(commits)),
        commit_count=commits.get("totalCount"),
        issues=tuple(before(issue, created) for issue in linked),
    )


def issue_of_graphql(node: Json, repo: str) -> Issue:
    """An ``Issue`` with all comments that came along."""
    where = (node.get("repository") or {}).get("nameWithOwner") or repo
    return Issue(
        number=node["number"],
        repo="" if where.lower() == repo.lower() else where,
        title=text(node.get("title")),
        body=text(node.get("body")),
        comments=comments_of_graphql(node.get("comments")),
    )


def comments_of_graphql(connection: Json | None) -> tuple[Comment, ...]:
    """The comments of one page."""
    return tuple(
        Comment(
            author=_login(node.get("author")), created_at=moment(node["createdAt"]), body=text(node["body"])
        )
        for node in _nodes(connection)
    )


def row_of_rest(item: Json) -> Row:
    """A pull request of REST, as lists and single answers have it; its issues are not in there."""
    head, base = item.get("head") or {}, item.get("base") or {}
    return Row(
        number=item["number"],
        updated_at=moment(item["updated_at"]),
        created_at=moment(item["created_at"]),
        merged_at=moment(item["merged_at"]) if item.get("merged_at") else None,
        title=text(item.get("title")),
        body=text(item.get("body")),
        author=_login(item.get("user")),
        labels=tuple(text(label["name"]) for label in item.get("labels") or ()),
        branch=text(head.get("ref")),
        target=text(base.get("ref")),
        base=base.get("sha") or "",
        head=head.get("sha") or "",
        merge_commit=item.get("merge_commit_sha") or "",
        whole=False,
    )


def commit_of_rest(item: Json) -> CommitMessage:
    """A commit of a pull request's list."""
    return _commit({"oid": item["sha"], **item["commit"]})


def issue_of_rest(item: Json) -> Issue:
    """An issue without its comments."""
    return Issue(number=item["number"], title=text(item.get("title")), body=text(item.get("body")))


def comment_of_rest(item: Json) -> Comment:
    """A comment of an issue."""
    return Comment(
        author=_login(item.get("user")), created_at=moment(item["created_at"]), body=text(item.get("body"))
    )


def facts_of_rest(item: Json) -> Facts:
    """A repository."""
    license_ = (item.get("license") or {}).get("spdx_id") or ""
    return Facts(
        repo=item["full_name"],
        license="" if license_ == "NOASSERTION" else license_,
        stars=item.get("stargazers_count") or 0,
        kilobytes=item.get("size") or 0,
        branch=item.get("default_branch") or "",
    )


def before(issue: Issue, opened: datetime) -> Issue:
    """The issue as it was when the pull request was opened: later comments may tell the solution."""
    kept = tuple(said for said in issue.comments if said.created_at and said.created_at < opened)
    return issue.model_copy(update={"comments": kept})


def moment(value: str) -> datetime:
    """GitHub's time stamps, always with their zone."""
    return datetime.fromisoformat(value)


def text(value: Any) -> str:
    """Text with plain line ends, and without what no UTF-8 file can hold."""
    plain = str(value or "").replace("\r\n", "\n").replace("\0", "")
    return plain.encode("utf-8", "replace").decode()


def _commit(item: Json) -> CommitMessage:
    subject, _, body = text(item.get("message")).strip("\n").partition("\n\n")
    subject = " ".join(line.strip() for line in subject.split("\n")).strip()  # as git has it
    author = text((item.get("author") or {}).get("name"))
    return CommitMessage(sha=item["oid"], author=author, subject=subject, body=body.strip("\n"))


def _nodes(connection: Json | None) -> list[Json]:
    """Nodes that may be seen; GraphQL has ``null`` for the others."""
    return [node for node in (connection or {}).get("nodes") or () if node]


def _login(person: Json | None) -> str:
    """The name; accounts that were deleted are nobody."""
    return text((person or {}).get("login"))
