"""Grades the wrong patches of a task and sums up; starts containers through the grader alone.

What the machine kept from being judged is left out of the sum, never counted for either side.
"""

from __future__ import annotations

import dataclasses
from statistics import median
from typing import TYPE_CHECKING

from envfactory.errors import StageError
from envfactory.grader.grade import GradeSubject, grade
from envfactory.oracle.coverage import coverage
from envfactory.oracle.mistakes import mutants, partial_patches
from envfactory.oracle.question import Question
from envfactory.oracle.strength import Finding, strength
from envfactory.records import OracleStrength, Reward, RewardSpec

if TYPE_CHECKING:
    from envfactory.engine import Engine

SECONDS, TIMES = 15.0, 4.0
"""A mutant may loop for ever: so much and so many times what the gold run takes is enough."""


def measured(engine: Engine, subject: GradeSubject, question: Question) -> OracleStrength:
    """All wrong patches of a task, one after the other, and one traced run of the gold patch."""
    findings = []
    for mistake in (*mutants(question), *partial_patches(question)):
        reward = graded_mistake(engine, subject, mistake.patch)
        if reward.fault is None:
            findings.append(Finding(mistake.name, mistake.told, not reward.resolved))
    try:
        lines = coverage(engine, subject, question)
    except StageError:
        return strength(findings)
    return strength(findings, lines.changed, lines.missed)


def graded_mistake(engine: Engine, subject: GradeSubject, patch: str) -> Reward:
    """The verdict on a wrong patch: looked at once, since it means no harm, and not for long."""
    hurried = dataclasses.replace(subject, reward_spec=in_a_hurry(subject.reward_spec))
    return grade(engine, hurried, patch, second_opinion="never")


def in_a_hurry(spec: RewardSpec) -> RewardSpec:
    """The spec with a limit of time near what the gold run needs."""
    usual = median(spec.speed.baseline_seconds) if spec.speed.baseline_seconds else spec.limits.run_seconds
    enough = SECONDS + TIMES * usual
    limits = spec.limits.model_copy(
        update={
            "run_seconds": min(spec.limits.run_seconds, enough),
            "test_seconds": min(spec.limits.test_seconds, enough),
        }
    )
    return spec.model_copy(update={"limits": limits})
