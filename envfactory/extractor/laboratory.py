"""Runs a candidate's tests in its three states, each run in a fresh container with its own log.

Knows how a state is made; what the reports mean is for ``classify``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from envfactory.grader.protected import splice
from envfactory.records import Candidate, Environment, HiddenFile, Limits, Outcome, TestReport
from envfactory.trials import TrialPlan, run_trial
from envfactory.trials.canary import KINDS

if TYPE_CHECKING:
    from envfactory.builder.site import Site

TestedState = Literal["base", "before", "after"]

PATIENCE = 20.0
"""A test that needs so many times what the slowest one needed does not come to an end."""
STEPS = (15.0, 30.0)
"""Seconds that may be the limit of one test; steps, so that noise of measurement does not show."""


@dataclass
class Laboratory:
    """One candidate in its environment, and all reports so far."""

    candidate: Candidate
    environment: Environment
    site: Site
    modules: tuple[str, ...]
    base_modules: tuple[str, ...]
    """Those of ``modules`` that exist at base."""
    hidden: tuple[HiddenFile, ...]
    shared: tuple[HiddenFile, ...] = ()
    rebuild_steps: tuple[str, ...] = ()
    canaries: tuple[str, ...] = ()
    reports: dict[TestedState, list[TestReport]] = field(
        default_factory=lambda: {"base": [], "before": [], "after": []}
    )

    def __post_init__(self) -> None:
        self.canaries = self.canaries or KINDS.get(self.candidate.language, ())

    def run(self, state: TestedState) -> TestReport:
        """One more run of ``state``; remembered."""
        attempt = len(self.reports[state]) + 1
        log = self.site.workspace.task(self.candidate.instance_id).trial_log(state, attempt)
        report = run_trial(self.site.engine, self._plan(state), state=state, attempt=attempt, log=log)
        return self.take(state, self._without_canaries(report) if state == "after" else report)

    def take(self, state: TestedState, report: TestReport) -> TestReport:
        """Count a run that was made elsewhere as one more of ``state``."""
        attempt = len(self.reports[state]) + 1
        counted = report.model_copy(update={"state": state, "attempt": attempt})
        self.reports[state].append(counted)
        return counted

    def _plan(self, state: TestedState) -> TrialPlan:
        spec = self.environment.spec
        plan = TrialPlan(
            image=self.environment.image.tag,
            test_command=spec.test_command,
            test_modules=self.base_modules if state == "base" else self.modules,
            hidden_files=() if state == "base" else self.hidden,
            limits=self.limits() if self.reports["before"] and state != "after" else spec.limits,
            env=spec.env,
            language=self.candidate.language,
        )
        if state != "after":
            return plan
        return replace(
            plan,
            patch=self.candidate.gold_patch,
            rebuild_steps=self.rebuild_steps,
            canaries=self.canaries,
            shared={file.path: base64.b64decode(file.content or "") for file in self.shared},
            splice=splice,
        )

    def limits(self) -> Limits:
        """Those of the environment, with less patience for tests that hang without a fix.

        Known is how long tests take that come to an end, with the change and without.
        """
        usual = self.environment.spec.limits
        ended = [
            result.seconds
            for report in (*self.reports["before"], *self.reports["after"])
            for result in report.results.values()
            if result.outcome is not Outcome.TIMEOUT
        ]
        needed = PATIENCE * max(ended, default=usual.test_seconds)
        enough = next((step for step in STEPS if step >= needed), usual.test_seconds)
        return usual.model_copy(update={"test_seconds": min(usual.test_seconds, enough)})

    def _without_canaries(self, report: TestReport) -> TestReport:
        """Give up kinds of canary that this project's own test setup bends; keep all other evidence."""
        bent = {line.split(":")[1] for line in report.tampered if line.startswith("canary:")}
        self.canaries = tuple(kind for kind in self.canaries if kind not in bent)
        others = tuple(line for line in report.tampered if not line.startswith("canary:"))
        return report.model_copy(update={"tampered": others})

    def counts(self) -> Mapping[str, int]:
        """Runs per state."""
        return {state: len(reports) for state, reports in self.reports.items()}
