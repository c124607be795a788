"""How long one test may take, by what is known of those that come to an end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from envfactory.extractor.laboratory import PATIENCE, STEPS, Laboratory
from envfactory.records import Limits, Outcome, TestReport, TestResult

SECONDS = st.lists(st.floats(0, 100), max_size=4)


def laboratory(limit: float) -> Laboratory:
    environment: Any = SimpleNamespace(spec=SimpleNamespace(limits=Limits(test_seconds=limit)))
    candidate: Any = SimpleNamespace(language="other")
    site: Any = None
    return Laboratory(candidate, environment, site, ("tests/test_a.py",), (), ())


def report(state: str, passed: list[float], hung: int = 0) -> TestReport:
    results = {f"t::{n}": TestResult(outcome=Outcome.PASSED, seconds=s) for n, s in enumerate(passed)}
    results |= {f"h::{n}": TestResult(outcome=Outcome.TIMEOUT, seconds=60.0) for n in range(hung)}
    return TestReport(image_id="i", state=state, results=results)  # type: ignore[arg-type]


def test_a_test_that_hangs_without_the_fix_is_not_waited_for_as_long_again() -> None:
    known = laboratory(60.0)
    known.take("after", report("after", [0.01, 0.2]))
    known.take("before", report("before", [0.01], hung=1))
    assert known.limits() == Limits(test_seconds=STEPS[0])


def test_a_test_that_is_slow_without_the_change_may_stay_so() -> None:
    known = laboratory(60.0)
    known.take("after", report("after", [0.1]))
    known.take("before", report("before", [30.0]))
    assert known.limits() == Limits(test_seconds=60.0)


@given(SECONDS, SECONDS, st.floats(1, 200))
def test_the_limit_leaves_room(before: list[float], after: list[float], limit: float) -> None:
    known = laboratory(limit)
    known.take("before", report("before", before))
    known.take("after", report("after", after))
    found = known.limits().test_seconds
    assert found <= limit
    assert found == limit or found >= PATIENCE * max((*before, *after))
