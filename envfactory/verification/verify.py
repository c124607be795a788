"""Carries out the checks of a dataset's tasks, several at a time, and keeps the ledger.

A check that a ledger of the same verification has already is not made again.  What breaks one task is
an entry with a fault; it never ends the run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from envfactory.errors import StageError
from envfactory.executors import Executor, Job
from envfactory.oracle import coverage, graded_mistake
from envfactory.oracle.strength import MUTANT, PARTIAL
from envfactory.records import Record, Reward, RewardSpec
from envfactory.trainer.grading import unjudged
from envfactory.trainer.images import ensure_image
from envfactory.verification.checks import (
    ATTACK,
    GOLD,
    SECOND_TRY,
    VARIANT,
    Check,
    Entry,
    Wanted,
    checks_of,
    coverage_entry,
    entry_of,
)

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.grader import GradeSubject
    from envfactory.trainer import Dataset, Task
    from envfactory.verification.ledger import Ledger

ATTACK_PIDS, ATTACK_MB, ATTACK_SECONDS, ATTACK_TIMES = 96, 1024, 15.0, 4.0
"""Limits of attacks: a fork bomb at a task's own limits keeps a machine busy for a quarter of an hour."""


class Verification:
    """The checks of one dataset; iterate over ``run``."""

    def __init__(self, dataset: Dataset, wanted: Wanted, engine: Engine, ledger: Ledger) -> None:
        self._dataset, self._wanted, self._engine, self._ledger = dataset, wanted, engine, ledger
        self._broken: list[Entry] = []

    def run(self, executor: Executor) -> Iterator[Entry]:
        """Every entry that is new, as it is made."""
        pending = self._pending()

        def next_job(idle: bool) -> Job | None:
            check = next(pending, None)
            return (
                None
                if check is None
                else Job("extract", check.name, check.task.instance_id, check.run, check)
            )

        for done in executor.map(self._work, next_job):
            if isinstance(done.result, Entry):
                yield self._kept(done.result)
        yield from map(self._kept, self._broken)

    def _kept(self, entry: Entry) -> Entry:
        self._ledger.add(entry)
        return entry

    def _pending(self) -> Iterator[Check]:
        """All that is still to do.  A task whose image cannot be had is one entry with a fault."""
        done = self._ledger.done
        for task in self._dataset:
            try:
                ensure_image(self._engine, task)
                yield from (
                    check
                    for check in checks_of(task, self._wanted, self._engine)
                    if not _is_done(check, done)
                )
            except StageError as error:
                self._broken.append(entry_of(Check(task, GOLD, 1, ""), unjudged(task, error)))

    def _work(self, job: Job) -> Record:
        check: Check = job.inputs
        if check.question is not None:
            return _traced(check, self._engine)
        if check.patch is None:
            return entry_of(check, None)
        made = entry_of(check, graded(check, self._engine))
        if check.name.startswith(VARIANT) and made.as_it_must_be is False and not made.tampered:
            again = entry_of(check, graded(check, self._engine))
            return again.model_copy(update={"about": SECOND_TRY}) if again.resolved else made
        return made


def _is_done(check: Check, done: frozenset[tuple[str, str, int, str]]) -> bool:
    task_digest, name, run, patch_digest = check.key
    return (task_digest, name, run, patch_digest if check.patch is not None else "") in done


def graded(check: Check, engine: Engine) -> Reward:
    """The reward of a check's patch; gold patches are always looked at twice."""
    from envfactory.grader import grade

    task = check.task
    spec = bounded(task.reward_spec) if check.name.startswith(ATTACK) else task.reward_spec
    subject = _subject(task, spec)
    try:
        if check.name.startswith((MUTANT, PARTIAL)):
            return graded_mistake(engine, subject, check.patch or "")
        opinion = "always" if check.name == GOLD else "auto"
        return grade(engine, subject, check.patch or "", second_opinion=opinion)
    except StageError as error:
        return unjudged(task, error)


def _subject(task: Task, spec: RewardSpec) -> GradeSubject:
    from envfactory.grader import GradeSubject

    return GradeSubject(task.image, spec, task.spec.env, task.language)


def _traced(check: Check, engine: Engine) -> Entry:
    """Which changed statements the tests run; a fault where that could not be seen."""
    task, started = check.task, time.monotonic()
    assert check.question is not None
    try:
        found = coverage(engine, _subject(task, task.reward_spec), check.question)
    except StageError as error:
        return entry_of(check, unjudged(task, error))
    return coverage_entry(check, found, round(time.monotonic() - started, 3))


def bounded(spec: RewardSpec) -> RewardSpec:
    """The spec with limits that an attack meets soon: several times what the gold run needs, no more."""
    usual = median(spec.speed.baseline_seconds) if spec.speed.baseline_seconds else spec.limits.run_seconds
    limits = spec.limits
    small = limits.model_copy(
        update={
            "pids": min(limits.pids, ATTACK_PIDS),
            "memory_mb": min(limits.memory_mb, ATTACK_MB),
            "disk_mb": min(limits.disk_mb, ATTACK_MB),
            "run_seconds": min(limits.run_seconds, ATTACK_SECONDS + ATTACK_TIMES * usual),
            "test_seconds": min(limits.test_seconds, ATTACK_SECONDS),
        }
    )
    return spec.model_copy(update={"limits": small})
