"""What counts as an environment that works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from envfactory.builder.verdict import judge
from envfactory.records import Outcome, TestReport, TestResult

MODULE = "tests/test_a.py"


def report(
    counts: Mapping[str, int], *, module: str = MODULE, message: str = "", **fields: Any
) -> TestReport:
    results = {
        f"{module}::test_{outcome}_{number}": TestResult(outcome=Outcome(outcome), message=message)
        for outcome, count in counts.items()
        for number in range(count)
    }
    return TestReport(**{"image_id": "x", "state": "after", "complete": True, "results": results} | fields)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({"passed": 1}, ""),
        ({"passed": 91, "error": 9}, ""),
        ({"passed": 90, "error": 10}, "mostly_errors"),
        ({"passed": 11, "skipped": 89}, ""),
        ({"passed": 10, "skipped": 90}, "mostly_skipped"),
        ({"failed": 5}, "none_pass"),
        ({}, "no_tests_ran"),
    ],
)
def test_thresholds(counts: dict[str, int], reason: str) -> None:
    verdict = judge(report(counts), [MODULE])
    assert verdict.reason == reason
    assert verdict.works is (reason == "")


def test_a_touched_module_that_is_not_collected_is_no_environment() -> None:
    errors = {MODULE: "ModuleNotFoundError: No module named 'x'"}
    verdict = judge(
        report({"passed": 5}, module="tests/test_b.py", collection_errors=errors), [MODULE, "tests/test_b.py"]
    )
    assert verdict.reason == "tests_not_collected"
    assert "No module named" in verdict.detail


def test_modules_that_the_pull_request_does_not_touch_do_not_count() -> None:
    mixed = report({"passed": 3})
    other = report({"error": 50}, module="tests/test_other.py")
    both = mixed.model_copy(
        update={
            "results": {**mixed.results, **other.results},
            "collection_errors": {"tests/test_third.py": "ImportError"},
        }
    )
    assert judge(both, [MODULE]).works


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"complete": False, "timed_out": True}, "tests_too_long"),
        ({"complete": False, "out_of_memory": True}, "tests_out_of_memory"),
        ({"complete": False, "output_tail": "usage error\nunrecognized arguments: --cov\n"}, "runner_failed"),
    ],
)
def test_runs_that_say_nothing(fields: dict[str, Any], reason: str) -> None:
    assert judge(report({}, **fields), [MODULE]).reason == reason


def test_a_suite_that_asks_for_the_network_is_named() -> None:
    message = "requests.exceptions.ConnectionError: Temporary failure in name resolution"
    assert judge(report({"failed": 8, "passed": 2}, message=message), [MODULE]).reason == "needs_network"
    assert judge(report({"failed": 2, "passed": 8}, message=message), [MODULE]).works


def test_an_environment_may_work_poorly() -> None:
    assert judge(report({"passed": 4, "skipped": 6}), [MODULE]).poor
    assert not judge(report({"passed": 6, "skipped": 4}), [MODULE]).poor
