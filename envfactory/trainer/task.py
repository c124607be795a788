"""One task of a bundle, to work on and to be graded; what it says is read by ``TaskDirectory``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.records import Limits, Reward
from envfactory.trainer.environment import Environment
from envfactory.trainer.grading import grade
from envfactory.trainer.task_directory import TaskDirectory

if TYPE_CHECKING:
    from envfactory.engine.client import Engine


class Task(TaskDirectory):
    """A task directory; ``UsageError`` if it is none."""

    def start(self, *, limits: Limits | None = None, engine: Engine | None = None) -> Environment:
        """A container of the task's image, network off; a context manager.

        The image is rebuilt from the bundle when it is not at hand.  ``limits`` replaces the task's.
        Raises ``PrerequisiteError`` without Docker, ``BuildError`` when there is no image to be had.
        """
        return Environment(self, engine=engine, limits=limits)

    def grade(self, patch: str, *, mode: str = "binary", engine: Engine | None = None) -> Reward:
        """Judge ``patch`` in a pristine container; an empty patch is a patch.

        ``mode`` "graded" makes ``value`` the product of both rates instead of 0 or 1.
        Faults of the machine are in ``reward.fault`` with ``reward.value`` ``None``, never scored 0.
        """
        return grade(self, patch, engine, mode=mode)


def grade_patch(task_dir: str | Path, patch: str, *, engine: Engine | None = None) -> Reward:
    """``Task(task_dir).grade(patch)``."""
    return Task(task_dir).grade(patch, engine=engine)
