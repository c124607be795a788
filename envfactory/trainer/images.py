"""The image of a task on this machine's engine: found, pulled, or made again from the bundle.

An image of the right name that was made from something else is not believed: our label holds the
whole digest of what it must be made from.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from envfactory.builder.names import DIGEST

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.trainer.task_directory import TaskDirectory

PULL_SECONDS = 1800.0

log = logging.getLogger(__name__)


def ensure_image(engine: Engine, task: TaskDirectory) -> str:
    """Name of an image that is the task's; raises ``BuildError`` when there is none to be had."""
    if _is_right(engine, task) or (engine.pull(task.image, PULL_SECONDS) and _is_right(engine, task)):
        return task.image
    from envfactory.builder.rebuild import rebuild
    from envfactory.timemachine import TimeMachine
    from envfactory.workspace import user_cache

    log.warning("image %s is not here: making it again from %s", task.image, task.directory)
    # The dated index serves what the plain one would, and old metadata in a form that installers read.
    with TimeMachine.for_engine(engine, user_cache()) as index:
        return rebuild(task.directory, engine, index, instance_id=task.instance_id).id


def _is_right(engine: Engine, task: TaskDirectory) -> bool:
    found = engine.image(task.image)
    return found is not None and found.labels.get(DIGEST) == task.spec.image_digest
