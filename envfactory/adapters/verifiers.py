"""A ``verifiers`` (v1) taskset over a dataset on disk; needs the extra ``verifiers``.

The agent works in whatever runtime verifiers starts from the task's image; its diff is judged here, in a
pristine container of the local engine.  A fault of the machine fails the rollout: it is no reward of 0.
verifiers finds tasksets by the name of a top-level module, so a module of yours has to name this one::

    from envfactory.adapters.verifiers import DatasetTaskset

    __all__ = ["DatasetTaskset"]
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import verifiers.v1 as vf
from pydantic import Field

from envfactory.errors import EpisodeError
from envfactory.records import Reward, SpeedChoice
from envfactory.trainer import Dataset, Task
from envfactory.trainer.environment import TESTBED
from envfactory.trainer.patches import diff_command

AGENT_SECONDS = 1800.0
MARGIN_SECONDS = 300.0
"""For the diff and the start of the pristine container, on top of the limit of the tests."""


class DatasetData(vf.TaskData):
    """One task as verifiers keeps it in traces."""

    directory: str
    """The task's directory; not part of what the agent sees."""
    root_commit: str


class DatasetConfig(vf.TasksetConfig):
    """``--env.taskset.dataset DIR``, and which of its tasks."""

    dataset: Path = Path("envfactory-work/dataset")
    tasks: list[str] | None = None
    """Instance ids; all if there are none."""
    mode: str = Field(default="binary", description="`binary`, `graded` or `partial`: see `Task.grade`.")
    speed: SpeedChoice = Field(default=SpeedChoice(), description="Instead of the specs' speed term.")
    baseline: Path | None = Field(default=None, description="What `envfactory baseline` wrote.")


class DatasetTaskConfig(vf.TaskConfig):
    """What every task is told."""

    mode: str = "binary"
    speed: SpeedChoice = SpeedChoice()
    baseline: Path | None = None


class DatasetTask(vf.Task[DatasetData, vf.State, DatasetTaskConfig]):
    """One task: rewards its diff, and checks that its gold patch is rewarded."""

    NEEDS_CONTAINER = True

    @property
    def key(self) -> str:
        """The instance id."""
        return str(self.data.id)

    @vf.reward
    async def solved(self, trace: vf.Trace, runtime: vf.Runtime) -> float:
        """``Reward.value`` of what the agent changed; its time is that of the agent's turn."""
        agent = trace.timing.agent
        taken = agent.duration if agent.end else None
        reward = await self._reward(await self._diff(runtime), taken)
        return float(reward.value or 0.0)

    async def validate(self, runtime: vf.Runtime) -> bool | None:
        """The gold patch resolves the task and an empty one does not; ``runtime`` is left alone."""
        gold = Task(self.data.directory).gold_patch
        return (await self._reward(gold)).resolved and not (await self._reward("")).resolved

    async def _diff(self, runtime: vf.Runtime) -> str:
        path = f"/tmp/.envfactory-{secrets.token_hex(8)}"
        done = await runtime.run(diff_command(path, self.data.root_commit), {})
        if done.exit_code != 0:
            raise EpisodeError(f"the work tree cannot be compared: {done.stderr[-300:]}", cause="diff_failed")
        return (await runtime.read(path)).decode("utf-8", "replace")

    async def _reward(self, patch: str, completion_seconds: float | None = None) -> Reward:
        config = self.config
        choice = config.speed.model_dump(exclude_none=True)
        task = Task(self.data.directory).with_speed(baseline=config.baseline, **choice)
        options = {"mode": config.mode, "completion_seconds": completion_seconds}
        reward = await asyncio.to_thread(task.grade, patch, **options)
        if reward.value is None:
            raise EpisodeError(reward.detail or "no verdict", cause=reward.fault or "fault", retryable=True)
        return reward


class DatasetTaskset(vf.Taskset[DatasetTask, DatasetConfig]):
    """The tasks of a dataset, by instance id."""

    def load(self) -> Iterator[DatasetTask]:
        """Read them; raises ``UsageError`` where there is no dataset."""
        found = Dataset(self.config.dataset)
        wanted = {name: getattr(self.config, name) for name in ("mode", "speed", "baseline")}
        config = DatasetTaskConfig(**{**self.config.task.model_dump(), **wanted})
        for task in found:
            if self.config.tasks is None or task.instance_id in self.config.tasks:
                yield DatasetTask(_data(task), config)


def _data(task: Task) -> DatasetData:
    limits = task.reward_spec.limits
    scoring = limits.run_seconds + MARGIN_SECONDS
    fields: dict[str, Any] = {
        "id": task.instance_id,
        "name": task.instance_id,
        "prompt": task.instruction,
        "image": task.image,
        "workdir": TESTBED,
        "timeout": vf.TaskTimeout(agent=AGENT_SECONDS, scoring=scoring),
        "resources": vf.TaskResources(cpu=limits.cpus, memory=limits.memory_mb / 1024),
        "directory": str(task.directory),
        "root_commit": task.root_commit,
    }
    return DatasetData(**fields)


__all__ = ["DatasetTaskset"]
