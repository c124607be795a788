"""Grading of a patch for one task of a bundle, through the same grader that decided its validity.

The container is always a pristine one; nothing here looks at an agent's container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envfactory.records import Reward
from envfactory.trainer.images import ensure_image

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.trainer.task_directory import TaskDirectory


def grade(task: TaskDirectory, patch: str, engine: Engine | None = None, *, mode: str = "binary") -> Reward:
    """Judge ``patch``; raises only where there is no engine or no image to be had."""
    from envfactory.engine import connect
    from envfactory.grader import GradeSubject
    from envfactory.grader import grade as judge

    opened = engine or connect()
    try:
        image = ensure_image(opened, task)
        subject = GradeSubject(
            image=image, reward_spec=task.reward_spec, env=task.spec.env, language=task.language
        )
        return judge(opened, subject, patch, mode=mode)
    finally:
        if engine is None:
            opened.close()
