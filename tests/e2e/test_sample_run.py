"""The whole factory on the sample repository, in a real engine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.sample import SAMPLE
from envfactory.grader.second_opinion import unconfirmed
from envfactory.trainer import Task
from tests.e2e.factory import Factory

pytestmark = pytest.mark.docker

EXPECTED = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))["pulls"]
TASKS = [number for number, wanted in EXPECTED.items() if wanted["end"] == "task"]


@pytest.mark.parametrize("number", EXPECTED)
def test_every_pull_request_ends_as_expected(sample: Factory, number: str) -> None:
    assert sample.ends().get(number) == EXPECTED[number]["end"]


def test_nothing_else_is_found(sample: Factory) -> None:
    assert set(sample.ends()) == set(EXPECTED)


@pytest.mark.parametrize("number", TASKS)
def test_the_right_tests_decide(sample: Factory, number: str) -> None:
    spec = json.loads((sample.task(number) / "tests" / "reward_spec.json").read_text())
    assert sorted(spec["fail_to_pass"]) == EXPECTED[number]["fail_to_pass"]


@pytest.mark.parametrize("number", TASKS)
def test_rewards_can_be_looked_at_twice(sample: Factory, number: str) -> None:
    """Even if the pull request changes the tests' data alone: a task may not lack what finds forgeries."""
    task = Task(sample.task(number))
    assert unconfirmed(task.reward_spec, task.language) == ()


def test_the_sums_add_up(sample: Factory) -> None:
    stages = sample.status()
    for counts in stages.values():
        assert counts["in"] == counts["out"] + sum(counts["rejected"].values()) + sum(
            counts["failed"].values()
        )
    assert stages["mine"]["in"] == len(EXPECTED)
    assert stages["build"]["in"] == stages["mine"]["out"]
    assert stages["extract"]["in"] == stages["build"]["out"]
    assert stages["extract"]["out"] == len(TASKS)


def test_the_dataset_has_a_row_per_task(sample: Factory) -> None:
    lines = (sample.workspace / "dataset" / "dataset.jsonl").read_text().splitlines()
    assert {json.loads(line)["instance_id"] for line in lines} == {
        sample.task(number).name for number in TASKS
    }


# A symbol that is new, an environment with a dependency of the gold patch, one that has to be built again.
@pytest.mark.parametrize("number", [2, 9, 17])
def test_gold_resolves_and_empty_does_not(sample: Factory, number: int) -> None:
    task = sample.task(number)
    gold = sample.grade(task, (task / "solution" / "gold.patch").read_text())
    assert (gold["resolved"], gold["value"], gold["fault"], gold["tampered"]) == (True, 1.0, None, False)
    assert (gold["fail_to_pass_rate"], gold["pass_to_pass_rate"]) == (1.0, 1.0)
    empty = sample.grade(task, "")
    assert (empty["resolved"], empty["value"], empty["fault"]) == (False, 0.0, None)


def test_a_broken_patch_is_the_agents_fault(sample: Factory) -> None:
    reward = sample.grade(sample.task(1), "this is no patch\n")
    assert (reward["resolved"], reward["value"], reward["fault"]) == (False, 0.0, None)


def test_a_second_run_does_nothing(sample: Factory) -> None:
    before, digest = sample.attempts(), sample.digest()
    sample.run()
    assert sample.attempts() == before
    assert sample.digest() == digest


def test_a_mirror_gives_the_same_candidates(sample: Factory, sample_mirror: Path, tmp_path: Path) -> None:
    words = ["--repo", sample.repo, "-w", tmp_path / "work", "--json"]
    sample.command("mine", sample_mirror, *words)
    status = json.loads(sample.command("status", "-w", tmp_path / "work", "--json"))
    assert status["stages"]["mine"] == sample.status()["mine"]


def test_no_container_is_left(sample: Factory) -> None:
    assert sample.containers() == []


def test_an_image_is_rebuilt_from_its_bundle(sample: Factory, tmp_path: Path) -> None:
    """The dataset is moved away from its workspace, and the engine loses the image."""
    dataset = shutil.copytree(sample.workspace / "dataset", tmp_path / "moved")
    task = dataset / "tasks" / sample.task(13).name
    before = sample.grade(task, (task / "solution" / "gold.patch").read_text())
    image = json.loads((task / "tests" / "config.json").read_text())["image_name"]
    subprocess.run(["docker", "image", "rm", "--force", image], check=True, capture_output=True)
    after = sample.grade(task, (task / "solution" / "gold.patch").read_text())
    assert after["resolved"] is True
    assert after["tests"] == before["tests"]
