"""Episodes as Gymnasium knows them: ``reset`` and ``step`` with its five-tuple.

Needs nothing of Gymnasium; ``envfactory.adapters.gymnasium`` makes a ``gymnasium.Env`` of it.  Draws tasks
from a dataset or a pool; holds one episode at a time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from typing import Any

from envfactory.errors import EpisodeError, UsageError
from envfactory.records import Reward, SpeedChoice
from envfactory.trainer.actions import Action, Observation, perform
from envfactory.trainer.environment import Environment
from envfactory.trainer.pool import EnvironmentPool
from envfactory.trainer.task import Task

Step = tuple[str, float, bool, bool, dict[str, Any]]
"""Observation, reward, terminated, truncated, info."""


class GymEnvironment:
    """One episode after another over ``tasks`` (or a pool's); at most ``max_steps`` actions each.

    ``mode`` and ``speed`` are those of ``Task.grade``.
    """

    def __init__(
        self,
        tasks: Iterable[Task] | EnvironmentPool,
        *,
        max_steps: int | None = None,
        seconds: float | None = None,
        mode: str = "binary",
        speed: SpeedChoice | None = None,
    ) -> None:
        self._pool = tasks if isinstance(tasks, EnvironmentPool) else None
        known = tasks.tasks.values() if isinstance(tasks, EnvironmentPool) else tasks
        self._tasks = {task.instance_id: task for task in known}
        if not self._tasks:
            raise UsageError("there is no task to draw from")
        self._max_steps, self._seconds = max_steps, seconds
        self._mode, self._speed = mode, speed
        self._dice = random.Random()
        self._steps = 0
        self.environment: Environment | None = None
        """The episode that is running."""

    def __enter__(self) -> GymEnvironment:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """A new episode: the instruction, and ``info`` with ``instance_id``.

        The task is ``options["instance_id"]`` (``KeyError`` if unknown), else drawn at random; ``seed``
        makes this and the following draws repeatable.  Raises as ``start`` of tasks and pools does.
        """
        self.close()
        if seed is not None:
            self._dice = random.Random(seed)
        chosen = (options or {}).get("instance_id") or self._dice.choice(sorted(self._tasks))
        task = self._tasks[chosen]
        start = self._pool.start if self._pool else Task.start
        self.environment = start(task, seconds=self._seconds)
        self._steps = 0
        return task.instruction, {"instance_id": task.instance_id, "image": task.image}

    def step(self, action: Action | str | dict[str, Any]) -> Step:
        """Do an action: a command line, or the fields of ``Action``; ``{"submit": True}`` ends the episode.

        The reward is 0.0 until the work is submitted.  ``terminated`` is true after that; ``truncated`` when
        steps or time are used up (what was done so far is judged after the last step, not after the time),
        or when the machine failed: then the reward is NaN, ``info["fault"]`` says why, and the episode is to
        be left out.
        """
        wanted = Action.of(action)
        if self.environment is None:
            raise UsageError("there is no episode", hint="call reset() first")
        self._steps += 1
        try:
            seen = perform(self.environment, wanted, mode=self._mode, speed=self._speed)
        except EpisodeError as error:
            self.close()
            return "", 0.0, False, True, {"ended": error.cause}
        info = seen.model_dump(exclude={"output", "reward"})
        if seen.reward is not None:
            return self._judged(seen.reward, info, terminated=True)
        if self._max_steps is not None and self._steps >= self._max_steps:
            reward = self.environment.grade(mode=self._mode, speed=self._speed)
            return self._judged(reward, info, terminated=False, text=_shown(seen))
        return _shown(seen), 0.0, False, False, info

    def render(self) -> None:
        """Nothing is shown."""

    def close(self) -> None:
        """End the episode that is running; closing twice is fine."""
        running, self.environment = self.environment, None
        if running is not None:
            running.close()

    def _judged(self, reward: Reward, info: dict[str, Any], *, terminated: bool, text: str = "") -> Step:
        self.close()
        info |= {"judged": reward, "fault": reward.fault}
        if reward.value is None:
            return text, math.nan, False, True, info
        return text, reward.value, terminated, not terminated, info


def _shown(seen: Observation) -> str:
    return seen.error or seen.output
