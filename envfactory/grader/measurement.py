"""The runs behind one judgement: the hidden tests, and where called for the same tests turned around.

    run ─┬─ straight ──▶ report ──▶ resolved?
         └─ turned ────▶ evidence, which counts only for a patch that resolves

Which of both comes first is left to chance: containers of one machine can leave each other signs, such as
what is in the kernel's cache of files, or look at the clock.  Who knows that it ran before, or when, must
not learn from it whether passing is wrong now.  Starts no container itself and judges nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from envfactory.errors import GradeError
from envfactory.grader.machine import starved
from envfactory.grader.second_opinion import Opinion, turned
from envfactory.records import RewardSpec, TestReport
from envfactory.trials import TrialPlan

OPINIONS = 2
"""Turned runs in all, while they end before they decide anything."""
Run = Callable[[TrialPlan], TestReport]


@dataclass(frozen=True)
class Examination:
    """What is to be found out of one patch."""

    plan: TrialPlan
    spec: RewardSpec
    language: str
    twice: bool
    """Whether turned tests are wanted, too."""
    resolved: Callable[[TestReport], bool]


def measured(
    run: Run, wanted: Examination, coin: Callable[[], int] = lambda: secrets.randbelow(2)
) -> TestReport:
    """The report of the straight run, with the evidence of turned ones.

    Raises ``GradeError`` (``machine_overloaded``) where a run that decides nothing was starved.
    """
    opinions = [_opinion(run, wanted)] if wanted.twice and coin() else []
    report = run(wanted.plan)
    if not wanted.resolved(report):
        _refuse_starved(report, wanted.spec)
        return report
    while wanted.twice and len(opinions) < OPINIONS and not (opinions and opinions[-1].decided):
        opinions.append(_opinion(run, wanted))
    evidence = opinions[-1].evidence if opinions else ()
    return report.model_copy(update={"tampered": (*report.tampered, *evidence)})


def _opinion(run: Run, wanted: Examination) -> Opinion:
    second = turned(wanted.spec, wanted.language, wanted.plan.hidden_files)
    if second is None:
        return Opinion()
    report = run(second.plan(wanted.plan))
    opinion = second.opinion(report)
    if not opinion.decided:
        _refuse_starved(report, wanted.spec)
    return opinion


def _refuse_starved(report: TestReport, spec: RewardSpec) -> None:
    if starved(report, spec.speed.baseline_cpu_seconds):
        raise GradeError(
            "tests ran out of time on a machine that has no processor to spare",
            cause="machine_overloaded",
            retryable=True,
            hint="run fewer jobs at a time",
        )
