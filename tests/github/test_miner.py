"""The miner as its users meet it: sources, code from a clone, interruption, secrets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.github_schema import Descriptions
from benchmarks.github_server import Faults, Limits, Server
from benchmarks.github_things import START, Pull, Repo
from benchmarks.github_world import World
from envfactory.errors import RateLimited, UsageError
from envfactory.mining.discover import miner_for
from envfactory.mining.protocol import MineOptions
from envfactory.records import PullRequest, Rejection
from tests.github.conftest import REPO, Serve
from tests.histories import History

SECRET = "ghp_verysecret"


def variables(server: Server, tmp_path: Path, token: str = SECRET) -> dict[str, str]:
    code = f"file://{tmp_path}/code"
    return server.environment(GITHUB_SERVER_URL=code, GITHUB_TOKEN=token, GITHUB_TOKENS="", GH_TOKEN="")


def mine(
    source: str,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    token: str = SECRET,
    **options: object,
) -> list[PullRequest | Rejection]:
    for name, value in variables(server, tmp_path, token).items():
        monkeypatch.setenv(name, value)
    chosen = {"cache": tmp_path / "cache", "max_wait": 60.0} | options
    return list(miner_for(source).mine(source, MineOptions(**chosen)))  # type: ignore[arg-type]


def command(*words: str | Path, environment: Mapping[str, str], tmp_path: Path) -> list[str]:
    return [sys.executable, "-m", "envfactory", *map(str, words), "-w", str(tmp_path / "work")]


def environment_of(server: Server, tmp_path: Path) -> dict[str, str]:
    return {**os.environ, **variables(server, tmp_path), "ENVFACTORY_CACHE": str(tmp_path / "cache")}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("owner/name", "github"),
        ("https://github.com/owner/name.git", "github"),
        ("search:language:python", "github"),
        ("/nowhere/2024-01-31-5.json.gz", "gharchive"),
        ("https://example.org/2024-01-{01..31}-{0..23}.json.gz", "gharchive"),
        ("gharchive:folder", "gharchive"),
    ],
)
def test_sources(source: str, name: str) -> None:
    assert name == miner_for(source).NAME


@pytest.mark.parametrize(
    "source", ["name", "./owner/name", "/owner/name", "a/b/c", "owner/name.py\n", "-a/b"]
)
def test_what_is_no_source(source: str) -> None:
    with pytest.raises(UsageError):
        miner_for(source)


def test_words_of_github_and_commits_of_git(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(tokens=(SECRET,))
    found = mine(REPO, server, tmp_path, monkeypatch, limit=5)
    assert [pull.key for pull in found] == [f"{REPO}#{number}" for number in (459, 457, 455, 453, 451)]
    first = found[1]
    assert isinstance(first, PullRequest)
    assert (first.source, first.merge_kind, first.license, first.stars) == ("github", "squash", "MIT", 7)
    assert first.title == "Correct word 228"
    assert first.issues[0].title == "Word 228 is wrong"
    assert first.commits[0].body == "The word of 228."
    assert first.head_commit == first.merge_commit
    assert first.created_at == START + timedelta(hours=228)


def test_the_second_run_costs_nothing_and_changes_nothing(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(tokens=(SECRET,))
    found = mine(REPO, server, tmp_path, monkeypatch, limit=30)
    spent = server.used.copy()
    server.world.repos[REPO].stars += 0
    again = mine(REPO, server, tmp_path, monkeypatch, limit=30)
    assert again == found
    assert server.used == spent


def test_files_and_searches(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(tokens=(SECRET,), check=True)
    names = tmp_path / "names.txt"
    names.write_text(f"# some\n\nhttps://github.com/{REPO}/pull/5\n{REPO}#7\n{REPO}#8\nno/such\n")
    told: list[str] = []
    found = mine(str(names), server, tmp_path, monkeypatch, tell=told.append)
    keys = [(item.key, item.reason if isinstance(item, Rejection) else "") for item in found]
    assert keys == [(f"{REPO}#7", ""), (f"{REPO}#5", ""), (f"{REPO}#8", "pull_request_not_found")]
    assert any("no/such is left out" in text for text in told)
    lines = tmp_path / "names.jsonl"
    lines.write_text(json.dumps({"repo": REPO, "number": 9}) + "\n" + json.dumps({"repo": REPO}) + "\n")
    assert len(mine(str(lines), server, tmp_path, monkeypatch, limit=3)) == 3
    assert len(mine("search:stars:>5", server, tmp_path, monkeypatch, limit=4)) == 4
    assert len(mine("search:is:pr is:merged", server, tmp_path, monkeypatch, limit=4)) == 4
    assert server.complaints == []
    names.write_text(f"{REPO}\nwhat is this\n")
    with pytest.raises(UsageError, match="line 2"):
        mine(str(names), server, tmp_path, monkeypatch)


def test_where_a_pull_request_landed(
    descriptions: Descriptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge, a rebase of two, a squash whose subject names nothing, and a branch that is gone."""
    history = History(tmp_path / "code" / "octo" / "words.git")
    start = history.commit("Start", {"a": "1"})
    history.branch("topic")
    history.commit("One", {"b": "1"})
    history.switch("main")
    merge = history.merge("topic", "Merge branch 'topic'")
    history.commit("Two", {"c": "1"})
    rebase = history.commit("Three\n\nMore.", {"c": "2"})
    squash = history.commit("All of it", {"d": "1"})
    pulls = [
        Pull(1, "merge", merged=START, merge_commit=merge, commits=[("1" * 40, "One")]),
        Pull(
            2, "rebase", merged=START, merge_commit=rebase, commits=[("2" * 40, "Two"), ("3" * 40, "Three")]
        ),
        Pull(3, "squash", merged=START, merge_commit=squash, commits=[("4" * 40, "x"), ("5" * 40, "y")]),
        Pull(4, "gone", merged=START, merge_commit="6" * 40),
    ]
    repo = Repo(REPO, pulls={pull.number: pull for pull in pulls})
    for token in (SECRET, ""):
        with Server(World(descriptions, {REPO: repo}), tokens=(SECRET,)) as server:
            cache = tmp_path / f"cache-{len(token)}"
            results = mine(REPO, server, tmp_path, monkeypatch, token, cache=cache)
        found = {item.key[-1]: item for item in results}
        placed = {
            key: (item.merge_kind, item.base_commit, item.head_commit)
            for key, item in found.items()
            if isinstance(item, PullRequest)
        }
        assert placed == {
            "1": ("merge", start, merge),
            "2": ("rebase", merge, rebase),
            "3": ("squash", rebase, squash),
        }
        gone = found["4"]
        assert isinstance(gone, Rejection)
        assert gone.reason == "base_unknown"


def test_a_repository_that_moved(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(tokens=(SECRET,))
    server.moved["former/name"] = REPO
    found = mine("former/name", server, tmp_path, monkeypatch, limit=1)
    assert [item.key for item in found] == [f"{REPO}#459"]


def test_a_limit_ends_it_and_the_next_run_goes_on(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(tokens=(SECRET,), limits=Limits(graphql=3))
    with pytest.raises(RateLimited):
        mine(REPO, server, tmp_path, monkeypatch, max_wait=0.5)
    server.limits.graphql = 7  # the page that was cut off between its two calls is asked for again
    found = mine(REPO, server, tmp_path, monkeypatch, max_wait=0.5)
    assert len({item.key for item in found}) == len(found) == 230
    assert server.calls["graphql"] <= 7


def test_the_command_and_its_secrets(serve: Serve, tmp_path: Path) -> None:
    server = serve(tokens=(SECRET,))
    environment = environment_of(server, tmp_path)
    words = command("mine", REPO, "--limit", "3", "--json", "-v", environment=environment, tmp_path=tmp_path)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["selected"] == 3
    assert "graphql 4,99" in done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    assert SECRET not in done.stdout + done.stderr


def test_the_command_ends_with_5(serve: Serve, tmp_path: Path) -> None:
    server = serve(tokens=(SECRET,), limits=Limits(core=1))
    environment = environment_of(server, tmp_path)
    words = command("mine", REPO, "--max-wait", "1", environment=environment, tmp_path=tmp_path)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 5
    assert "--max-wait" in done.stderr


def test_killed_anywhere_it_goes_on(serve: Serve, sample: Repo, tmp_path: Path) -> None:
    """kill -9 after more and more time, until a run comes to its end."""
    server = serve(tokens=(SECRET,), faults=Faults(heavy=20))
    environment = environment_of(server, tmp_path)
    words = command("mine", REPO, "--dry-run", "--json", environment=environment, tmp_path=tmp_path)
    kills = 0
    for patience in (0.8, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.5, 3.0, 4.0, 60.0):
        process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline and patience < 60:
            time.sleep(0.02)
        if process.poll() is None and patience < 60:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            continue
        output, _ = process.communicate()
        break
    assert process.returncode == 0
    assert kills > 0
    keys = [json.loads(line)["key"] for line in output.decode().splitlines()]
    assert keys == [f"{REPO}#{number}" for number in sorted(sample.pulls, reverse=True)]
