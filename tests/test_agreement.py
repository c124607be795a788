"""Wrong patches, and what the comparison of judges makes of their verdicts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.agreement import Record, report, table
from benchmarks.judges import Answer, Case, Verdict, asked
from benchmarks.sample import SAMPLE
from benchmarks.wrong import ADDED_FILE, COMMENT, wrong_patch

LINES = st.lists(
    st.sampled_from(["x = 1", "def f():", "    return 2", "", '"""', "# \\", "- x", "@@"]), max_size=30
)


def git(folder: Path, *words: str, text: str = "") -> str:
    done = subprocess.run(["git", *words], cwd=folder, input=text, capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr, text)
    return done.stdout


def difference(folder: Path, before: Sequence[str], after: Sequence[str]) -> str:
    """The tree holds ``before``; what would make it ``after``."""
    source = folder / "a b.py"
    git(folder, "init", "-q")
    source.write_text("".join(f"{line}\n" for line in before))
    git(folder, "add", "-A")
    source.write_text("".join(f"{line}\n" for line in after))
    patch = git(folder, "diff", "--binary", "--full-index")
    git(folder, "checkout", "-q", ".")
    return patch


@settings(max_examples=40, deadline=None)
@given(LINES, LINES)
def test_a_wrong_patch_applies_and_only_adds_a_comment(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("tree")
    gold = difference(folder, before, after)
    git(folder, "apply", "-", text=wrong_patch(gold))
    left = (folder / "a b.py").read_text().splitlines()
    assert [line for line in left if line != COMMENT] == before
    assert (COMMENT in left) != (folder / "not_the_fix.txt").exists()


@pytest.mark.parametrize("path", sorted((SAMPLE / "pulls").glob("*.patch")), ids=lambda path: path.stem)
def test_the_sample_s_changes_have_wrong_ones(path: Path) -> None:
    text = path.read_text()
    assert wrong_patch(text) not in ("", text)


def test_new_files_alone_have_no_place_for_a_comment() -> None:
    assert wrong_patch(ADDED_FILE.replace(".txt", ".py")) == ADDED_FILE


GOLD, EMPTY = Case("a__b-1", "gold", "patch"), Case("a__b-1", "empty", "")


def test_a_wrong_or_missing_verdict_is_a_disagreement() -> None:
    verdicts = {
        ("ours", GOLD): Verdict(True),
        ("ours", EMPTY): Verdict(False),
        ("theirs", GOLD): Verdict(None, "no answer"),
        ("theirs", EMPTY): Verdict(True),
    }
    lines, unexplained = report(verdicts, {("a__b-1", "empty", "theirs"): "because"})
    assert unexplained == 1
    assert lines == [
        "4 verdicts, 2 disagreements",
        "a__b-1 empty theirs: resolved; explained: because",
        "a__b-1 gold theirs: NONE; NOT EXPLAINED no answer",
    ]
    assert table(verdicts, [GOLD, EMPTY], ["ours", "theirs"])[1].split() == [
        "a__b-1",
        "gold",
        "resolved",
        "NONE",
    ]
    lines, unexplained = report({("ours", GOLD): Verdict(True)}, {("a__b-1", "gold", "ours"): "old"})
    assert unexplained == 0
    assert "can go" in lines[-1]


def test_a_record_is_of_one_task_and_one_patch(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    Record(path, {"a__b-1": "digest 1"}).keep("ours", GOLD, Verdict(True, "x"))
    Record(path, {"a__b-1": "digest 1"}).keep("ours", EMPTY, Verdict(None))
    again = Record(path, {"a__b-1": "digest 1"})
    assert again.find("ours", GOLD) == Verdict(True, "x")
    assert again.find("ours", EMPTY) is None, "no verdict is asked for again"
    assert again.find("theirs", GOLD) is None
    assert again.find("ours", GOLD._replace(patch="other")) is None
    assert Record(path, {"a__b-1": "digest 2"}).find("ours", GOLD) is None


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "judge.sh"
    line = json.dumps({"instance_id": "a__b-1", "kind": "gold", "resolved": True, "detail": ""})
    path.write_text(f"#!/bin/sh\necho '{line}'\necho sorry >&2\nexit 3\n")
    path.chmod(0o755)
    yield path


def test_what_a_client_forgets_has_no_verdict(script: Path, tmp_path: Path) -> None:
    answers: list[Answer] = list(asked(script, tmp_path, tmp_path, [GOLD, EMPTY]))
    assert answers == [(GOLD, Verdict(True)), (EMPTY, Verdict(None, "no answer, exit code 3: sorry"))]
