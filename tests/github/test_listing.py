"""The list of one repository: its order, what it costs, what it remembers, both ways of asking."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.github_server import Faults, Server
from benchmarks.github_things import START, Repo, Said
from envfactory.errors import UsageError
from envfactory.github.listing import Repository
from envfactory.github.references import closed_issues
from envfactory.github.rows import Row
from tests.github.conftest import REPO, Serve
from tests.github.test_client import client_of

pytestmark = pytest.mark.usefixtures("impatient")
TOKEN = ("token",)


def rows(server: Server, cache: Path, *tokens: str, count: int | None = None, **window: object) -> list[Row]:
    with client_of(server, cache, *tokens) as client, Repository.open(client, REPO, cache) as repository:
        return list(islice(repository.merged(**window), count))  # type: ignore[arg-type]


def numbered(
    server: Server, cache: Path, *numbers: int, tokens: tuple[str, ...] = TOKEN
) -> dict[int, Row | None]:
    with client_of(server, cache, *tokens) as client, Repository.open(client, REPO, cache) as repository:
        return dict(repository.numbered(numbers))


@pytest.mark.parametrize("tokens", [TOKEN, ()], ids=["graphql", "rest"])
def test_all_of_them_newest_merge_first(
    serve: Serve, sample: Repo, tmp_path: Path, tokens: tuple[str, ...]
) -> None:
    server = serve(check=True)
    since = START + timedelta(hours=0 if tokens else 200)
    found = rows(server, tmp_path, *tokens, since=since)
    assert [row.number for row in found] == sorted(sample.pulls, reverse=True)[: len(found)]
    assert len(found) == (230 if tokens else 30)
    assert all(row.whole for row in found)
    assert server.complaints == []
    before = server.calls.copy()
    assert rows(server, tmp_path, *tokens, since=since) == found
    asked = server.calls - before
    assert asked["graphql"] == 0
    assert asked["conditional"] == asked["unchanged"] == asked["rest"] == 2


def test_what_it_costs(serve: Serve, tmp_path: Path) -> None:
    """Two calls for the repository; for each page one and one for the issues that GitHub has not linked."""
    server = serve()
    rows(server, tmp_path, *TOKEN)
    assert (server.calls["rest"], server.calls["graphql"]) == (2, 6)


def test_a_few_cost_one_page(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    server = serve()
    found = rows(server, tmp_path, *TOKEN, count=10)
    assert [row.number for row in found] == sorted(sample.pulls, reverse=True)[:10]
    assert server.calls["graphql"] == 2


def test_the_order_is_that_of_merges_not_of_updates(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    for number in (1, 5, 9):
        sample.pulls[number].updated = START + timedelta(days=400)
    found = rows(serve(), tmp_path, *TOKEN, count=150)
    assert [row.number for row in found] == sorted(sample.pulls, reverse=True)[:150]


def test_since(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    server, since = serve(), START + timedelta(hours=200)
    found = rows(server, tmp_path, *TOKEN, since=since)
    assert [row.number for row in found] == [
        n for n, pull in sorted(sample.pulls.items(), reverse=True) if pull.merged and pull.merged >= since
    ]
    assert server.calls["GET /repos/octo/words/pulls"] == 1
    assert server.calls["graphql"] == 2


def test_only_what_changed_is_read_again(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    server = serve()
    rows(server, tmp_path, *TOKEN)
    sample.pulls[7].title, sample.pulls[7].updated = "Another title", START + timedelta(days=500)
    before = server.calls["graphql"]
    found = rows(server, tmp_path, *TOKEN)
    assert len(found) == len(sample.pulls)
    assert next(row.title for row in found if row.number == 7) == "Another title"
    assert server.calls["graphql"] - before <= 2


@pytest.mark.parametrize("tokens", [TOKEN, ()], ids=["graphql", "rest"])
def test_issues_with_what_was_said_before(serve: Serve, tmp_path: Path, tokens: tuple[str, ...]) -> None:
    found = {row.number: row for row in rows(serve(), tmp_path, *tokens, count=20)}
    linked, named, none = found[457], found[443], found[455]  # positions 228, 221, 227
    for row in (linked, named):
        (issue,) = row.issues
        assert issue.number == row.number + 1
        assert issue.body
        assert [comment.body for comment in issue.comments] == ["I see that too."]
    assert none.issues == ()


def test_a_long_discussion_is_read_up_to_the_pull_request(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    pull = sample.pulls[457]
    when = pull.created - timedelta(hours=9)
    sample.issues[458].comments = [
        Said("a", when + timedelta(minutes=4 * position), f"{position}") for position in range(170)
    ]
    (row,) = numbered(serve(), tmp_path, 457).values()
    assert row is not None
    said = [comment.body for comment in row.issues[0].comments]
    assert said == [str(position) for position in range(135)]


def test_numbers(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    server = serve()
    sample.pulls[3].merged = None
    found = numbered(server, tmp_path, 1, 3, 2, 100_001)
    assert [(n, row is not None and row.merged_at is not None) for n, row in found.items()] == [
        (1, True), (3, False), (2, False), (100_001, False),
    ]  # fmt: skip
    assert server.calls["graphql"] == 2, "one for the numbers, one for the issue that number 3 names"
    numbered(server, tmp_path, 1)
    assert server.calls["graphql"] == 2


def test_numbers_without_a_token(serve: Serve, tmp_path: Path) -> None:
    found = numbered(serve(check=True), tmp_path, 457, 2, tokens=())
    assert found[457] is not None
    assert found[457].issues
    assert found[2] is None


def test_a_server_without_graphql(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    server = serve(graphql=False)
    found = rows(server, tmp_path, *TOKEN, count=120)
    assert [row.number for row in found] == sorted(sample.pulls, reverse=True)[:120]
    assert numbered(server, tmp_path / "other", 457)[457] is not None


def test_what_is_too_much_at_once_is_asked_for_in_parts(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    found = rows(serve(faults=Faults(heavy=30)), tmp_path, *TOKEN)
    assert [row.number for row in found] == sorted(sample.pulls, reverse=True)


def test_faults_lose_no_pull_request(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    faults = Faults(server_errors=0.1, secondary_limits=0.1, dropped=0.1, broken_off=0.1)
    server = serve(faults=faults)
    client = client_of(server, tmp_path, *TOKEN, max_wait=60)
    with client, Repository.open(client, REPO, tmp_path) as repository:
        found = list(repository.merged())
    assert [row.number for row in found] == sorted(sample.pulls, reverse=True)


def test_a_repository_that_is_not_there(serve: Serve, tmp_path: Path) -> None:
    with (
        client_of(serve(), tmp_path, *TOKEN) as client,
        pytest.raises(UsageError, match="no repository such/thing"),
    ):
        Repository.open(client, "such/thing", tmp_path).__enter__()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Fixes #12", [12]),
        ("closes: #1, fixes #2 and resolves https://github.com/octo/words/issues/3", [1, 2, 3]),
        ("Fix GH-4; see #5", [4]),
        ("fixes other/words#6, fixes OCTO/words#7", [7]),
        ("<!-- Fixes #8 -->prefixes #9", []),
        ("Fixed #10\nfixes #10", [10]),
    ],
)
def test_closing_keywords(text: str, numbers: list[int]) -> None:
    row = Row(number=99, updated_at=START, created_at=START, body=text)
    assert closed_issues(row, "octo/words") == numbers
