"""Writes the reward spec of a classified candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envfactory.extractor.classify import Classes, Runs
from envfactory.extractor.laboratory import Laboratory
from envfactory.extractor.protection import Protection
from envfactory.grader.machine import this_machine
from envfactory.records import HiddenFile, RewardSpec, SpeedTerm
from envfactory.trials.hidden import read_files

if TYPE_CHECKING:
    from envfactory.git.tree import Tree


def reward_spec(laboratory: Laboratory, guard: Protection, classes: Classes, after: Tree) -> RewardSpec:
    """The spec that grading will follow."""
    environment = laboratory.environment.spec
    return RewardSpec(
        instance_id=laboratory.candidate.instance_id,
        fail_to_pass=classes.fail_to_pass,
        pass_to_pass=classes.pass_to_pass,
        flaky=classes.flaky,
        excluded=classes.excluded,
        expected=classes.expected,
        runs=laboratory.counts(),
        test_command=environment.test_command,
        test_modules=laboratory.modules,
        hidden_files=_hidden(laboratory, classes, after),
        protected=guard.patterns,
        shared_files=laboratory.shared,
        canaries=laboratory.canaries,
        rebuild_steps=laboratory.rebuild_steps,
        limits=laboratory.limits(),
        import_only=classes.import_only,
        speed=_speed(laboratory),
    )


def _hidden(laboratory: Laboratory, classes: Classes, after: Tree) -> tuple[HiddenFile, ...]:
    """What the test patch changes, and modules whose tests must come to pass even if only their data
    changed: what is not among the hidden files cannot be turned around for a second opinion."""
    known = {file.path for file in laboratory.hidden}
    judging = {name.partition("::")[0] for name in classes.fail_to_pass} & {*laboratory.modules} - known
    return tuple(sorted((*laboratory.hidden, *read_files(after, judging)), key=lambda file: file.path))


def _speed(laboratory: Laboratory) -> SpeedTerm:
    """Every *after* run is a reference episode: a fresh container, the gold patch, the tests."""
    gold = laboratory.reports["after"]
    return SpeedTerm(
        baseline_seconds=tuple(report.seconds for report in gold),
        baseline_cpu_seconds=tuple(report.cpu_seconds for report in gold),
        machine=this_machine(),
    )


def runs_of(laboratory: Laboratory) -> Runs:
    """All reports so far."""
    reports = laboratory.reports
    return Runs(tuple(reports["base"]), tuple(reports["before"]), tuple(reports["after"]))
