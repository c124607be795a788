"""Code from a clone: whole or without contents, and what two miners know of one pull request."""

from __future__ import annotations

import base64
import http.server
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from envfactory.errors import CloneError, UsageError
from envfactory.git.clone import Clone
from envfactory.git.mirror import Mirror
from envfactory.github.addresses import Addresses
from envfactory.github.code import open_mirror
from envfactory.github.tokens import git_environment, read_tokens
from envfactory.mining.merging import known_before, merged
from envfactory.pipeline.code import open_code
from envfactory.records import CommitMessage, Issue, PullRequest
from tests.histories import History

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def pull(source: str, **more: Any) -> PullRequest:
    data = {
        "repo": "octo/words",
        "number": 1,
        "title": f"by {source}",
        "base_commit": "b",
        "head_commit": "h",
    }
    data |= {"merge_commit": "h", "merge_kind": "squash", "created_at": MOMENT, "merged_at": MOMENT}
    return PullRequest.model_validate(data | {"source": source} | more)


@pytest.fixture
def upstream(tmp_path: Path) -> History:
    history = History(tmp_path / "code" / "octo" / "words.git")
    history.git("config", "uploadpack.allowFilter", "true")
    history.git("config", "uploadpack.allowAnySHA1InWant", "true")
    history.commit("One", {"a": "1\n", "b": "same\n"})
    history.commit("Two", {"a": "2\n"})
    return history


def test_a_mirror_follows_its_origin(upstream: History, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "m.git", f"file://{upstream.path}", {})
    assert not mirror.exists
    mirror.update(partial=False)
    assert mirror.has(upstream.head())
    upstream.git("checkout", "--quiet", "-b", "trunk")
    later = upstream.commit("Three", {"a": "3\n"})
    upstream.git("branch", "-D", "main")
    assert not mirror.has(later)
    mirror.update(partial=False)
    with Clone.open(mirror.path, cache=tmp_path / "cache") as clone:
        assert clone.head == later


def test_contents_of_a_partial_mirror_follow(upstream: History, tmp_path: Path) -> None:
    environ = {"GITHUB_SERVER_URL": f"file://{tmp_path}/code", "PATH": "/nonexistent"}
    folder = tmp_path / "cache" / "github" / Addresses.from_environment(environ).host / "clones"
    mirror = Mirror(folder / "octo" / "words.git", f"file://{upstream.path}", {})
    mirror.update(partial=True)
    base, head = upstream.git("rev-parse", "HEAD~1"), upstream.head()
    with Clone.open(mirror.path, cache=tmp_path / "cache") as clone:
        assert clone.partial
        assert clone.tree(head).text("a") is None
    assert not mirror.has("1" * 40)
    found = pull("github", base_commit=base, head_commit=head)
    with open_mirror(found, tmp_path / "cache", environ) as clone:
        assert clone.tree(head).text("a") == "2\n"
        assert clone.tree(base).text("b") == "same\n"
        assert clone.missing(entry.id for entry in clone.tree(base).entries.values()) == frozenset()


def test_code_that_was_swept_away_is_fetched_again(upstream: History, tmp_path: Path) -> None:
    environ = {"GITHUB_SERVER_URL": f"file://{tmp_path}/code", "PATH": "/nonexistent"}
    with open_mirror(pull("github"), tmp_path / "cache", environ) as clone:
        assert clone.has(upstream.head())


def test_the_clone_that_was_mined_goes_first(
    upstream: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", f"file://{tmp_path}/code")
    head = upstream.head()
    with open_code(pull("github"), str(upstream.path), tmp_path / "cache") as clone:
        assert (clone.path, clone.has(head)) == (upstream.path, True)
    with open_code(pull("github"), "octo/words", tmp_path / "cache") as clone:
        assert clone.path.is_relative_to(tmp_path / "cache" / "github")
        assert clone.has(head)
    with pytest.raises(UsageError, match="no git repository"):
        open_code(pull("git"), str(tmp_path / "gone"), tmp_path / "cache")


def test_a_server_that_refuses(tmp_path: Path) -> None:
    with pytest.raises(CloneError) as caught:
        Mirror(tmp_path / "m.git", f"file://{tmp_path}/nothing", {}).update(partial=False)
    assert caught.value.cause == "clone_refused"
    assert not (tmp_path / "m.git").exists()


def test_git_shows_the_token_to_the_server_and_keeps_it_nowhere(tmp_path: Path) -> None:
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            self.send_error(403)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        environ = {"GITHUB_SERVER_URL": url, "GITHUB_TOKEN": "ghp_verysecret", "PATH": "/nonexistent"}
        addresses = Addresses.from_environment(environ)
        (token,) = read_tokens(addresses, environ)
        mirror = Mirror(
            tmp_path / "m.git", addresses.clone("a/b"), git_environment(addresses, token, environ)
        )
        with pytest.raises(CloneError) as caught:
            mirror.update(partial=False)
        server.shutdown()
    assert base64.b64decode(seen[0].removeprefix("Basic ")) == b"x-access-token:ghp_verysecret"
    assert "verysecret" not in f"{caught.value} {caught.value.log}"
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [data for data in kept if b"verysecret" in data or seen[0].encode() in data]


def test_words_of_the_site_and_commits_of_git() -> None:
    own = (CommitMessage(sha="c", subject="own"),)
    words = pull("github", body="", issues=(Issue(number=2, title="why"),), stars=5, commits=own)
    code = pull("git", body="a guess", merge_kind="merge", base_commit="x", commits=(*own, *own))
    both = merged(words, code)
    assert (both.title, both.body, both.issues, both.stars) == ("by github", "", words.issues, 5)
    assert (both.base_commit, both.merge_kind, both.commits) == ("x", "merge", code.commits)
    assert both.source == "github"
    squash = pull("git", commits=(CommitMessage(sha="h", subject="squashed"),))
    assert merged(words, squash).commits == own


def test_a_later_miner_without_words_takes_none_away() -> None:
    words, code = pull("github"), pull("git", base_commit="x")
    assert known_before(words, code).title == "by github"
    assert known_before(words, code).base_commit == "x"
    assert known_before(code, words) == words
    assert known_before(None, code) == code
