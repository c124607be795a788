"""The order and the number of the runs behind one judgement."""

from __future__ import annotations

import pytest

from envfactory.grader.grade import GradeSubject, plan_of
from envfactory.grader.measurement import OPINIONS, Examination, measured
from envfactory.records import Outcome, TestReport, TestResult
from envfactory.trials import TrialPlan
from tests.attacks.targets import SPEC

PLAN = plan_of(GradeSubject("image", SPEC), "")


class Runs:
    """Runs in which every test has one outcome when straight and one when turned."""

    def __init__(self, straight: Outcome, turned: Outcome) -> None:
        self.straight, self.turned = straight, turned
        self.seen = ""

    def __call__(self, plan: TrialPlan) -> TestReport:
        outcome = self.straight if plan is PLAN else self.turned
        self.seen += "s" if plan is PLAN else "t"
        names = (*SPEC.fail_to_pass, *SPEC.pass_to_pass)
        results = {name: TestResult(outcome=outcome) for name in names}
        return TestReport(
            image_id="i", state="graded", results=results, complete=outcome is not Outcome.MISSING
        )


def resolved(report: TestReport) -> bool:
    return report.complete and all(r.outcome is Outcome.PASSED for r in report.results.values())


def wanted(twice: bool = True) -> Examination:
    return Examination(PLAN, SPEC, "python", twice, resolved)


@pytest.mark.parametrize(
    ("straight", "turned", "first", "order", "tampered"),
    [
        (Outcome.PASSED, Outcome.FAILED, 0, "st", False),
        (Outcome.PASSED, Outcome.FAILED, 1, "ts", False),
        (Outcome.PASSED, Outcome.PASSED, 0, "st", True),
        (Outcome.PASSED, Outcome.PASSED, 1, "ts", True),
        (Outcome.FAILED, Outcome.PASSED, 0, "s", False),
        (Outcome.FAILED, Outcome.MISSING, 1, "ts", False),
        (Outcome.PASSED, Outcome.MISSING, 0, "s" + "t" * OPINIONS, True),
        (Outcome.PASSED, Outcome.MISSING, 1, "ts" + "t" * (OPINIONS - 1), True),
    ],
)
def test_turned_runs_come_first_or_last_and_count_only_for_what_resolves(
    straight: Outcome, turned: Outcome, first: int, order: str, tampered: bool
) -> None:
    runs = Runs(straight, turned)
    report = measured(runs, wanted(), lambda: first)
    assert runs.seen == order and bool(report.tampered) == tampered


def test_who_is_not_asked_for_runs_once() -> None:
    runs = Runs(Outcome.PASSED, Outcome.PASSED)
    assert not measured(runs, wanted(twice=False), lambda: 1).tampered and runs.seen == "s"


def test_the_order_is_left_to_chance() -> None:
    orders = set()
    for _ in range(40):
        runs = Runs(Outcome.PASSED, Outcome.FAILED)
        measured(runs, wanted())
        orders.add(runs.seen)
    assert orders == {"st", "ts"}
