"""An OpenEnv environment server over a dataset; needs the extra ``openenv``.

``make_app(dataset)`` is the application, to be run by any ASGI server.  Sessions are independent episodes
of one pool.  An action is one of ours; all behaviour is that of ``envfactory.trainer``.
"""

from __future__ import annotations

from typing import Any

from openenv.core.env_server import create_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, Observation, State
from pydantic import Field

from envfactory.trainer import EnvironmentPool
from envfactory.trainer.actions import Action as Step
from envfactory.trainer.gym import GymEnvironment

SPLIT = "train"


class TaskAction(Action):
    """Exactly one of ``command``, ``read``, ``write``, ``apply`` and ``submit``; see ``actions.Action``."""

    command: str | None = None
    read: str | None = None
    write: str | None = None
    content: str = ""
    apply: str | None = None
    submit: bool = False


class TaskObservation(Observation):
    """The instruction at first, then what an action showed; ``reward`` counts when ``done``."""

    text: str = ""
    instance_id: str = ""
    info: dict[str, Any] = Field(default_factory=dict)


class TaskState(State):
    """Which task is being worked on."""

    instance_id: str = ""


class TaskEnvironment(Environment[TaskAction, TaskObservation, TaskState]):
    """One session: episode after episode of the pool's tasks."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, pool: EnvironmentPool) -> None:
        super().__init__()
        self._ids = sorted(pool.tasks)
        self._pool = pool
        self._steps = GymEnvironment(pool)
        self._state = TaskState()

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, **options: Any
    ) -> TaskObservation:
        """A new episode; the task is ``instance_id`` or ``index`` if given, else drawn by ``seed``."""
        chosen = options.get("instance_id")
        if chosen is None and options.get("index") is not None:
            chosen = self._ids[int(options["index"])]
        text, info = self._steps.reset(seed=seed, options={"instance_id": chosen})
        self._state = TaskState(episode_id=episode_id, instance_id=info["instance_id"])
        return TaskObservation(text=text, instance_id=info["instance_id"])

    def step(self, action: TaskAction, timeout_s: float | None = None, **_: Any) -> TaskObservation:
        """One action; ``timeout_s`` is for a command."""
        given = action.model_dump(exclude={"metadata"}) | ({"timeout": timeout_s} if timeout_s else {})
        text, reward, terminated, truncated, info = self._steps.step(Step.of(given))
        self._state.step_count += 1
        info.pop("judged", None)
        return TaskObservation(
            text=text,
            instance_id=self._state.instance_id,
            done=terminated or truncated,
            # A fault has no value, and JSON no NaN.
            reward=None if info.get("fault") else reward,
            info=info,
        )

    @property
    def state(self) -> TaskState:
        """The episode that is running."""
        return self._state

    def close(self) -> None:
        """End it."""
        self._steps.close()

    def list_splits(self) -> list[str]:
        """One split with every task."""
        return [SPLIT]

    def num_tasks(self, split: str) -> int:
        """How many tasks there are."""
        return len(self._ids)

    def list_tasks(self, split: str) -> list[dict[str, Any]]:
        """All of them."""
        return self.get_task_range(split)

    def get_task(self, split: str, index: int) -> dict[str, Any]:
        """One task; ``IndexError`` out of range."""
        task = self._pool.tasks[self._ids[index]]
        return {"id": task.instance_id, "index": index, "repo": task.repo, "language": task.language}

    def get_task_range(
        self, split: str, start: int | None = None, stop: int | None = None
    ) -> list[dict[str, Any]]:
        """Tasks as of a slice."""
        return [self.get_task(split, index) for index in range(*slice(start, stop).indices(len(self._ids)))]


def make_app(pool: EnvironmentPool) -> Any:
    """The ASGI application over ``pool``, which stays the caller's to close."""
    return create_app(
        lambda: TaskEnvironment(pool),
        TaskAction,
        TaskObservation,
        env_name="envfactory",
        max_concurrent_envs=pool.size,
        state_cls=TaskState,
    )
