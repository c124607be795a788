"""One task of a bundle, to work on and to be graded; what it says is read by ``TaskDirectory``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envfactory.records import Baseline, Completion, Limits, Reward, SpeedChoice
from envfactory.trainer.environment import Environment
from envfactory.trainer.grading import grade
from envfactory.trainer.setting import Setting
from envfactory.trainer.speed_setting import SpeedSetting
from envfactory.trainer.stop import Stop
from envfactory.trainer.task_directory import TaskDirectory

if TYPE_CHECKING:
    from envfactory.engine.client import Engine
    from envfactory.trainer.asynchronous import AsyncEnvironment
    from envfactory.trainer.snapshot import Snapshot


class Task(TaskDirectory):
    """A task directory; ``UsageError`` if it is none."""

    def start(
        self,
        *,
        limits: Limits | None = None,
        seconds: float | None = None,
        snapshot: Snapshot | None = None,
        trajectory: str | Path | None = None,
        engine: Engine | None = None,
    ) -> Environment:
        """A container of the task's image, network off; a context manager.

        The image is rebuilt from the bundle when it is not at hand.  ``limits`` replaces the task's;
        ``seconds`` of wall-clock time after the start the episode is over and its calls raise
        ``EpisodeError``; ``snapshot`` is where to begin; events are appended to the file ``trajectory``.
        Raises ``PrerequisiteError`` without Docker, ``BuildError`` when there is no image to be had.
        """
        setting = Setting(
            engine=engine, limits=limits, seconds=seconds, snapshot=snapshot, trajectory=trajectory
        )
        return Environment(self, setting)

    @asynccontextmanager
    async def start_async(self, **options: Any) -> AsyncIterator[AsyncEnvironment]:
        """The same as ``start``, with the same options, for ``async with``."""
        from envfactory.trainer.asynchronous import AsyncEnvironment, Threads

        threads = Threads(2)
        try:
            async with await AsyncEnvironment.begin(lambda: self.start(**options), threads) as env:
                yield env
        finally:
            threads.close()

    def grade(
        self,
        patch: str,
        *,
        mode: str = "binary",
        engine: Engine | None = None,
        completion_seconds: float | Completion | None = None,
        speed: SpeedChoice | None = None,
        stop: Stop | None = None,
    ) -> Reward:
        """Judge ``patch`` in a pristine container; an empty patch is a patch.

        ``mode`` "graded" makes ``value`` the product of both rates instead of 0 or 1, "partial" the share
        of FAIL_TO_PASS if all of PASS_TO_PASS passed; ``completion_seconds``, those of the episode, is
        what the speed term sees instead of the seconds of the tests; ``speed`` changes that term.
        Faults of the machine are in ``reward.fault`` with ``reward.value`` ``None``, never scored 0.
        """
        completion = Completion.of(completion_seconds)
        return grade(self, patch, engine, mode=mode, completion_seconds=completion, speed=speed, stop=stop)

    def with_speed(self, *, baseline: Baseline | str | Path | None = None, **choice: Any) -> Task:
        """The same task with another speed term: any field of ``SpeedChoice``.

        ``baseline`` is one of ``trainer.speed.measure``, or its file.  Raises ``UsageError`` for a file or
        a value that cannot be used.
        """
        return Task(self.directory, (self._speed or SpeedSetting()).but(baseline, choice))


def grade_patch(task_dir: str | Path, patch: str, *, engine: Engine | None = None) -> Reward:
    """``Task(task_dir).grade(patch)``."""
    return Task(task_dir).grade(patch, engine=engine)
