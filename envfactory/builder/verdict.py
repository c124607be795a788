"""Does an environment work?  Judged by the tests that the pull request touches, never by exit codes.

"Works": with the merged change in place, every touched module is collected, some tests pass, fewer
than 10 % error and fewer than 90 % are skipped.  What fails for want of a network, a service, a display
and so on is counted by that need; where most of what stands in the way asks for one thing, that is the
reason.  ``docs/environments.md`` explains every reason.  Pure: a report in, a verdict out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from envfactory.languages.surroundings.needs import Need, need_of
from envfactory.records import Outcome, TestReport, TestResult

MAX_ERRORS = 0.10
MAX_SKIPPED = 0.90
BEYOND_REACH = 0.50
"""So many of the tests ask for a network or a service: the suite is of no use without one."""
POOR = 0.50
"""Works, but so many tests do not pass that a repair is worth trying."""
REPAIRABLE = 0.10
"""Works, but so many tests want something that a repair may provide."""
SHOWN = 3
"""Tests that the detail names per need."""
_BAD = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT, Outcome.SKIPPED})
_ELSEWHERE = frozenset({"needs_network", "needs_service"})
REASONS = frozenset(
    {
        "tests_not_collected",
        "mostly_errors",
        "mostly_skipped",
        "none_pass",
        "no_tests_ran",
        "runner_failed",
        "tests_too_long",
        "tests_out_of_memory",
    }
)
"""Reasons besides the words of ``surroundings.needs.VOCABULARY``."""


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


@dataclass(frozen=True)
class _Tests:
    """The touched tests, counted by outcome and by what those that do not pass ask for."""

    counts: Counter[Outcome]
    needs: dict[Need, list[str]] = field(default_factory=dict)
    excused: int = 0
    """Errors for want of what no environment of ours can give: they say nothing against this one."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def bad(self) -> int:
        return sum(self.counts[outcome] for outcome in _BAD)

    def asking(self, words: frozenset[str]) -> int:
        """How many tests ask for one of these."""
        return sum(len(names) for need, names in self.needs.items() if need.word in words)


def judge(report: TestReport, modules: Sequence[str]) -> Verdict:
    """The verdict on an environment by a run in the *after* state; ``modules`` are the touched ones."""
    tests = _tests(report, modules)
    passed, total = tests.counts[Outcome.PASSED], tests.total
    uncollected = sorted(set(report.collection_errors) & set(modules))
    if uncollected:
        said = report.collection_errors[uncollected[0]]
        need = need_of(said)
        detail = f"{len(uncollected)} of {len(modules)} modules; {uncollected[0]}: {_told(need, said)}"
        return Verdict(need.word if need else "tests_not_collected", detail, passed)
    if not total:
        return _silent(report)
    reason = _reason(tests)
    if not passed and not report.complete and reason in ("mostly_errors", "none_pass"):
        reason = _nothing_ran(report)
    good = passed + tests.counts[Outcome.XFAILED]
    wanted = sum(len(names) for need, names in tests.needs.items() if need.repairable)
    poor = good < (1 - POOR) * total or wanted > REPAIRABLE * total
    return Verdict(reason, _detail(tests, reason), passed, poor=poor and not reason)


def _reason(tests: _Tests) -> str:
    """Why an environment with these results does not work; empty when it does."""
    counts, total = tests.counts, tests.total
    if tests.asking(_ELSEWHERE) > BEYOND_REACH * total:
        return _main_need(tests, tests.asking(_ELSEWHERE)) or "needs_network"
    if counts[Outcome.ERROR] - tests.excused >= MAX_ERRORS * total or 2 * tests.excused > total:
        plain = "mostly_errors"
    elif counts[Outcome.SKIPPED] >= MAX_SKIPPED * total:
        plain = "mostly_skipped"
    elif not counts[Outcome.PASSED]:
        plain = "tests_too_long" if 2 * counts[Outcome.TIMEOUT] > total else "none_pass"
    else:
        return ""
    return _main_need(tests, tests.bad) or plain


def _main_need(tests: _Tests, of: int) -> str:
    """The need that more than half of ``of`` tests ask for."""
    words = Counter({need.word: 0 for need in tests.needs})
    for need, names in tests.needs.items():
        words[need.word] += len(names)
    word, count = max(words.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return word if 2 * count > of else ""


def _tests(report: TestReport, modules: Sequence[str]) -> _Tests:
    results = _of_modules(report, modules)
    needs: dict[Need, list[str]] = {}
    excused = 0
    for name, result in sorted(results.items()):
        need = need_of(result.message) if result.outcome in _BAD and result.message else None
        if need is not None:
            needs.setdefault(need, []).append(name)
            excused += result.outcome is Outcome.ERROR and not need.repairable
    return _Tests(Counter(result.outcome for result in results.values()), needs, excused)


def _of_modules(report: TestReport, modules: Sequence[str]) -> dict[str, TestResult]:
    """Results of the touched modules; all results when ids do not name modules."""
    touched = set(modules)
    chosen = {name: result for name, result in report.results.items() if name.partition("::")[0] in touched}
    return chosen or dict(report.results)


def _silent(report: TestReport) -> Verdict:
    """No test reported: what the runner said last, and what that asks for."""
    reason, last = _nothing_ran(report), _last_line(report.output_tail)
    if reason == "runner_failed":
        needs = (need_of(line.strip()) for line in reversed(report.output_tail.splitlines()))
        need = next((need for need in needs if need is not None), None)
        if need is not None:
            return Verdict(need.word, _told(need, last))
    return Verdict(reason, last)


def _nothing_ran(report: TestReport) -> str:
    if report.timed_out:
        return "tests_too_long"
    if report.out_of_memory:
        return "tests_out_of_memory"
    return "no_tests_ran" if report.complete else "runner_failed"


def _detail(tests: _Tests, reason: str) -> str:
    """Shares of the outcomes, then every need with its count and some of the tests that have it."""
    told = [", ".join(f"{count} {outcome}" for outcome, count in sorted(tests.counts.items()) if count)]
    first = sorted(
        tests.needs.items(), key=lambda item: (item[0].word != reason, -len(item[1]), item[0].word)
    )
    for need, names in first:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        told.append(f"{_told(need, str(len(names)))} ({', '.join(names[:SHOWN])}{more})")
    return "; ".join(told)


def _told(need: Need | None, text: str) -> str:
    if need is None:
        return text
    return f"{need.word}: {need.what}: {text}" if need.what else f"{need.word}: {text}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
