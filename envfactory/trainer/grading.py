"""Grading of a patch for one task of a bundle, through the same grader that decided its validity.

The container is always a pristine one; nothing here looks at an agent's container.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

from envfactory.errors import EpisodeError, GradeError, StageError
from envfactory.records import Completion, Reward, SpeedChoice, TestReport
from envfactory.trainer.images import ensure_image
from envfactory.trainer.stop import Stop

if TYPE_CHECKING:
    from envfactory.engine import Container, Engine
    from envfactory.grader import GradeSubject
    from envfactory.trainer.task_directory import TaskDirectory


class GradeOptions(TypedDict, total=False):
    """How to judge; as for ``Task.grade``."""

    mode: str
    completion_seconds: float | Completion | None
    speed: SpeedChoice | None
    stop: Stop | None


def grade(
    task: TaskDirectory,
    patch: str,
    engine: Engine | None = None,
    **options: Unpack[GradeOptions],
) -> Reward:
    """Judge ``patch``; raises only where there is no engine or no image to be had.

    ``speed`` is what the speed term should be instead of the spec's; ``stop`` ends it early, with a
    fault: what was not judged has no value.
    """
    from envfactory.engine import connect
    from envfactory.grader import grade as judge

    stop, mode = options.get("stop"), options.get("mode", "binary")
    completion = options.get("completion_seconds")
    opened = engine or connect()
    try:
        subject = _subject(task, opened, options.get("speed"))
        leash = cast("Engine", _Leash(opened, stop)) if stop is not None else opened
        return judge(leash, subject, patch, mode=mode, completion_seconds=completion)
    finally:
        if engine is None:
            opened.close()


def judged_gold(task: TaskDirectory, engine: Engine) -> TestReport:
    """The run that grades the gold patch.  Raises ``StageError`` when it does not resolve the task."""
    from envfactory.grader.grade import judge

    done = judge(engine, _subject(task, engine), task.gold_patch, options={"second_opinion": "never"})
    if done.report is None or not done.reward.resolved:
        cause = done.reward.fault or "gold_does_not_resolve"
        raise GradeError(done.reward.detail or "the gold patch does not resolve the task", cause=cause)
    return done.report


def _subject(task: TaskDirectory, engine: Engine, speed: SpeedChoice | None = None) -> GradeSubject:
    from envfactory.grader import GradeSubject

    spec = task.reward_spec
    if speed is not None:
        spec = spec.model_copy(update={"speed": speed.applied(spec.speed)})
    image = ensure_image(engine, task)
    return GradeSubject(image=image, reward_spec=spec, env=task.spec.env, language=task.language)


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
