"""One task of a bundle, to work on and to be graded; what it says is read by ``TaskDirectory``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envfactory.records import Limits, Reward
from envfactory.trainer.environment import Environment
from envfactory.trainer.grading import grade
from envfactory.trainer.setting import Setting
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
        completion_seconds: float | None = None,
        stop: Stop | None = None,
    ) -> Reward:
        """Judge ``patch`` in a pristine container; an empty patch is a patch.

        ``mode`` "graded" makes ``value`` the product of both rates instead of 0 or 1;
        ``completion_seconds`` is what the speed term sees instead of the seconds of the tests.
        Faults of the machine are in ``reward.fault`` with ``reward.value`` ``None``, never scored 0.
        """
        return grade(self, patch, engine, mode=mode, completion_seconds=completion_seconds, stop=stop)


def grade_patch(task_dir: str | Path, patch: str, *, engine: Engine | None = None) -> Reward:
    """``Task(task_dir).grade(patch)``."""
    return Task(task_dir).grade(patch, engine=engine)
