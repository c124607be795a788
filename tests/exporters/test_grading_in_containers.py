"""``tests/test.sh`` of a bundle, run for real on a git repository of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envfactory.exporters import EXPORTERS, ExportContext
from envfactory.grader.grade import reward_of
from envfactory.records import Limits, Outcome, SpeedTerm, Task, TestResult
from tests.exporters import sample

Grade = Callable[..., dict[str, Any]]


@pytest.fixture
def grade(repo: Path, tmp_path: Path) -> Grade:
    """Export ``task``, run its ``test.sh`` on ``repo`` and return reward.json plus ``report``."""

    def run(task: Task, patch: str | None = None) -> dict[str, Any]:
        EXPORTERS["bundle"].export([task], tmp_path / "dataset", ExportContext(thin=True))
        tests = tmp_path / "dataset/tasks" / task.instance_id / "tests"
        logs = tmp_path / "logs"
        (logs / "artifacts").mkdir(parents=True, exist_ok=True)
        (logs / "artifacts/model.patch").unlink(missing_ok=True)
        if patch is not None:
            (logs / "artifacts/model.patch").write_text(patch)
        env = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ENVFACTORY_TESTBED": str(repo),
            "ENVFACTORY_LOGS": str(logs),
            "ENVFACTORY_PYTHON": sys.executable,
        }
        done = subprocess.run(["bash", str(tests / "test.sh")], env=env, capture_output=True, timeout=120)
        assert done.returncode == 0 and not done.stdout and not done.stderr
        rewards: dict[str, Any] = json.loads((logs / "verifier/reward.json").read_text())
        assert float((logs / "verifier/reward.txt").read_text()) == rewards["reward"]
        assert all(type(value) in (int, float) for value in rewards.values())
        rewards["report"] = json.loads((logs / "verifier/report.json").read_text())
        return rewards

    return run


def test_gold_patch_resolves(task: Task, grade: Grade) -> None:
    found = grade(task, task.candidate.gold_patch)
    assert (found["reward"], found["resolved"], found["f2p"], found["p2p"]) == (1, 1, 1, 1), found
    assert (found["fault"], found["tampered"]) == (0, 0)
    assert found["report"]["tests"]["tests/test_maths.py::test_half_odd"] == "passed"


@pytest.mark.parametrize("patch", [None, ""])
def test_nothing_done_resolves_nothing(task: Task, grade: Grade, patch: str | None) -> None:
    found = grade(task, patch)
    assert (found["reward"], found["f2p"], found["p2p"], found["fault"]) == (0, 0, 1, 0)


def test_in_place(task: Task, grade: Grade, repo: Path) -> None:
    sample.put(repo / "maths.py", sample.FIXED)
    sample.put(repo / "conftest.py", "raise SystemExit\n")
    sample.put(repo / "tests/test_maths.py", "")
    assert grade(task)["reward"] == 1


def test_in_place_ignores_a_stale_patch(task: Task, grade: Grade, repo: Path) -> None:
    sample.put(repo / "maths.py", "broken")
    assert grade(task, task.candidate.gold_patch)["reward"] == 0


def test_a_patch_that_does_not_apply(task: Task, grade: Grade) -> None:
    found = grade(task, task.candidate.gold_patch.replace("number // 2", "number // 3"))
    assert (found["reward"], found["fault"]) == (0, 0)
    assert "does not apply" in found["report"]["detail"]


def test_changes_to_tests_do_not_count(task: Task, grade: Grade, repo: Path) -> None:
    hook = "def pytest_pyfunc_call(pyfuncitem):\n    return True\n"
    changes = {
        "conftest.py": hook,
        "tests/conftest.py": hook,
        "tests/test_maths.py": "def test_half_odd(): pass\n",
    }
    found = grade(task, sample.patch(repo, changes))
    assert (found["reward"], found["f2p"]) == (0, 0)
    both = grade(task, sample.patch(repo, {**changes, "maths.py": sample.FIXED}))
    assert both["reward"] == 1


CONFIG = sample.BASE["pyproject.toml"]
STOP = CONFIG + 'addopts = "--collect-only"\n[project]\nname = "mine"\n'


@pytest.mark.parametrize("in_place", [False, True])
def test_the_runners_part_of_shared_files_is_that_of_the_gold_run(
    repo: Path, grade: Grade, in_place: bool
) -> None:
    task = sample.sample_task(repo, shared_files=(sample.hidden("pyproject.toml", CONFIG.encode()),))
    changes = {"pyproject.toml": STOP, "maths.py": sample.FIXED}
    patch = sample.patch(repo, changes)
    if in_place:
        for name, text in changes.items():
            sample.put(repo / name, text)
    assert grade(task, patch)["reward"] == 1
    left = (repo / "pyproject.toml").read_text()
    assert "collect-only" not in left and 'name = "mine"' in left


def test_leaving_the_test_run_early(task: Task, grade: Grade, repo: Path) -> None:
    patch = sample.patch(repo, {"maths.py": sample.FIXED + "\nimport os\nos._exit(0)\n"})
    assert grade(task, patch)["reward"] == 0


@pytest.mark.parametrize(
    "line, kind",
    [
        ("_pytest.python.Function.runtest = lambda self: None", "function"),
        ("_pytest.runner.check_interactive_exception = lambda *args: False", "runner"),
    ],
)
def test_a_bent_runner_is_noticed(task: Task, grade: Grade, repo: Path, line: str, kind: str) -> None:
    spec = task.reward_spec.model_copy(update={"canaries": ("function", "unittest", "runner")})
    checked = task.model_copy(update={"reward_spec": spec})
    assert grade(checked, task.candidate.gold_patch)["resolved"] == 1
    source = f"import _pytest.python, _pytest.runner\n{line}\n{sample.FIXED}"
    sample.git(repo, "checkout", "-f")
    found = grade(checked, sample.patch(repo, {"maths.py": source}))
    assert (found["reward"], found["tampered"]) == (0, 1)
    assert any(told.startswith(f"canary:{kind}") for told in found["report"]["evidence"])
    assert not any("canary" in name or "test_maths" not in name for name in found["report"]["tests"])


def test_a_process_left_behind_cannot_write_rewards(task: Task, grade: Grade, repo: Path) -> None:
    mark = f"left-behind-{os.getpid()}"
    command = f"sleep 300; echo {mark}"
    late = f"import subprocess\nsubprocess.Popen(['sh', '-c', {command!r}], start_new_session=True)\n"
    assert grade(task, sample.patch(repo, {"maths.py": late + sample.FIXED}))["reward"] == 1
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert mark not in listed


def test_time_limit(repo: Path, grade: Grade) -> None:
    limits = Limits(run_seconds=2, test_seconds=60)
    task = sample.sample_task(repo, limits=limits)
    found = grade(task, sample.patch(repo, {"maths.py": "import time\ntime.sleep(60)\n"}))
    assert (found["reward"], found["fault"]) == (0, 0)


def test_a_rebuild_that_fails_is_the_patchs_fault(repo: Path, grade: Grade) -> None:
    task = sample.sample_task(repo, rebuild_steps=("test ! -e broken",))
    assert grade(task, task.candidate.gold_patch)["reward"] == 1


def test_an_altered_bundle_is_a_fault(task: Task, grade: Grade, repo: Path, tmp_path: Path) -> None:
    grade(task, "")
    directory = tmp_path / "dataset/tasks" / task.instance_id / "tests"
    sample.put(directory / "files/tests/test_maths.py", "")
    done = subprocess.run(
        ["bash", str(directory / "test.sh")],
        env={
            "PATH": os.environ["PATH"],
            "ENVFACTORY_TESTBED": str(repo),
            "ENVFACTORY_LOGS": str(tmp_path / "logs"),
            "ENVFACTORY_PYTHON": sys.executable,
        },
    )
    assert done.returncode == 0
    found = json.loads((tmp_path / "logs/verifier/reward.json").read_text())
    assert (found["reward"], found["fault"]) == (0, 1)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("name", ["pyproject.toml", "tox.ini"])
def test_a_shared_file_that_the_patch_touched_wins_over_the_hidden_one(
    repo: Path, grade: Grade, name: str, in_place: bool
) -> None:
    gold = CONFIG if name == "pyproject.toml" else "[testenv]\nskip_install = true\n"
    hidden = (*sample.reward_spec().hidden_files, sample.hidden(name, b"# hidden\n" + gold.encode()))
    shared = (sample.hidden(name, gold.encode()),)
    task = sample.sample_task(repo, shared_files=shared, hidden_files=hidden)
    mine = gold + "[mine]\n"
    changes = {name: mine, "maths.py": sample.FIXED}
    patch = sample.patch(repo, changes)
    if in_place:
        for path, text in changes.items():
            sample.put(repo / path, text)
    assert grade(task, patch)["reward"] == 1
    assert (repo / name).read_text() == mine


def test_the_hidden_version_of_a_shared_file_is_placed_where_the_patch_left_it_alone(
    repo: Path, grade: Grade
) -> None:
    file = sample.hidden("pyproject.toml", CONFIG.encode() + b"# hidden\n")
    hidden = (*sample.reward_spec().hidden_files, file)
    task = sample.sample_task(repo, shared_files=(file,), hidden_files=hidden)
    assert grade(task, task.candidate.gold_patch)["reward"] == 1
    assert (repo / "pyproject.toml").read_text().endswith("# hidden\n")


@pytest.mark.parametrize("fixed", [sample.FIXED, sample.SOURCE + "\n", "raise SystemExit\n"])
def test_the_reward_is_the_one_of_envfactory_itself(repo: Path, grade: Grade, fixed: str) -> None:
    """Without weight for speed (``beta`` 0), whatever baselines the host knows and the bundle does not."""
    task = sample.sample_task(repo, speed=SpeedTerm(baseline_seconds=(0.01, 1.0)))
    found = grade(task, sample.patch(repo, {"maths.py": fixed}).rstrip("\n"))
    results = {name: TestResult(outcome=Outcome(word)) for name, word in found["report"]["tests"].items()}
    run = sample.report("graded", 1).model_copy(
        update={"results": results, "complete": found["report"]["complete"]}
    )
    reward = reward_of(run, task.reward_spec, {})
    assert reward.value == found["reward"] and reward.resolved == bool(found["resolved"])
    assert (reward.fail_to_pass_rate, reward.pass_to_pass_rate) == (found["f2p"], found["p2p"])
