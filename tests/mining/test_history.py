from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from envfactory.miners import history as miner

from envfactory.errors import UsageError
from envfactory.mining.discover import miner_for, miners
from envfactory.mining.protocol import MineOptions
from envfactory.records import PullRequest, Rejection
from tests.histories import History, project


def core(number: int) -> dict[str, str | bytes | None]:
    return {"src/pack/core.py": f"def double(x):\n    return x * 2 + {number} - {number}\n"}


def mine(history: History, tmp_path: Path, **options: object) -> dict[int, PullRequest | Rejection]:
    asked = MineOptions(cache=tmp_path / "cache", repo="o/n", **options)  # type: ignore[arg-type]
    return {int(item.key.partition("#")[2]): item for item in miner.mine(str(history.path), asked)}


def pulls(found: dict[int, PullRequest | Rejection]) -> dict[int, PullRequest]:
    return {number: item for number, item in found.items() if isinstance(item, PullRequest)}


@pytest.fixture
def history(tmp_path: Path) -> History:
    return project(tmp_path / "repo")


def merged(history: History, number: int, message: str, *, onto: str = "main") -> tuple[str, str, str]:
    base = history.git("rev-parse", onto)
    history.branch(f"topic-{number}", onto)
    head = history.commit(message, core(number))
    history.switch(onto)
    done = history.merge(
        f"topic-{number}", f"Merge pull request #{number} from someone/topic-{number}\n\n{message}"
    )
    return base, head, done


def test_merge_commit(history: History, tmp_path: Path) -> None:
    base, head, done = merged(history, 3, "Handle zero")
    pull = pulls(mine(history, tmp_path))[3]
    assert (pull.base_commit, pull.head_commit, pull.merge_commit) == (base, done, done)
    assert (pull.merge_kind, pull.title, pull.branch) == ("merge", "Handle zero", "topic-3")
    assert [commit.sha for commit in pull.commits] == [head]
    assert pull.created_at < pull.merged_at
    assert pull.instance_id == "o__n-3"


def test_merge_whose_branch_had_main_merged_into_it(history: History, tmp_path: Path) -> None:
    history.branch("topic", "main")
    history.commit("One", {"a": "1"})
    history.switch("main")
    base = history.commit("Elsewhere", {"b": "1"})
    history.switch("topic")
    history.merge("main", "Merge branch 'main' into topic (#99)")
    history.commit("Two", {"a": "2"})
    history.switch("main")
    history.merge("topic", "Merge pull request #4 from x/topic\n\nThe title")
    found = pulls(mine(history, tmp_path))
    assert set(found) == {4}
    assert found[4].base_commit == base
    assert [commit.subject for commit in found[4].commits] == ["One", "Two"]


def test_squash_and_its_reference(history: History, tmp_path: Path) -> None:
    base = history.head()
    history.branch("topic", "main")
    history.commit("First step", core(1))
    history.reference(8, history.commit("Second step", core(8)))
    history.switch("main")
    done = history.commit("Do it all (#8)\n\n* First step\n\n* Second step", core(8), committer="GitHub")
    pull = pulls(mine(history, tmp_path))[8]
    assert (pull.base_commit, pull.head_commit, pull.merge_kind) == (base, done, "squash")
    assert (pull.title, pull.body) == ("Do it all", "* First step\n\n* Second step")
    assert [commit.subject for commit in pull.commits] == ["First step", "Second step"]


def test_rebase_is_found_by_its_reference(history: History, tmp_path: Path) -> None:
    history.branch("topic", "main")
    one = history.commit("One", {"a": "1"})
    two = history.commit("Two", {"a": "2"})
    history.reference(21, two)
    history.switch("main")
    base = history.commit("Elsewhere", {"b": "1"})
    history.cherry_pick(one)
    last = history.cherry_pick(two)
    history.commit("Later", {"b": "2"})
    pull = pulls(mine(history, tmp_path))[21]
    assert (pull.base_commit, pull.head_commit, pull.merge_kind) == (base, last, "rebase")
    assert [commit.subject for commit in pull.commits] == ["One", "Two"]


def test_merge_by_hand_is_found_by_its_reference(history: History, tmp_path: Path) -> None:
    base = history.head()
    history.branch("topic", "main")
    history.reference(5, history.commit("Fix by hand", core(5)))
    history.switch("main")
    done = history.merge("topic", "Merge branch 'topic'")
    pull = pulls(mine(history, tmp_path))[5]
    assert (pull.base_commit, pull.head_commit, pull.merge_kind) == (base, done, "other")
    assert pull.title == "Fix by hand"


def test_maintenance_branches_and_backports(history: History, tmp_path: Path) -> None:
    history.git("branch", "1.x")
    history.commit("Newer", {"new": "1"})
    fix = history.commit("Fix it (#30)", core(30), committer="GitHub")
    history.switch("1.x")
    history.cherry_pick(fix, "[1.x] Fix it (#30) (#31)")
    own = history.commit("Only here (#32)", {"only": "here"}, committer="GitHub")
    history.switch("main")
    found = mine(history, tmp_path)
    assert set(pulls(found)) == {30, 32}
    assert pulls(found)[30].head_commit == fix
    assert pulls(found)[32].head_commit == own
    backport = found[31]
    assert isinstance(backport, Rejection)
    assert (backport.reason, backport.detail) == ("duplicate_change", "the same change as #30")


@pytest.mark.parametrize(
    "body",
    ["Backport of #30.", "This backports #30", "(cherry picked from commit {fix})", "Cherry-pick GH-30"],
)
def test_backport_that_only_its_body_names(history: History, tmp_path: Path, body: str) -> None:
    history.git("branch", "1.x")
    fix = history.commit("Fix it (#30)", core(30), committer="GitHub")
    history.switch("1.x")
    history.commit(f"Old line: fix it (#31)\n\n{body.format(fix=fix)}", core(30), committer="GitHub")
    history.commit(f"Another way (#32)\n\n{body.format(fix=fix)}", core(32), committer="GitHub")
    history.switch("main")
    found = mine(history, tmp_path)
    assert set(pulls(found)) == {30, 32}, "a text without an equal change is no duplicate"
    backport = found[31]
    assert isinstance(backport, Rejection)
    assert (backport.reason, backport.detail) == ("duplicate_change", "the same change as #30")


def test_a_body_that_names_the_port_on_the_default_branch(history: History, tmp_path: Path) -> None:
    history.git("branch", "1.x")
    history.switch("1.x")
    history.commit("Fix it (#30)", core(30), committer="GitHub")
    history.switch("main")
    history.commit("Fix it here (#31)\n\nForward-port of #30", core(30), committer="GitHub")
    found = mine(history, tmp_path)
    assert set(pulls(found)) == {31}
    assert isinstance(found[30], Rejection)


def test_same_number_on_two_branches_is_one_pull_request(history: History, tmp_path: Path) -> None:
    history.git("branch", "1.x")
    history.switch("1.x")
    history.commit("Old line", {"old": "1"})
    history.switch("main")
    fix = history.commit("Fix it (#30)", core(30))
    history.switch("1.x")
    history.cherry_pick(fix)
    history.switch("main")
    assert pulls(mine(history, tmp_path))[30].head_commit == fix


def test_issue_numbers_inside_a_pull_request_are_not_pull_requests(history: History, tmp_path: Path) -> None:
    merged(history, 3, "Handle zero (#2)")
    assert set(mine(history, tmp_path)) == {3}


def test_numbers_that_are_not_there_say_why(history: History, tmp_path: Path) -> None:
    merged(history, 3, "Handle zero")
    history.branch("open", "main")
    history.reference(10, history.commit("Never merged", core(10)))
    history.switch("main")
    history.reference(11, history.git("rev-parse", "main~1"))
    found = mine(history, tmp_path, numbers=frozenset({3, 10, 11, 12}))
    assert isinstance(found[3], PullRequest)
    reasons = {number: item.reason for number, item in found.items() if isinstance(item, Rejection)}
    assert reasons == {10: "not_merged", 11: "base_unknown", 12: "pull_request_not_found"}


def test_limit_since_and_until(history: History, tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        merged(history, number, f"Change {number}")
    everything = mine(history, tmp_path)
    assert list(everything) == [4, 3, 2, 1]
    assert list(mine(history, tmp_path, limit=2)) == [4, 3]
    when = pulls(everything)[3].merged_at
    assert list(mine(history, tmp_path, since=when)) == [4, 3]
    assert list(mine(history, tmp_path, until=when)) == [2, 1]
    assert list(mine(history, tmp_path, since=datetime(2030, 1, 1, tzinfo=UTC))) == []


def test_shallow_clone_names_the_missing_base(history: History, tmp_path: Path) -> None:
    history.commit("Old (#1)", core(1))
    history.commit("New (#2)", core(2))
    shallow = tmp_path / "shallow"
    history.git("clone", "--quiet", "--bare", "--depth=1", f"file://{history.path}", str(shallow))
    options = MineOptions(cache=tmp_path / "cache", repo="o/n", numbers=frozenset({1, 2}))
    found = {item.key: item for item in miner.mine(str(shallow), options)}
    reasons = {key: item.reason for key, item in found.items() if isinstance(item, Rejection)}
    assert reasons == {"o/n#1": "pull_request_not_found", "o/n#2": "base_missing"}


def test_sources(history: History, tmp_path: Path) -> None:
    assert miner.recognises(str(history.path))
    assert not miner.recognises("owner/name")
    assert not miner.recognises("\0")
    assert miners()["history"] is miner
    assert miner_for(str(history.path)) is miner
    with pytest.raises(UsageError, match="no miner"):
        miner_for(str(tmp_path / "absent"))


def test_long_histories_take_seconds(tmp_path: Path) -> None:
    history = History(tmp_path / "long")
    stream = []
    for number in range(1, 5_001):
        message = f"Change {number} (#{number})"
        stream.append(
            f"commit refs/heads/main\nmark :{number}\nauthor a <a@b> {1_500_000_000 + number} +0000\n"
            f"committer GitHub <g@h> {1_500_000_000 + number} +0000\ndata {len(message)}\n{message}\n"
        )
    history.git("fast-import", "--quiet", stdin="".join(stream).encode())
    started = time.monotonic()
    found = mine(history, tmp_path, limit=5)
    assert list(found) == [5_000, 4_999, 4_998, 4_997, 4_996]
    assert time.monotonic() - started < 15
