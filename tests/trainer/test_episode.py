"""Episodes and grading of an exported task in real containers; its image is made from the bundle."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from envfactory import grade_patch
from envfactory.errors import UsageError
from envfactory.trainer import Task
from envfactory.trials import PatchError

if TYPE_CHECKING:
    from envfactory.engine import Engine

pytestmark = pytest.mark.docker


def test_an_episode_from_start_to_reward(task: Task, engine: Engine) -> None:
    with task.start(engine=engine) as env:
        assert env.diff() == ""
        result = env.exec("python -m pytest -q; echo $MATHS", timeout=60)
        assert "2 passed" in result.stdout and result.stdout.endswith("yes\n")
        assert env.exec(["git", "rev-parse", "HEAD"]).stdout.strip() == task.root_commit
        assert env.exec("sleep 20", timeout=0.5).timed_out
        assert env.grade().value == 0
        env.write("maths.py", env.read("maths.py").replace("//", "/"))
        env.exec("git add -A && git -c user.name=a -c user.email=a@b commit -qm done")
        env.write("new/ünï.bin", b"\xff\x00")
        diff = env.diff()
        assert "GIT binary patch" in diff and "number / 2" in diff
        assert env.exec("git status --porcelain").stdout.strip() == "?? new/"
        reward = env.grade()
        assert (reward.value, reward.resolved, reward.fault, reward.tampered) == (1.0, True, None, False), (
            reward
        )
        env.apply("")
        with pytest.raises(PatchError):
            env.apply(task.gold_patch)
    with pytest.raises(UsageError, match="closed"):
        env.exec("true")
    assert not [found for found in engine.owned_containers() if f"-{os.getpid()}-" in found.name]


def test_text_that_is_not_utf8_survives(task: Task, engine: Engine) -> None:
    with task.start(engine=engine) as env:
        env.write("latin.txt", "é\n".encode("latin-1"))
        diff = env.diff()
    with task.start(engine=engine) as env:
        env.apply(diff)
        assert env.read_bytes("latin.txt") == "é\n".encode("latin-1")
    with pytest.raises(FileNotFoundError), task.start(engine=engine) as env:
        env.read("latin.txt")


def test_grading_by_directory(task: Task, engine: Engine) -> None:
    assert grade_patch(task.directory, task.gold_patch, engine=engine).value == 1.0
    empty = grade_patch(task.directory, "", engine=engine)
    assert (empty.value, empty.fail_to_pass_rate, empty.pass_to_pass_rate) == (0.0, 0.0, 1.0)
    assert grade_patch(task.directory, "nonsense", engine=engine).value == 0.0


@pytest.mark.parametrize(("patch", "reward"), [(None, "0.0"), ("gold", "1.0")])
def test_the_bundles_own_grader_agrees(task: Task, engine: Engine, patch: str | None, reward: str) -> None:
    tests = {
        f"/tests/{path.relative_to(task.directory / 'tests')}": path
        for path in task.directory.rglob("tests/**/*")
    }
    files = {name: path.read_bytes() for name, path in tests.items() if path.is_file()}
    with engine.container(task.image, limits=task.reward_spec.limits) as container:
        container.put({**files, "/logs/artifacts/model.patch": task.gold_patch.encode() if patch else b""})
        done = container.exec(["bash", "/tests/test.sh"], timeout=120)
        log = container.get("/logs/verifier/test_output.log").decode()
        assert (done.exit_code, container.get("/logs/verifier/reward.txt").decode().strip()) == (0, reward), (
            log
        )


def test_an_image_made_from_something_else_is_not_used(task: Task, engine: Engine) -> None:
    other = task.spec.toolchain.image
    subprocess.run(["docker", "tag", other, task.image], check=True)
    with task.start(engine=engine) as env:
        assert env.exec("ls").stdout.split() == ["maths.py", "pyproject.toml", "tests"]
