"""What counts as an environment that works."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from envfactory.builder.verdict import REASONS, judge
from envfactory.languages.surroundings.needs import VOCABULARY
from envfactory.records import Outcome, TestReport, TestResult

MODULE = "tests/test_a.py"
ROOT = Path(__file__).resolve().parents[2]


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
        ({"failed": 2, "timeout": 3}, "tests_too_long"),
        ({"passed": 2, "timeout": 3}, ""),
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


def mixed(*parts: tuple[str, int, str]) -> TestReport:
    """A report with ``count`` tests of each (outcome, count, message)."""
    results = {
        f"{MODULE}::test_{part}_{number}": TestResult(outcome=Outcome(outcome), message=message)
        for part, (outcome, count, message) in enumerate(parts)
        for number in range(count)
    }
    return TestReport(image_id="x", state="after", complete=True, results=results)


NO_NETWORK = "Temporary failure in name resolution"
NO_REDIS = "Error 111 connecting to localhost:6379. Connection refused."
EXPIRED = "certificate verify failed: certificate has expired"


def test_a_few_network_tests_are_named_and_do_no_harm() -> None:
    verdict = judge(mixed(("passed", 30, ""), ("failed", 4, NO_NETWORK)), [MODULE])
    assert verdict.works and not verdict.poor
    assert verdict.detail.startswith("4 failed, 30 passed; needs_network: 4 (tests/test_a.py::test_1_0,")
    assert verdict.detail.endswith("and 1 more)")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (NO_REDIS, "needs_service"),
        ("no display name and no $DISPLAY environment variable", "needs_display"),
        ("locale.Error: unsupported locale setting", "needs_locale"),
        ("DID NOT RAISE <class 'PermissionError'>", "needs_non_root"),
        (EXPIRED, "date_dependent"),
        ("assert 1 == 2", "none_pass"),
    ],
)
def test_what_most_of_the_tests_ask_for_is_the_reason(message: str, reason: str) -> None:
    assert judge(mixed(("failed", 5, message), ("failed", 4, "assert 1 == 2")), [MODULE]).reason == reason


def test_services_and_network_count_together_and_the_commoner_is_named() -> None:
    verdict = judge(mixed(("passed", 4, ""), ("failed", 4, NO_REDIS), ("error", 2, NO_NETWORK)), [MODULE])
    assert verdict.reason == "needs_service"
    assert "needs_service: redis: 4" in verdict.detail


def test_errors_of_one_kind_are_named() -> None:
    many = mixed(("passed", 80, ""), ("error", 20, NO_REDIS))
    assert judge(many, [MODULE]).reason == "needs_service"
    assert judge(mixed(("passed", 80, ""), ("error", 20, "x")), [MODULE]).reason == "mostly_errors"


def test_what_a_repair_may_provide_makes_a_passing_suite_poor() -> None:
    verdict = judge(mixed(("passed", 80, ""), ("failed", 20, EXPIRED)), [MODULE])
    assert verdict.works and verdict.poor
    assert not judge(mixed(("passed", 95, ""), ("failed", 5, EXPIRED)), [MODULE]).poor


def test_a_module_that_asks_for_a_service_while_it_is_imported() -> None:
    verdict = judge(report({}, collection_errors={MODULE: NO_REDIS}), [MODULE])
    assert (verdict.reason, verdict.detail.startswith("1 of 1 modules")) == ("needs_service", True)


def test_a_runner_that_breaks_off_says_why() -> None:
    fields = {
        "complete": False,
        "output_tail": "_tkinter.TclError: no display name and no $DISPLAY\nAborted\n",
    }
    assert judge(report({}, **fields), [MODULE]).reason == "needs_display"


def test_every_reason_is_documented() -> None:
    page = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")
    assert [word for word in (*REASONS, *VOCABULARY) if f"| `{word}`" not in page] == []


def test_errors_for_want_of_what_nobody_can_give_say_nothing_against_the_rest() -> None:
    lacking = TestResult(outcome=Outcome.ERROR, message="RuntimeError: Could not find firefox in your PATH")
    broken = TestResult(outcome=Outcome.ERROR, message="KeyError: 'x'")
    fine = TestResult(outcome=Outcome.PASSED)

    def verdict(*results: TestResult) -> str:
        named = {f"t.py::test_{number}": result for number, result in enumerate(results)}
        return judge(TestReport(image_id="i", state="after", results=named, complete=True), ["t.py"]).reason

    assert verdict(*[fine] * 18, *[lacking] * 3) == ""
    assert verdict(*[fine] * 18, *[broken] * 3) == "mostly_errors"
    assert verdict(*[fine] * 3, *[lacking] * 18) == "needs_browser"
