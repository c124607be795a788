"""The runs behind one judgement: the hidden tests, and where called for the same tests turned around.

    run ─┬─ straight ──▶ report ──▶ resolved?
         └─ turned ────▶ evidence, which counts only for a patch that resolves

Which of both comes first is left to chance: containers of one machine can leave each other signs, such as
what is in the kernel's cache of files, or look at the clock.  Who knows that it ran before, or when, must
not learn from it whether passing is wrong now.  Starts no container itself and judges nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from envfactory.errors import GradeError
from envfactory.grader.machine import starved
from envfactory.grader.second_opinion import Opinion, turned
from envfactory.records import HiddenFile, RewardSpec, TestReport
from envfactory.trials import TrialPlan

OPINIONS = 2
"""Turned runs in all, while they end before they decide anything."""
Run = Callable[[TrialPlan], TestReport]


def measured(
    run: Run,
    plan: TrialPlan,
    asked: tuple[RewardSpec, str] | None,
    resolved: Callable[[TestReport], bool],
    coin: Callable[[], int] = lambda: secrets.randbelow(2),
) -> TestReport:
    """The report of ``plan``, with the evidence of turned runs for the spec and language in ``asked``.

    Raises ``GradeError`` (``machine_overloaded``) where a run that decides nothing was starved.
    """
    opinions = [_opinion(run, plan, asked)] if asked and coin() else []
    report = run(plan)
    if not resolved(report):
        _refuse_starved(report)
        return report
    while asked and len(opinions) < OPINIONS and not (opinions and opinions[-1].decided):
        opinions.append(_opinion(run, plan, asked))
    evidence = opinions[-1].evidence if opinions else ()
    return report.model_copy(update={"tampered": (*report.tampered, *evidence)})


def _opinion(run: Run, plan: TrialPlan, asked: tuple[RewardSpec, str]) -> Opinion:
    hidden: Sequence[HiddenFile] = plan.hidden_files
    second = turned(*asked, hidden)
    if second is None:
        return Opinion()
    report = run(second.plan(plan))
    opinion = second.opinion(report)
    if not opinion.decided:
        _refuse_starved(report)
    return opinion


def _refuse_starved(report: TestReport) -> None:
    if starved(report):
        raise GradeError(
            "tests ran out of time on a machine that has no processor to spare",
            cause="machine_overloaded",
            retryable=True,
            hint="run fewer jobs at a time",
        )
