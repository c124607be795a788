"""The benchmark's own arithmetic, and mirrors in the place of addresses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import Row, disk, summary
from benchmarks.funnel import main, read_list
from benchmarks.meters import Cost, held, measured
from benchmarks.mirrors import find_mirrors, git_environment, home
from benchmarks.pool import Figures, promises
from benchmarks.table import ladder_table, render
from envfactory.records import Rejection, RungAttempt
from envfactory.store import Store
from envfactory.store.gains import gains
from envfactory.workspace import Workspace


def link(target: Path, source: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(source)


def test_mirrors_of_both_layouts_are_found(tmp_path: Path, sample_repo: Path, sample_mirror: Path) -> None:
    link(tmp_path / "one+tree" / "repo", sample_repo)
    link(tmp_path / "two" / "bare.git", sample_mirror)
    link(tmp_path / "two" / "tree", sample_repo)
    (tmp_path / "three" / "nothing").mkdir(parents=True)
    assert set(find_mirrors(tmp_path)) == {"one/tree", "two/bare", "two/tree"}


def test_git_reads_the_mirror_in_the_place_of_the_address(tmp_path: Path, sample_mirror: Path) -> None:
    link(tmp_path / "some+one" / "repo", sample_mirror)
    environment = os.environ | git_environment(find_mirrors(tmp_path))
    for address in (
        "https://github.com/some/one",
        "https://github.com/some/one.git",
        "git@github.com:some/one",
    ):
        command = ["git", "ls-remote", "--heads", address, "main"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert "refs/heads/main" in done.stdout, done.stderr


def test_a_moved_repository_is_read_from_its_new_home(tmp_path: Path, sample_mirror: Path) -> None:
    link(tmp_path / "new" / "one", sample_mirror)
    stale = tmp_path / "old" / "one"
    subprocess.run(["git", "clone", "-q", "--bare", str(sample_mirror), str(stale)], check=True, timeout=60)
    subprocess.run(["git", "-C", str(stale), "update-ref", "HEAD", "HEAD~1"], check=True, timeout=60)
    mirrors = find_mirrors(tmp_path)
    assert home("old/one", mirrors) == mirrors["new/one"]
    assert home("new/one", mirrors) == mirrors["new/one"]


def test_settings_of_the_environment_stay_in_front(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    link(tmp_path / "a" / "b", tmp_path)
    environment = git_environment({"a/b": tmp_path})
    assert int(environment["GIT_CONFIG_COUNT"]) > 2
    assert "GIT_CONFIG_KEY_2" in environment
    assert "GIT_CONFIG_KEY_1" not in environment


def test_the_list_is_grouped_by_repository(tmp_path: Path) -> None:
    rows = [("a/b", 3), ("c/d", 1), ("a/b", 2)]
    path = tmp_path / "list.jsonl"
    path.write_text("".join(json.dumps({"repo": repo, "number": number}) + "\n" for repo, number in rows))
    assert read_list(path, [], None) == {"a/b": [3, 2], "c/d": [1]}
    assert read_list(path, ["a/b"], 1) == {"a/b": [3]}


def test_shared_layers_are_counted_once() -> None:
    first = Row("a#1", layers={"base": 100_000_000, "one": 1_000_000})
    second = Row("a#2", layers={"base": 100_000_000, "two": 3_000_000})
    assert disk([first, second]) == {
        "total_mb": 104.0,
        "shared_mb": 100.0,
        "mb_per_task": 52.0,
        "own_mb_per_task": 2.0,
        "further_task_mb": {"sum": 3.0, "median": 3.0, "mean": 3.0, "max": 3.0},
    }
    assert disk([])["mb_per_task"] is None


def test_an_unknown_share_makes_the_sum_unknown() -> None:
    assert (Cost(1, 2, 3, 4) + Cost(1, 2, 3, 3)).cpu_seconds == 10
    assert (Cost(1, 2, 3, 4) + Cost(1, 2, None, 3)).cpu_seconds is None


def test_a_command_is_measured() -> None:
    code, cost = measured([sys.executable, "-c", "sum(range(3_000_000)); raise SystemExit(3)"], {})
    assert code == 3
    assert cost.own_cpu_seconds > 0
    assert cost.peak_memory_bytes > 1 << 20


def test_every_line_of_the_list_has_an_end(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "work")
    workspace.root.mkdir()
    with Store(workspace.db) as store:
        store.add_rejection(Rejection(key="a/b#1", stage="mine", reason="no_tests", detail="none"), "here")
        figures = summary(store, [Row("a/b#1", end="rejected:no_tests"), Row("a/b#2")])
    assert figures["not_mined"] == ["a/b#2"]
    assert figures["stages"]["mine"]["rejected"] == {"no_tests": 1}


def test_the_table_says_what_each_rung_brought() -> None:
    climbs = [
        [RungAttempt(rung="rules", outcome="works")],
        [
            RungAttempt(rung="rules", outcome="tests_failed"),
            RungAttempt(
                rung="repairs", kind="exact date", outcome="works", reused=("resolution",), seconds=2
            ),
        ],
    ]
    lines = [line.split() for line in ladder_table(gains(climbs).as_json())]
    assert ["rules", "1", "2", "1", "0", "0.0", "0.0000"] in lines
    assert ["repairs:", "exact", "date", "1", "1", "1", "0", "2.0", "0.0000"] in lines
    assert lines[-1][-2:] == ["1", "1"]


def test_what_a_process_holds_is_counted(tmp_path: Path) -> None:
    before = held([os.getpid()])
    with (tmp_path / "file").open("w"):
        during = held([os.getpid()])
    assert before is not None and during is not None
    assert during.files == before.files + 1
    assert during.memory_mb > 1
    assert held([1 << 30]) is None


@pytest.mark.parametrize(
    ("leak", "broken"),
    [({}, set()), ({"containers": 1}, {"no_container_left"}), ({"files": 40}, {"no_file_left"})],
)
def test_a_leak_breaks_a_promise(leak: dict[str, float], broken: set[str]) -> None:
    figures = Figures()
    figures.seconds = {"cold_start_to_first_exec": [0.2, 0.4], "pool_start_to_first_exec": [0.05]}
    quiet = {"containers": 0, "files": 9, "threads": 1, "memory_mb": 60.0, "engine": None}
    during = [quiet | {"containers": 64, "memory_mb": 70.0 + step} for step in range(6)]
    kept = promises(figures, quiet, during, quiet | leak)
    assert {name for name, value in kept.items() if not value} == broken
    figures.failures["start_failed"] += 1
    growing = [quiet | {"memory_mb": 60.0 * (step + 1)} for step in range(6)]
    kept = promises(figures, quiet, growing, quiet | leak)
    assert {name for name, value in kept.items() if not value} == broken | {"no_failure", "no_memory_leak"}


def test_the_command_reports_what_it_has(tmp_path: Path, capsys) -> None:
    listed = tmp_path / "list.jsonl"
    listed.write_text('{"repo": "a/b", "number": 1}\n')
    (tmp_path / "work").mkdir()
    with Store(Workspace(tmp_path / "work").db) as store:
        store.add_rejection(Rejection(key="a/b#1", stage="mine", reason="no_tests", detail="none"), "here")
    words = [str(listed), "--mirrors", str(tmp_path), "-w", str(tmp_path / "work"), "--report-only"]
    assert main(words) == 0
    assert "rejected:no_tests" in capsys.readouterr().out
    assert "no_tests" in render(json.loads((tmp_path / "work" / "funnel.json").read_text()))
