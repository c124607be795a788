"""Which test modules a task runs: those that the pull request touches, and some that test its source.

Chosen once, from the first run of the gold patch, and written into the reward spec.  Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from envfactory.records import Outcome, TestReport

RELATED_TESTS = 3000
RELATED_SECONDS = 30.0
"""What related modules may add to a run.  Generous, so that the choice seldom hangs on a busy machine."""


def chosen(touched: Sequence[str], related: Sequence[str], first: TestReport) -> tuple[str, ...]:
    """The touched modules, then related ones as long as they work and stay within the budget."""
    modules, tests, seconds = list(touched), 0, 0.0
    for module in related:
        results = [result for name, result in first.results.items() if _module(name) == module]
        passed = any(result.outcome is Outcome.PASSED for result in results)
        if module in modules or module in first.collection_errors or not passed:
            continue
        tests += len(results)
        seconds += sum(result.seconds for result in results)
        if tests > RELATED_TESTS or seconds > RELATED_SECONDS:
            break
        modules.append(module)
    return tuple(modules)


def narrowed(report: TestReport, modules: Sequence[str]) -> TestReport:
    """The report without the modules that were not chosen."""
    kept = set(modules)
    ran = {_module(name) for name in report.results} | set(report.collection_errors)
    if ran <= kept or not ran & kept:
        return report
    return report.model_copy(
        update={
            "results": {name: value for name, value in report.results.items() if _module(name) in kept},
            "collection_errors": {
                name: value for name, value in report.collection_errors.items() if name in kept
            },
        }
    )


def _module(test: str) -> str:
    return test.partition("::")[0]
