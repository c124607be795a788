"""Does an environment work?  Judged by the tests that the pull request touches, never by exit codes.

"Works": with the merged change in place, every touched module is collected, some tests pass, fewer
than 10 % error and fewer than 90 % are skipped.  Pure: a report in, a verdict out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from envfactory.records import Outcome, TestReport, TestResult

MAX_ERRORS = 0.10
MAX_SKIPPED = 0.90
NETWORK_SHARE = 0.50
"""So many of the tests ask for a network: the suite is of no use without one."""
POOR = 0.50
"""Works, but so many tests do not pass that a repair is worth trying."""
_NETWORK = re.compile(
    r"name resolution|name or service not known|network is unreachable|getaddrinfo|nodename nor servname"
    r"|max retries exceeded|connection refused|could not resolve host|failed to establish a new connection"
    r"|clientconnectorerror|connecterror|urlopen error",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Verdict:
    """``reason`` is empty when the environment works; ``poor`` asks for a try to better it."""

    reason: str
    detail: str = ""
    passed: int = 0
    poor: bool = False

    @property
    def works(self) -> bool:
        """The environment is good enough for a task."""
        return not self.reason


def judge(report: TestReport, modules: Sequence[str]) -> Verdict:
    """The verdict on an environment by a run in the *after* state; ``modules`` are the touched ones."""
    results = _of_modules(report, modules)
    counts = Counter(result.outcome for result in results)
    total, passed = len(results), counts[Outcome.PASSED]
    uncollected = sorted(set(report.collection_errors) & set(modules))
    if uncollected:
        said = f"{uncollected[0]}: {report.collection_errors[uncollected[0]]}"
        reason = "needs_network" if _NETWORK.search(said) else "tests_not_collected"
        return Verdict(reason, f"{len(uncollected)} of {len(modules)} modules; {said}", passed)
    if not total:
        return Verdict(_nothing_ran(report), _last_line(report.output_tail))
    if sum(map(_asks_for_network, results)) > NETWORK_SHARE * total:
        return Verdict("needs_network", _shares(counts), passed)
    if counts[Outcome.ERROR] >= MAX_ERRORS * total:
        return Verdict("mostly_errors", _shares(counts), passed)
    if counts[Outcome.SKIPPED] >= MAX_SKIPPED * total:
        return Verdict("mostly_skipped", _shares(counts), passed)
    if not passed:
        return Verdict(_nothing_ran(report) if not report.complete else "none_pass", _shares(counts))
    good = passed + counts[Outcome.XFAILED]
    return Verdict("", _shares(counts), passed, poor=good < (1 - POOR) * total)


def _of_modules(report: TestReport, modules: Sequence[str]) -> list[TestResult]:
    """Results of the touched modules; all results when ids do not name modules."""
    chosen = [result for name, result in report.results.items() if name.partition("::")[0] in set(modules)]
    return chosen or list(report.results.values())


def _nothing_ran(report: TestReport) -> str:
    if report.timed_out:
        return "tests_too_long"
    if report.out_of_memory:
        return "tests_out_of_memory"
    return "no_tests_ran" if report.complete else "runner_failed"


def _asks_for_network(result: TestResult) -> bool:
    bad = result.outcome in (Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT, Outcome.SKIPPED)
    return bad and _NETWORK.search(result.message) is not None


def _shares(counts: Counter[Outcome]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()) if count)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
