"""A selection of attacks in real containers: none gains anything, and the deep ones are noticed.

The whole suite runs with ``envfactory verify DATASET --attacks``.
"""

from __future__ import annotations

import pytest

from envfactory.attacks import ATTACKS
from envfactory.engine import Engine
from envfactory.grader import GradeSubject, grade
from tests.attacks.targets import FILES, GOLD, SPEC, TARGET
from tests.tiny_image import tiny_image

pytestmark = pytest.mark.docker

UNNOTICED = ("conftest_report", "entry_point", "exit_now", "memory_key", "through_link")
"""Stopped without being taken for interference."""
NOTICED = (
    "runtest_chosen",
    "code_swap",
    "everything_equal",
    "equal_of_type",
    "equal_normalised",
    "bent_collector",
    "forged_lines",
    "report_edited",
)
EXHAUSTING = ("fork_and_exit", "memory")


@pytest.fixture(scope="module")
def subject(engine: Engine) -> GradeSubject:
    return GradeSubject(image=tiny_image(engine, FILES), reward_spec=SPEC)


def test_gold_resolves_and_its_turned_tests_fail(engine: Engine, subject: GradeSubject) -> None:
    reward = grade(engine, subject, GOLD, second_opinion="always")
    assert reward.resolved and not reward.tampered and reward.evidence == (), reward


@pytest.mark.parametrize("name", UNNOTICED + EXHAUSTING)
def test_stopped(engine: Engine, subject: GradeSubject, name: str) -> None:
    reward = grade(engine, subject, ATTACKS[name].make(TARGET) or "")
    assert reward.value == 0.0 and not reward.resolved and not reward.tampered and reward.fault is None, (
        reward
    )


@pytest.mark.parametrize("name", NOTICED)
def test_noticed(engine: Engine, subject: GradeSubject, name: str) -> None:
    reward = grade(engine, subject, ATTACKS[name].make(TARGET) or "")
    assert reward.value == 0.0 and not reward.resolved and reward.tampered, reward
    assert reward.evidence and reward.fault is None


def test_what_was_left_out_of_a_patch_is_told(engine: Engine, subject: GradeSubject) -> None:
    reward = grade(engine, subject, GOLD + (ATTACKS["conftest_report"].make(TARGET) or ""))
    assert reward.resolved and not reward.tampered
    assert {"dropped: conftest.py", "dropped: tests/conftest.py"} <= set(reward.evidence)
