"""What an attempt works on, and the run of the touched tests that proves an image.

An environment works when the tests run with the merged change in place; what they did is judged in
``verdict``.  Never builds anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.shared_layers import SharedSource
from envfactory.builder.site import Site
from envfactory.languages.protocol import Language
from envfactory.records import BuiltImage, Candidate, EnvironmentSpec, HiddenFile, TestReport
from envfactory.trials import TrialPlan, run_trial

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

COMPANY_SECONDS = 240.0
"""The related modules run along only if all tests together end within this time: half a dozen runs follow."""


@dataclass(frozen=True)
class Work:
    """What stays the same from try to try."""

    candidate: Candidate
    site: Site
    language: Language
    base: Tree
    after: Tree
    source: Path
    hidden: tuple[HiddenFile, ...]
    scope: tuple[str, ...]
    """Modules that the probe runs: the touched ones first, then the related ones."""
    shared: SharedSource | None = None

    @property
    def log(self) -> Path:
        """Output of everything that is built."""
        return self.site.workspace.task(self.candidate.instance_id).build_log


def probe(work: Work, spec: EnvironmentSpec, image: BuiltImage) -> tuple[TestReport, tuple[str, ...]]:
    """The tests with the merged change in place; a run that does not end is repeated without company."""
    modules, touched, usual = work.scope, work.candidate.test_modules, spec.limits.run_seconds
    if modules != touched:
        report = _trial(work, spec, image, modules, min(usual, COMPANY_SECONDS))
        if report.complete:
            return report, modules
    return _trial(work, spec, image, touched, usual), touched


def _trial(
    work: Work, spec: EnvironmentSpec, image: BuiltImage, modules: tuple[str, ...], seconds: float
) -> TestReport:
    candidate = work.candidate
    rebuilds = work.language.needs_rebuild(work.base, work.after, candidate.source_files)
    plan = TrialPlan(
        image=image.tag,
        test_command=spec.test_command,
        test_modules=modules,
        hidden_files=work.hidden,
        patch=candidate.gold_patch,
        limits=spec.limits.model_copy(update={"run_seconds": seconds}),
        env=spec.env,
        rebuild_steps=spec.rebuild_steps if rebuilds else (),
        language=candidate.language,
    )
    log = work.site.workspace.task(candidate.instance_id).trial_log("after", 1)
    return run_trial(work.site.engine, plan, state="after", attempt=1, log=log)
