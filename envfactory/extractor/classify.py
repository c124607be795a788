"""From runs of the three states to the lists of a reward spec.  Pure; the rules of ``docs/rewards.md``.

    after \\ before   passed     failed, error   skipped   absent or not reached, uncollectable
    passed           p2p        f2p             s2p       by base: absent n2p, failed f2p, skipped s2p,
                                                          passed b2p (own source unchanged) else f2p

A test whose word differs between the runs of one state is flaky; one that does not pass in every gold
run is excluded, with the reason.  Where uncollectable modules leave nothing but b2p, those tests are
what the change makes work (``import_only``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from envfactory.records import Outcome, TestReport, Transition

SameSource = Callable[[Sequence[str]], Mapping[str, bool]]

UNCOLLECTABLE, ABSENT, UNREACHED = "uncollectable", "absent", "not reached"
FAILED = frozenset({"failed", "error", "timeout", "xfailed"})
NO_OUTCOME = frozenset({UNCOLLECTABLE, ABSENT, UNREACHED})
_RANDOM = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8,}|\d{4,}")


@dataclass(frozen=True)
class Runs:
    """Reports of the three states; *base* may be empty when no module exists there."""

    base: tuple[TestReport, ...]
    before: tuple[TestReport, ...]
    after: tuple[TestReport, ...]


@dataclass
class Classes:
    """Every test of the gold runs in exactly one of the first four."""

    fail_to_pass: dict[str, Transition] = field(default_factory=dict)
    pass_to_pass: dict[str, Transition] = field(default_factory=dict)
    flaky: dict[str, tuple[str, ...]] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)
    expected: dict[str, Outcome] = field(default_factory=dict)
    import_only: bool = False


def broken_modules(runs: Runs) -> dict[str, str]:
    """Modules that exist at base and cannot be collected there: the environment is at fault."""
    return {module: why for report in runs.base for module, why in report.collection_errors.items()}


def classify(runs: Runs, same_source: SameSource) -> Classes:
    """The class of every test that any gold run reported."""
    found = Classes()
    to_judge: list[tuple[str, str, str]] = []
    for test in sorted({name for report in runs.after for name in report.results}):
        after = words(runs.after, test)
        if len(after) == 1 and after[0] in set(Outcome):
            found.expected[test] = Outcome(after[0])
        before, base = words(runs.before, test), words(runs.base, test)
        unsure = next((state for state in (after, before) if len(state) > 1), ())
        if not unsure and set(before) & NO_OUTCOME and len(base) > 1:
            unsure = base
        if unsure:
            found.flaky[_stable_name(test, after)] = unsure
        elif after != ("passed",):
            found.excluded[test] = f"gold run: {after[0]}"
        else:
            to_judge.append((test, before[0] if before else ABSENT, base[0] if base else ABSENT))
    _judge(found, to_judge, same_source)
    return found


def words(reports: Sequence[TestReport], test: str) -> tuple[str, ...]:
    """The different words that the runs of one state have for a test, sorted."""
    return tuple(sorted({word(report, test) for report in reports}))


def word(report: TestReport, test: str) -> str:
    """What one run says of a test, also when it never ran."""
    result = report.results.get(test)
    if result is not None and result.outcome is not Outcome.MISSING:
        return result.outcome.value
    module = test.partition("::")[0]
    if module in report.collection_errors:
        return UNCOLLECTABLE
    if module in report.results:  # the module skipped itself
        return report.results[module].outcome.value
    return ABSENT if result is None and report.complete else UNREACHED


def _judge(found: Classes, to_judge: list[tuple[str, str, str]], same_source: SameSource) -> None:
    asked = [test for test, before, base in to_judge if before in NO_OUTCOME and base == "passed"]
    same = same_source(asked) if asked else {}
    importers = []
    for test, before, base in to_judge:
        verdict = _transition(before, base, same.get(test, False))
        if verdict in ("p2p", "b2p"):
            found.pass_to_pass[test] = verdict
            importers += [test] if before == UNCOLLECTABLE else []
        elif verdict is None:
            found.excluded[test] = f"before: {before}" if before not in NO_OUTCOME else f"base: {base}"
        else:
            found.fail_to_pass[test] = verdict
    if not found.fail_to_pass and importers:
        found.import_only = True
        found.fail_to_pass = {test: found.pass_to_pass.pop(test) for test in importers}


def _transition(before: str, base: str, same_source: bool) -> Transition | None:
    """The class of a test that passes in every gold run; ``None``: no class fits."""
    if before == "passed":
        return "p2p"
    if before in FAILED:
        return "f2p"
    if before == "skipped":
        return "s2p"
    if before not in NO_OUTCOME:
        return None
    if base == "passed":
        return ("b2p" if same_source else "f2p") if before != ABSENT else None
    if base in FAILED:
        return "f2p"
    if base == "skipped":
        return "s2p"
    return "n2p" if base in NO_OUTCOME else None


def _stable_name(test: str, after: Sequence[str]) -> str:
    """Ids made from addresses, times or random numbers are told by their pattern: the same in every run."""
    vanishes = bool(NO_OUTCOME & set(after))
    return _RANDOM.sub("*", test) if vanishes else test
