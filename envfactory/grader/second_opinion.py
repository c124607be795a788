"""A second run in which some of the hidden tests are turned around: those must fail now.

The program under test shares a process with its tests, so a patch can in principle make any test of
any runner report a pass.  It cannot know which of two equal-looking runs is the one in which
passing is wrong.  What passes in both did not pass on its merits.

The second run has everything that the other one had (same command, same files but for one assertion of
some tests, a fresh container), and which of both comes first is left to chance (see ``measurement``).
Only says what it saw; what that is worth is for ``grade``.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from envfactory.grader import python_inversion
from envfactory.records import HiddenFile, Outcome, RewardSpec, TestReport
from envfactory.trials import TrialPlan

Inversion = Callable[[bytes, Sequence[str]], tuple[bytes, tuple[str, ...]]]
INVERSIONS: Mapping[str, Inversion] = {"python": python_inversion.inverted}
"""Language -> how an assertion of its tests is turned around."""


UNCONFIRMED = "unconfirmed: no test that the patch must pass can be turned around"


@dataclass(frozen=True)
class Opinion:
    """What came of one turned run: nothing of it, if there was none."""

    evidence: tuple[str, ...] = ()
    decided: bool = True
    """Whether every turned test was seen to pass or to fail."""


@dataclass(frozen=True)
class Turned:
    """Hidden files with turned tests, and the ids that must not pass with them."""

    files: tuple[HiddenFile, ...]
    must_fail: tuple[str, ...]

    def plan(self, first: TrialPlan) -> TrialPlan:
        """The first run's plan with the turned files in place of the true ones."""
        changed = {file.path: file for file in self.files}
        return replace(first, hidden_files=tuple(changed.get(f.path, f) for f in first.hidden_files))

    def opinion(self, report: TestReport) -> Opinion:
        """What the turned tests did.  One that passed, passed for no merit of the patch.  A run that ends,
        skips or hangs before its assertions says nothing of them."""
        failed = (Outcome.FAILED, Outcome.ERROR) if report.complete else (Outcome.FAILED,)
        outcomes = {name: _outcome(report, name) for name in self.must_fail}
        passed = [name for name, outcome in outcomes.items() if outcome is Outcome.PASSED]
        if passed:
            return Opinion(
                tuple(f"inverted: {name} passed although its assertion was turned around" for name in passed)
            )
        silent = {name: outcome for name, outcome in outcomes.items() if outcome not in failed}
        told = (f"inverted: {name} had to fail and was {outcome.value}" for name, outcome in silent.items())
        return Opinion(tuple(told), decided=not silent)


def _outcome(report: TestReport, name: str) -> Outcome:
    result = report.results.get(name)
    return Outcome.MISSING if result is None else result.outcome


def turned(spec: RewardSpec, language: str, hidden: Sequence[HiddenFile]) -> Turned | None:
    """A random choice of the tests that the patch must pass, turned around; ``None`` where none can be."""
    invert = INVERSIONS.get(language)
    if invert is None:
        return None
    files, must_fail = [], list[str]()
    for file in hidden:
        of_function = python_inversion.owners(tuple(spec.fail_to_pass), file.path)
        if not of_function or file.content is None or file.mode == "120000":
            continue
        source = base64.b64decode(file.content)
        content, done = invert(source, _some([name for name in of_function if invert(source, [name])[1]]))
        if not done:
            continue
        files.append(file.model_copy(update={"content": base64.b64encode(content).decode("ascii")}))
        required = python_inversion.owners((*spec.fail_to_pass, *spec.pass_to_pass), file.path)
        must_fail += [test_id for name in done for test_id in required[name]]
    return Turned(tuple(files), tuple(must_fail)) if files else None


def unconfirmed(spec: RewardSpec, language: str) -> tuple[str, ...]:
    """What is said of rewards of a task that allows of no second opinion; nothing for most tasks."""
    return () if turned(spec, language, spec.hidden_files) else (UNCONFIRMED,)


def _some(able: Sequence[str]) -> list[str]:
    """A random half, never none of them."""
    chosen = [name for name in able if secrets.randbelow(2)]
    return chosen or ([secrets.choice(able)] if able else [])
