"""The episodes and snapshots that clients of the service hold, by the names that they were given.

An episode whose time is over stays known, so that its client is told why it ended, until the client
ends it or many others have begun.
"""

from __future__ import annotations

import secrets
from typing import Any

from envfactory.errors import UsageError
from envfactory.serve.messages import Start, Started
from envfactory.serve.problems import NotThere
from envfactory.trainer import AsyncEnvironment, EnvironmentPool, Snapshot, Task

REMEMBERED = 1000
"""Episodes that are over and whose clients have not ended them."""


class Episodes:
    """What is running in one pool; used by one event loop."""

    def __init__(self, pool: EnvironmentPool) -> None:
        self.pool = pool
        self._running: dict[str, AsyncEnvironment] = {}
        self._snapshots: dict[str, Snapshot] = {}

    def task(self, instance_id: str) -> Task:
        """A task of the pool; ``NotThere`` if there is none."""
        if instance_id not in self.pool.tasks:
            raise NotThere(f"task {instance_id}", hint="GET /tasks lists them")
        return self.pool.tasks[instance_id]

    async def start(self, wanted: Start) -> Started:
        """Begin one when it is this client's turn."""
        task = self.task(wanted.instance_id)
        begin = None if wanted.snapshot is None else self.kept(wanted.snapshot)
        if begin is not None and begin.instance_id != task.instance_id:
            raise UsageError(f"that is a snapshot of {begin.instance_id}, not of {task.instance_id}")
        options: Any = {"seconds": wanted.seconds, "snapshot": begin}
        environment = await self.pool.begin_async(task, client=wanted.client, **options)
        self._forget()
        name = secrets.token_hex(8)
        self._running[name] = environment
        return self._told(name, environment)

    def all(self) -> list[Started]:
        """Every episode that is known."""
        return [self._told(name, environment) for name, environment in self._running.items()]

    def get(self, name: str) -> AsyncEnvironment:
        """An episode; ``NotThere`` if there is none of that name."""
        if name not in self._running:
            raise NotThere(f"episode {name}", hint="POST /episodes begins one")
        return self._running[name]

    async def end(self, name: str) -> None:
        """Close it and forget its name."""
        environment = self.get(name)
        del self._running[name]
        await environment.close()

    async def snapshot(self, name: str) -> str:
        """Keep its files; the name of the snapshot."""
        made = await self.get(name).snapshot()
        kept = secrets.token_hex(8)
        self._snapshots[kept] = made
        return kept

    def kept(self, name: str) -> Snapshot:
        """A snapshot; ``NotThere`` if there is none of that name."""
        if name not in self._snapshots:
            raise NotThere(f"snapshot {name}")
        return self._snapshots[name]

    async def drop(self, name: str) -> None:
        """Remove a snapshot."""
        made = self.kept(name)
        await self.pool.threads.run(made.remove)
        del self._snapshots[name]

    def _forget(self) -> None:
        over = [name for name, environment in self._running.items() if not environment.environment.is_open]
        for name in over[:-REMEMBERED]:
            del self._running[name]

    @staticmethod
    def _told(name: str, environment: AsyncEnvironment) -> Started:
        task = environment.environment.task
        return Started(
            episode_id=name,
            instance_id=task.instance_id,
            instruction=task.instruction,
            open=environment.environment.is_open,
        )
