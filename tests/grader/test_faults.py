"""Machines at fault and patches at fault: containers removed, outputs closed, containers stopped."""

from __future__ import annotations

import contextlib
import os
import threading
import time

import pytest
from docker.errors import APIError

from envfactory.attacks import ATTACKS
from envfactory.engine import Engine
from envfactory.grader import GradeSubject, grade
from tests.attacks.targets import FILES, GOLD, SPEC, TARGET
from tests.tiny_image import tiny_image

pytestmark = pytest.mark.docker

SLOW = GOLD.replace("+    return a + b", "+    __import__('time').sleep(2)\n+    return a + b").replace(
    "@@ -1,6 +1,6 @@", "@@ -1,6 +1,7 @@"
)


@pytest.fixture(scope="module")
def subject(engine: Engine) -> GradeSubject:
    limits = SPEC.limits.model_copy(update={"run_seconds": 60.0, "test_seconds": 20.0})
    spec = SPEC.model_copy(update={"limits": limits})
    return GradeSubject(image=tiny_image(engine, FILES), reward_spec=spec)


def take_away(engine: Engine, seconds: float) -> threading.Thread:
    """Remove the container of this process's grade once its tests have run so long."""

    def running_tests() -> str | None:
        for found in engine.owned_containers():
            if "graded" in found.name and f"-{os.getpid()}-" in found.name:
                with contextlib.suppress(APIError):  # it has not started yet
                    if any("pytest" in str(line) for line in engine._api.top(found.id)["Processes"]):
                        return found.id
        return None

    def work() -> None:
        while (container := running_tests()) is None:
            time.sleep(0.05)
        time.sleep(seconds)
        engine._api.remove_container(container, force=True)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_a_container_that_is_taken_away_is_no_failure(engine: Engine, subject: GradeSubject) -> None:
    thread = take_away(engine, 0.5)
    reward = grade(engine, subject, SLOW, attempts=1)
    thread.join(10)
    assert reward.value is None and reward.fault == "container_gone", reward


def test_it_is_tried_again(engine: Engine, subject: GradeSubject) -> None:
    thread = take_away(engine, 0.5)
    reward = grade(engine, subject, SLOW, attempts=2, second_opinion="never")
    thread.join(10)
    assert reward.resolved and reward.fault is None, reward


@pytest.mark.parametrize("name", ["killed_parent", "silent"])
def test_what_tests_do_to_their_container_is_their_failure(
    engine: Engine, subject: GradeSubject, name: str
) -> None:
    reward = grade(engine, subject, ATTACKS[name].make(TARGET) or "", attempts=2)
    assert reward.value == 0.0 and reward.fault is None and not reward.resolved, reward
