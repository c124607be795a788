from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from envfactory.exporters.eval_script import END, START, eval_script
from envfactory.exporters.harbor_toml import task_name, task_toml
from envfactory.exporters.instruction import instruction
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.row import dropped_ids, row, with_lists
from envfactory.exporters.task_dir import write_task
from envfactory.records import OracleStrength, Task
from tests.exporters import sample

SWEBENCH = {
    "instance_id", "repo", "base_commit", "patch", "test_patch", "problem_statement", "hints_text",
    "created_at", "version", "environment_setup_commit", "FAIL_TO_PASS", "PASS_TO_PASS",
    "image", "eval_script", "log_parser", "eval_type",
}  # fmt: skip


def test_row_has_the_columns_of_swebench_and_ours(task: Task) -> None:
    found = row(task, root="r" * 40, bundle_digest="b")
    assert found.keys() >= SWEBENCH
    assert json.loads(found["FAIL_TO_PASS"]) == ["tests/test_maths.py::test_half_odd"]
    assert found["image"] == found["image_name"] == found["docker_image"] == task.environment.image.tag
    assert "swebench" not in found["image"]
    assert found["log_parser"] == "parse_log_pytest"
    assert found["statement_source"] == "title"
    rules = json.loads(found["reward_spec"])
    assert rules["fail_to_pass"] and "content" not in rules["hidden_files"][0]
    assert all(isinstance(value, str | int | float | dict) for value in found.values())


def test_every_column_is_documented(task: Task) -> None:
    text = (Path(__file__).parents[2] / "docs/formats.md").read_text()
    assert [column for column in row(task, root="r") if f"`{column}`" not in text] == []


def test_lists_on_request(task: Task) -> None:
    assert with_lists(row(task, root="r"))["PASS_TO_PASS"] == [
        "tests/test_maths.py::test_double",
        "tests/test_maths.py::test_half_even",
    ]


def test_ids_that_no_log_parser_can_read(tmp_path: Path) -> None:
    unreadable = ["t.py::test_a[x - y]", "t.py::test_c[x  y]", "t.py::test_d[\x1b]", "t.py::test_e[[0m]"]
    ids = dict.fromkeys([*unreadable, "t.py::test_b[x y]"], "f2p")
    task = sample.sample_task(sample.repository(tmp_path / "repo"), fail_to_pass=ids)
    found = row(task, root="r")
    assert json.loads(found["FAIL_TO_PASS"]) == ["t.py::test_b[x y]"]
    assert found["log_parser"] == "parse_log_pytest_v2"
    assert dropped_ids(task.reward_spec) == unreadable
    assert "4 test ids" in found["notes"]


def test_a_row_never_asks_for_nothing(tmp_path: Path) -> None:
    """Without FAIL_TO_PASS ids, harnesses call the empty patch resolved."""
    ids = {"t.py::test_a[x - y]": "f2p"}
    task = sample.sample_task(sample.repository(tmp_path / "repo"), fail_to_pass=ids)
    found = row(task, root="r")
    assert json.loads(found["FAIL_TO_PASS"]) == ["t.py::test_a[x - y]"]
    assert "never resolve" in found["notes"]


def test_rows_hold_nothing_measured(tmp_path: Path) -> None:
    repo = sample.repository(tmp_path / "repo")
    assert row(sample.sample_task(repo, seconds=1), root="r") == row(
        sample.sample_task(repo, seconds=2), root="r"
    )


def test_old_pytest_s_names_are_told_as_ours(task: Task, tmp_path: Path) -> None:
    script = eval_script(task, "HEAD").replace("/testbed", str(tmp_path / "repo"))
    line = next(line for line in script.splitlines() if "PIPESTATUS" in line)
    command = line.replace("/tmp/eval_rc", str(tmp_path / "rc")).replace(
        "python -m pytest", "python3 -c 'print(\"PASSED t.py::Test::()::test_a\"); raise SystemExit(3)'"
    )
    done = subprocess.run(["bash", "-uo", "pipefail", "-c", command], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("PASSED t.py::Test::test_a\n", 3)
    assert (tmp_path / "rc").read_text() == "3\n"


def test_eval_script_prints_markers_and_ends_with_the_tests_exit_code(task: Task, tmp_path: Path) -> None:
    script = eval_script(task, "HEAD").replace("/testbed", str(tmp_path / "repo"))
    script = script.replace("/tmp/eval_rc", str(tmp_path / "rc"))
    python = Path(__file__).parents[2] / ".venv/bin/python"
    script = script.replace("python -m pytest", f"{python} -m pytest")

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)

    before = run()
    assert before.returncode == 1
    assert f": '{START}'" in before.stderr and f": '{END}'" in before.stderr
    assert "FAILED tests/test_maths.py::test_half_odd" in before.stdout
    assert "PASSED tests/test_maths.py::test_double" in before.stdout
    sample.put(tmp_path / "repo/maths.py", sample.FIXED)
    sample.put(tmp_path / "repo/tests/test_maths.py", "def test_mine(): pass\n")
    assert run().returncode == 0
    assert not (tmp_path / "repo/tests/data/neü.txt").exists()
    assert (tmp_path / "repo/tests/test_maths.py").read_text() == sample.TESTS


def test_instruction_leaks_neither_commits_nor_tests(task: Task) -> None:
    text = instruction(task)
    assert "half(3) is 1" in text and "/testbed" in text and "python -m pytest" in text
    assert "abcdef1234" not in text and "<commit>" in text
    assert "test_half_odd" not in text and "test_maths.py" not in text


def test_task_toml_separates_both_base_commits(task: Task) -> None:
    data = task_toml(task, "r" * 40, "envfactory")
    assert data["metadata"]["base_commit"] == "b" * 40
    assert data["metadata"]["base_commit_hash"] == "r" * 40
    assert data["verifier"]["environment_mode"] == "separate"
    assert data["verifier"]["collect"][0]["command"].endswith("exit 0")
    assert data["environment"]["docker_image"] == task.environment.image.tag


@pytest.mark.parametrize(
    ("instance_id", "name"),
    [("a__b-1", "o/a__b-1"), ("local__my proj-3", "o/local__my-proj-3"), ("__é", "o/unnamed")],
)
def test_harbor_names(instance_id: str, name: str) -> None:
    assert task_name(instance_id, "o") in (name, name.replace("unnamed", "-"))


def test_the_oracle_is_in_the_row_and_makes_the_directory_anew(
    task: Task, thin: ExportContext, tmp_path: Path
) -> None:
    measured = task.model_copy(
        update={"oracle": OracleStrength(mutants=2, killed=1, survivors=("m.py:1 x",))}
    )
    assert row(task, root="r")["oracle"] == ""
    assert json.loads(row(measured, root="r")["oracle"])["survivors"] == ["m.py:1 x"]
    written = [write_task(one, tmp_path / "task", thin, None) for one in (task, measured)]
    assert written[0].inputs != written[1].inputs
    assert written[0].bundle_digest == written[1].bundle_digest, "it is the same task"
