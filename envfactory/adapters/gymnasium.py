"""``gymnasium.Env`` over tasks: text in, text out; needs the extra ``gymnasium``.

An action is a command line, or the JSON of an ``Action`` such as ``{"submit": true}``.  All behaviour is
that of ``envfactory.trainer.gym``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import gymnasium
from gymnasium.spaces import Text

from envfactory.trainer import EnvironmentPool, Task
from envfactory.trainer.gym import GymEnvironment, Step

MAX_CHARACTERS = 1 << 22


class TaskEnv(gymnasium.Env[str, str]):
    """One episode after another; the arguments are those of ``GymEnvironment``."""

    def __init__(self, tasks: Iterable[Task] | EnvironmentPool, **options: Any) -> None:
        self._steps = GymEnvironment(tasks, **options)
        self.observation_space = Text(MAX_CHARACTERS, min_length=0)
        self.action_space = Text(MAX_CHARACTERS)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """See ``GymEnvironment.reset``."""
        super().reset(seed=seed)
        return self._steps.reset(seed=seed, options=options)

    def step(self, action: str) -> Step:
        """See ``GymEnvironment.step``."""
        return self._steps.step(parsed(action))

    def close(self) -> None:
        """End the episode that is running."""
        self._steps.close()


def parsed(action: str) -> str | dict[str, Any]:
    """The JSON object that ``action`` is, else the command line that it is."""
    try:
        found = json.loads(action)
    except ValueError:
        return action
    return found if isinstance(found, dict) else action
