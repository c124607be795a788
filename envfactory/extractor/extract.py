"""The extract stage: a candidate and its environment become a validated task, or a reason why not.

Cheapest question first: do the tests pass with the merged change (the builder's probe may answer), do
any fail without it, can base collect them; only then the repetitions.  The last run of *after* and of
*before* is ``grade()`` itself, on the gold and on the empty patch, which decides validity.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envfactory.builder.source import trees
from envfactory.errors import GradeError
from envfactory.extractor.classify import Classes, broken_modules, classify, word
from envfactory.extractor.imports import missing_names, told
from envfactory.extractor.laboratory import Laboratory, TestedState
from envfactory.extractor.oracle import oracle_of
from envfactory.extractor.protection import Protection, protection
from envfactory.extractor.reward_spec import reward_spec, runs_of
from envfactory.extractor.scope import chosen, narrowed
from envfactory.grader.grade import Judgement, judge, reward_of, subject_of
from envfactory.records import Candidate, Environment, Outcome, Rejection, RewardSpec, Task, TestReport
from envfactory.trials import PatchError, hidden_files

if TYPE_CHECKING:
    from envfactory.builder.site import Site
    from envfactory.git import Clone
    from envfactory.git.tree import Tree
    from envfactory.languages.protocol import Language

BROKEN = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT})
GOLD_TRIES = 2
"""A gold patch that does not resolve is graded once more: a test may have been flaky."""


class _NoTask(Exception):
    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def extract(
    candidate: Candidate,
    environment: Environment,
    clone: Clone,
    site: Site,
    *,
    probe: TestReport | None = None,
) -> Task | Rejection:
    """The task of ``candidate``.  Raises ``StageError`` when the machine, not the candidate, broke.

    ``probe`` is a run in the *after* state that the builder made; it counts as the first one.
    """
    try:
        return _Extraction(candidate, environment, clone, site).task(probe)
    except _NoTask as end:
        key = candidate.pull_request.key
        return Rejection(key=key, stage="extract", reason=end.reason, detail=end.detail[:2000])
    except PatchError as error:
        key = candidate.pull_request.key
        return Rejection(key=key, stage="extract", reason=f"gold_{error.cause}", detail=str(error)[:2000])


class _Extraction:
    """One candidate on its way; every step either answers or raises ``_NoTask``."""

    def __init__(self, candidate: Candidate, environment: Environment, clone: Clone, site: Site) -> None:
        from envfactory.languages import LANGUAGES

        self.candidate, self.environment, self.site = candidate, environment, site
        self.language: Language = LANGUAGES[candidate.language]
        self.base: Tree
        self.after: Tree
        self.base, self.after = trees(candidate, clone)

    def task(self, probe: TestReport | None) -> Task:
        """All steps in order."""
        laboratory, guard = self._laboratory()
        self._first_runs(laboratory, probe)
        wanted = max(self.site.settings.runs - 1, 1)
        # The probe brought no canaries: one run of our own must, before grading relies on them.
        while len(laboratory.reports["after"]) < max(wanted, 1 + (probe is not None)):
            laboratory.run("after")
        while len(laboratory.reports["before"]) < wanted:
            laboratory.run("before")
        spec = self._validated(laboratory, guard)
        reports = laboratory.reports
        return Task(
            candidate=self.candidate,
            environment=self.environment,
            reward_spec=spec,
            reports=(*reports["base"], *reports["before"], *reports["after"]),
            oracle=oracle_of(self.candidate, self.environment, spec, self.base, self.site),
        )

    def _laboratory(self) -> tuple[Laboratory, Protection]:
        candidate = self.candidate
        budget = self.site.settings.related_module_budget
        related = self.language.related_modules(
            self.after, candidate.source_files, candidate.test_modules, budget
        )
        modules = tuple(dict.fromkeys((*candidate.test_modules, *related)))
        guard = protection(self.language, self.base, self.after, candidate, modules)
        rebuilds = self.language.needs_rebuild(self.base, self.after, candidate.source_files)
        hidden = {file.path: file for file in (*hidden_files(self.after, candidate), *guard.hidden)}
        laboratory = Laboratory(
            candidate=candidate,
            environment=self.environment,
            site=self.site,
            modules=modules,
            base_modules=tuple(module for module in modules if self.base.exists(module)),
            hidden=tuple(hidden[path] for path in sorted(hidden)),
            shared=guard.shared,
            rebuild_steps=self.environment.spec.rebuild_steps if rebuilds else (),
        )
        return laboratory, guard

    # -- the first run of each state ---------------------------------------------------------------

    def _first_runs(self, laboratory: Laboratory, probe: TestReport | None) -> None:
        after = self._scoped(laboratory, probe)
        if after.tampered:
            raise _NoTask("measurement_disturbed", "; ".join(after.tampered))
        touched = narrowed(after, self.candidate.test_modules)
        if not any(result.outcome is Outcome.PASSED for result in touched.results.values()):
            raise _NoTask("tests_do_not_pass_after", _story(touched))
        if not after.complete:
            raise _NoTask("tests_do_not_end_after", _story(after))
        before = laboratory.run("before")
        passed = [name for name, result in after.results.items() if result.outcome is Outcome.PASSED]
        if all(word(before, name) == Outcome.PASSED for name in passed):
            failed = {name for name, result in touched.results.items() if result.outcome in BROKEN}
            if failing := self._changed_tests(failed):
                raise _NoTask("changed_tests_fail_after", ", ".join(failing[:10]))
            raise _NoTask(
                "no_behaviour_change", f"all {len(passed)} tests that pass also pass without the change"
            )
        if laboratory.base_modules:
            laboratory.run("base")
            broken = broken_modules(runs_of(laboratory))
            if broken:
                module, why = min(broken.items())
                raise _NoTask("environment_fault", f"{module} cannot be collected at base: {why}")

    def _changed_tests(self, tests: set[str]) -> list[str]:
        """Those of ``tests`` that the pull request adds or changes."""
        same = self.language.same_source(self.base, self.after, sorted(tests))
        return [test for test in sorted(tests) if not same.get(test, False)]

    def _scoped(self, laboratory: Laboratory, probe: TestReport | None) -> TestReport:
        """The first *after* report; fixes which modules the task runs."""
        touched = self.candidate.test_modules
        first = probe if probe is not None else laboratory.run("after")
        if not first.complete and probe is None and laboratory.modules != touched:
            self._narrow(laboratory, touched)
            first = laboratory.run("after")
        self._narrow(laboratory, chosen(touched, laboratory.modules, first))
        laboratory.reports["after"].clear()
        return laboratory.take("after", narrowed(first, laboratory.modules))

    def _narrow(self, laboratory: Laboratory, modules: tuple[str, ...]) -> None:
        laboratory.modules = modules
        laboratory.base_modules = tuple(module for module in modules if self.base.exists(module))
        laboratory.reports["after"].clear()

    # -- classes and validity ----------------------------------------------------------------------

    def _classes(self, laboratory: Laboratory) -> Classes:
        runs = runs_of(laboratory)
        classes = classify(runs, lambda tests: self.language.same_source(self.base, self.after, tests))
        if not classes.fail_to_pass:
            raise _NoTask("flaky_only" if classes.flaky else "no_fail_to_pass", _lists(classes))
        if classes.import_only:
            errors = [why for report in runs.before for why in report.collection_errors.values()]
            names = missing_names(errors)
            if not told(names, self.candidate.interface, self.candidate.problem_statement):
                raise _NoTask("import_not_told", f"needs {', '.join(sorted(names)) or errors[:1]}")
        return classes

    def _validated(self, laboratory: Laboratory, guard: Protection) -> RewardSpec:
        """The final spec, with the gradings of gold and empty patch as the last run of their states."""
        spec = self._spec(laboratory, guard)
        gold = self._judge(spec, self.candidate.gold_patch, "gold", 1)
        if not gold.reward.resolved:
            again = self._judge(spec, self.candidate.gold_patch, "gold", GOLD_TRIES)
            if not again.reward.resolved:
                raise _NoTask("gold_does_not_resolve", _reward_story(again))
            _take(laboratory, "after", again)
        _take(laboratory, "after", gold)
        empty = self._judge(spec, "", "empty", 1)
        _take(laboratory, "before", empty)
        final = self._spec(laboratory, guard)
        for judged, wanted in ((gold, True), (empty, False)):
            reward = reward_of(judged.report, final, {}) if judged.report else judged.reward
            if reward.resolved is not wanted:
                reason = "gold_does_not_resolve" if wanted else "empty_resolves"
                raise _NoTask(reason, _reward_story(judged))
        return final

    def _spec(self, laboratory: Laboratory, guard: Protection) -> RewardSpec:
        return reward_spec(laboratory, guard, self._classes(laboratory), self.after)

    def _judge(self, spec: RewardSpec, patch: str, name: str, attempt: int) -> Judgement:
        log = self.site.workspace.task(spec.instance_id).trial_log(f"graded-{name}", attempt)
        judged = judge(self.site.engine, subject_of(self.environment, spec), patch, log=log)
        if judged.reward.fault:
            raise GradeError(
                f"grading the {name} patch: {judged.reward.detail}", cause=judged.reward.fault, retryable=True
            )
        return judged


def _take(laboratory: Laboratory, state: TestedState, judged: Judgement) -> None:
    if judged.report is not None:
        laboratory.take(state, judged.report)


def _story(report: TestReport) -> str:
    """Why a run of the gold patch is of no use."""
    counts = Counter(result.outcome.value for result in report.results.values())
    told = [f"{count} {name}" for name, count in sorted(counts.items())] or ["no test ran"]
    told += [f"{module}: {why}" for module, why in sorted(report.collection_errors.items())[:3]]
    if not report.complete:
        ended = (
            "time limit" if report.timed_out else "out of memory" if report.out_of_memory else "broken off"
        )
        told.append(f"{ended}, exit code {report.exit_code}")
    return "; ".join(told)


def _reward_story(judged: Judgement) -> str:
    return "; ".join(filter(None, (judged.reward.detail, *judged.reward.evidence)))


def _lists(classes: Classes) -> str:
    counts = Counter(classes.excluded.values())
    told = [f"{len(classes.pass_to_pass)} pass to pass", f"{len(classes.flaky)} flaky"]
    return "; ".join(told + [f"{count} {reason}" for reason, count in counts.most_common(5)])
