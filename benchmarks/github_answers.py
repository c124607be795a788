"""Which part of a small GitHub answers which question, by REST and by GraphQL.  Knows no HTTP."""

from __future__ import annotations

from typing import Any

from benchmarks import github_world as world_of
from benchmarks.github_things import Pull, Repo
from benchmarks.github_world import World


def rest(world: World, path: str, query: dict[str, str]) -> tuple[str, Any]:
    """(template of the path, body); no body when there is no such thing."""
    if path.startswith("/search/"):
        return _search(world, path, query)
    words = path.split("/")[2:]
    repo = world.repo("/".join(words[:2])) if path.startswith("/repos/") else None
    if repo is None:
        return "", None
    match words[2:]:
        case []:
            return world_of.REPOSITORY, world.repository(repo)
        case ["pulls"]:
            pulls = sorted(repo.pulls.values(), key=lambda pull: (pull.updated, pull.number), reverse=True)
            assert (query["state"], query["sort"], query["direction"]) == ("all", "updated", "desc")
            return world_of.PULLS, [world.pull(pull) for pull in _page(pulls, query)]
        case ["pulls", number]:
            pull = repo.pulls.get(int(number))
            return world_of.PULL, world.pull(pull, world_of.PULL) if pull else None
        case ["pulls", number, "commits"]:
            commits = repo.pulls[int(number)].commits
            return world_of.COMMITS, [world.commit(*commit) for commit in _page(commits, query)]
        case ["issues", number]:
            issue = repo.issues.get(int(number))
            return world_of.ISSUE, world.issue(issue) if issue else None
        case ["issues", number, "comments"]:
            said = repo.issues[int(number)].comments
            return world_of.COMMENTS, [world.comment(one) for one in _page(said, query)]
    return "", None


def _search(world: World, path: str, query: dict[str, str]) -> tuple[str, Any]:
    """Everything matches: GitHub's search language is GitHub's business."""
    items: list[Any]
    if path == world_of.SEARCH_REPOSITORIES:
        items = [world.found_repository(repo) for repo in world.repos.values()]
    else:
        items = [world.found_pull(repo, pull) for repo in world.repos.values() for pull in _merged(repo)]
    example = world.descriptions.example(path)
    return path, {**example, "total_count": len(items), "items": _page(items, query)}


def _merged(repo: Repo) -> list[Pull]:
    return [pull for pull in repo.pulls.values() if pull.merged]


def _page(items: Any, query: dict[str, str]) -> Any:
    size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
    return items[(page - 1) * size : page * size]


def graphql(world: World, asked: dict[str, Any]) -> Any:
    """What GraphQL says; a part that is not there is an error of the type ``NOT_FOUND``, as with GitHub."""
    from graphql import graphql_sync

    schema = world.descriptions.graphql
    result = graphql_sync(schema, asked["query"], world.root(), variable_values=asked["variables"])
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [{"message": error.message} for error in result.errors]
    missing = [name for name, value in ((result.data or {}).get("repository") or {}).items() if value is None]
    for path in (["repository", name] for name in missing):
        error = {"type": "NOT_FOUND", "path": path, "message": "Could not resolve to a PullRequest."}
        answer.setdefault("errors", []).append(error)
    return answer
