"""Grading of a patch for one task of a bundle, through the same grader that decided its validity.

The container is always a pristine one; nothing here looks at an agent's container.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

from envfactory.errors import EpisodeError, StageError
from envfactory.records import Reward
from envfactory.trainer.images import ensure_image
from envfactory.trainer.stop import Stop

if TYPE_CHECKING:
    from envfactory.engine import Container, Engine
    from envfactory.trainer.task_directory import TaskDirectory


def grade(
    task: TaskDirectory,
    patch: str,
    engine: Engine | None = None,
    *,
    mode: str = "binary",
    completion_seconds: float | None = None,
    stop: Stop | None = None,
) -> Reward:
    """Judge ``patch``; raises only where there is no engine or no image to be had.

    ``stop`` ends it early, with a fault: what was not judged has no value.
    """
    from envfactory.engine import connect
    from envfactory.grader import GradeSubject
    from envfactory.grader import grade as judge

    opened = engine or connect()
    try:
        image = ensure_image(opened, task)
        subject = GradeSubject(
            image=image, reward_spec=task.reward_spec, env=task.spec.env, language=task.language
        )
        leash = cast("Engine", _Leash(opened, stop)) if stop is not None else opened
        return judge(leash, subject, patch, mode=mode, completion_seconds=completion_seconds)
    finally:
        if engine is None:
            opened.close()


def unjudged(task: TaskDirectory, error: StageError) -> Reward:
    """The reward of a patch that the machine kept from being judged: a fault, no value."""
    return Reward(
        instance_id=task.instance_id,
        value=None,
        resolved=False,
        fail_to_pass_rate=0.0,
        pass_to_pass_rate=0.0,
        fault=error.cause,
        detail=str(error),
        spec_digest=task.reward_spec.digest,
    )


class _Leash:
    """An engine whose containers end when ``stop`` is set, and which makes no more of them then."""

    def __init__(self, engine: Engine, stop: Stop) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._made: list[Container] = []
        self._stop = stop
        stop.on_set(self._end)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def container(self, *args: Any, **options: Any) -> Container:
        with self._lock:
            if self._stop.is_set():
                raise EpisodeError("grading was cancelled", cause="cancelled")
            made = self._engine.container(*args, **options)
            self._made.append(made)
            return made

    def _end(self) -> None:
        with self._lock:
            for container in self._made:
                container.close()
