"""The baseline of the machine that a trainer trains on.

    measure         reference runs of tasks, here and now
    of_episodes     the same from rewards of earlier episodes, such as those of a reference policy
    read / write    a baseline as a file

What the seconds are worth is for ``envfactory.grader.speed``; nothing here changes a dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from envfactory.errors import StageError
from envfactory.grader.machine import this_machine
from envfactory.records import Baseline, Reference, Reward, SpeedTerm
from envfactory.trainer.grading import judged_gold
from envfactory.trainer.speed_setting import read, write

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.trainer.task_directory import TaskDirectory

__all__ = ["NAME", "RUNS", "measure", "of_episodes", "read", "write"]

RUNS = 3
NAME = "speed-baseline.json"
"""Usual name, in the directory that holds the dataset."""


def measure(
    tasks: Iterable[TaskDirectory],
    *,
    runs: int = RUNS,
    engine: Engine | None = None,
    tell: Callable[[str, Reference | str], None] = lambda *_: None,
) -> Baseline:
    """Run every task's reference episode ``runs`` times: a fresh container, the gold patch, the tests.

    One after another, since runs that compete measure each other.  ``tell`` is called with each task's
    id and its runs, or why it has none.  Raises ``PrerequisiteError`` without an engine.
    """
    from envfactory.engine import connect

    opened = engine or connect()
    recorded, found, failed = {}, {}, {}
    try:
        for task in tasks:
            try:
                found[task.instance_id] = reference = _reference(task, opened, runs)
                recorded[task.instance_id] = task.recorded_spec.speed
                tell(task.instance_id, reference)
            except StageError as error:
                failed[task.instance_id] = f"{error.cause}: {error}"
                tell(task.instance_id, failed[task.instance_id])
    finally:
        if engine is None:
            opened.close()
    return _baseline(found, recorded, failed)


def of_episodes(rewards: Iterable[Reward], tasks: Iterable[TaskDirectory]) -> Baseline:
    """A baseline from episodes that resolved their task and whose wall clock and processor time are known."""
    runs: dict[str, list[tuple[float, float]]] = {}
    for reward in rewards:
        times = reward.completion
        if reward.resolved and times and times.episode is not None and times.cpu is not None:
            runs.setdefault(reward.instance_id, []).append((times.episode, times.cpu))
    found = {
        name: Reference(seconds=tuple(wall for wall, _ in some), cpu_seconds=tuple(cpu for _, cpu in some))
        for name, some in runs.items()
    }
    recorded = {task.instance_id: task.recorded_spec.speed for task in tasks if task.instance_id in found}
    return _baseline(found, recorded, {})


def _reference(task: TaskDirectory, engine: Engine, runs: int) -> Reference:
    reports = [judged_gold(task, engine) for _ in range(runs)]
    return Reference(
        seconds=tuple(report.seconds for report in reports),
        cpu_seconds=tuple(report.cpu_seconds for report in reports),
    )


def _baseline(
    found: Mapping[str, Reference], recorded: Mapping[str, SpeedTerm], failed: Mapping[str, str]
) -> Baseline:
    def ratio(pairs: Iterable[tuple[Sequence[float], Sequence[float]]]) -> float:
        known = [median(here) / median(there) for here, there in pairs if here and there and median(there)]
        return median(known) or 1.0 if known else 1.0

    both = [(found[name], recorded[name]) for name in found if name in recorded]
    return Baseline(
        measured_at=datetime.now(UTC),
        machine=this_machine(),
        tasks=found,
        failed=failed,
        ratio=ratio((here.seconds, there.baseline_seconds) for here, there in both),
        cpu_ratio=ratio((here.cpu_seconds, there.baseline_cpu_seconds) for here, there in both),
    )
