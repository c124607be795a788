"""Writes the reward spec of a classified candidate.  Pure."""

from __future__ import annotations

from envfactory.extractor.classify import Classes, Runs
from envfactory.extractor.laboratory import Laboratory
from envfactory.extractor.protection import Protection
from envfactory.records import RewardSpec, SpeedTerm


def reward_spec(laboratory: Laboratory, guard: Protection, classes: Classes) -> RewardSpec:
    """The spec that grading will follow."""
    environment = laboratory.environment.spec
    seconds = tuple(report.seconds for report in laboratory.reports["after"])
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
        hidden_files=laboratory.hidden,
        protected=guard.patterns,
        shared_files=laboratory.shared,
        canaries=laboratory.canaries,
        rebuild_steps=laboratory.rebuild_steps,
        limits=environment.limits,
        import_only=classes.import_only,
        speed=SpeedTerm(baseline_seconds=seconds),
    )


def runs_of(laboratory: Laboratory) -> Runs:
    """All reports so far."""
    reports = laboratory.reports
    return Runs(tuple(reports["base"]), tuple(reports["before"]), tuple(reports["after"]))
