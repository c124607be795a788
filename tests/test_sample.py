"""The sample repository is the same everywhere, and is what its description says."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

from benchmarks.sample import SAMPLE, generate

SERIES = tomllib.loads((SAMPLE / "series.toml").read_text(encoding="utf-8"))
EXPECTED = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))


def git(tree: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=tree, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_history_has_the_same_commit_ids_everywhere(sample_repo: Path) -> None:
    assert git(sample_repo, "rev-parse", "main") == EXPECTED["head"]
    assert git(sample_repo, "status", "--porcelain") == ""


def test_a_finished_sample_is_left_as_it_is(tmp_path: Path) -> None:
    tree = generate(tmp_path / "wordkit")
    (tree / "mark").touch()
    assert generate(tree) == tree
    assert (tree / "mark").exists()


def test_every_pull_request_has_an_expected_end() -> None:
    merged = {str(pull["number"]) for pull in SERIES["pull"] if pull["kind"] != "unmerged"}
    assert set(EXPECTED["pulls"]) == merged


def test_only_the_ref_tells_of_a_rebased_pull_request(sample_mirror: Path) -> None:
    assert "#10" not in git(sample_mirror, "log", "--format=%B", "main")
    assert git(sample_mirror, "rev-parse", "--verify", "refs/pull/10/head")
