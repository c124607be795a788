"""One episode: a container of a task's image that an agent works in, network off.

The agent may do anything to it; grading never happens here but in a pristine container, from the
diff alone.  Commands that fail are results; a machine that fails raises ``StageError``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from envfactory.errors import UsageError
from envfactory.records import Limits, Reward
from envfactory.trainer import patches
from envfactory.trainer.grading import grade
from envfactory.trainer.images import ensure_image

if TYPE_CHECKING:
    from envfactory.engine.client import Engine
    from envfactory.engine.container import Container
    from envfactory.engine.facts import ExecResult
    from envfactory.trainer.task_directory import TaskDirectory

TESTBED = "/testbed"
EXEC_SECONDS = 600.0
"""Default time limit of one command."""


class Environment:
    """A running container; ``with`` closes it.  Made by ``Task.start``."""

    def __init__(
        self, task: TaskDirectory, *, engine: Engine | None = None, limits: Limits | None = None
    ) -> None:
        from envfactory.engine import connect

        self.task = task
        self._engine = engine or connect()
        self._owns_engine = engine is None
        try:
            image = ensure_image(self._engine, task)
            self._container: Container | None = self._engine.container(
                image, limits=limits or task.reward_spec.limits, name_hint=task.instance_id.lower()
            )
            self._container.start()
        except BaseException:
            self._close_engine()
            raise

    def __enter__(self) -> Environment:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def exec(
        self,
        command: str | Sequence[str],
        *,
        timeout: float | None = EXEC_SECONDS,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        max_output: int = 1 << 20,
    ) -> ExecResult:
        """Run a bash command line, or an argument vector, in ``/testbed`` (or ``cwd``).

        ``timeout`` is in seconds; after it all that the command started is killed, ``timed_out`` is
        true and ``exit_code`` ``None``.  Of each output stream at most ``max_output`` bytes are kept.
        """
        argv = ["bash", "-c", command] if isinstance(command, str) else list(command)
        return self._running.exec(argv, timeout=timeout, env=env, cwd=cwd or TESTBED, max_output=max_output)

    def read(self, path: str) -> str:
        """A text file; relative paths start at ``/testbed``.  ``FileNotFoundError`` if there is none."""
        return self.read_bytes(path).decode("utf-8", "replace")

    def read_bytes(self, path: str) -> bytes:
        """A file's bytes; see ``read``."""
        return self._running.get(_absolute(path))

    def write(self, path: str, content: str | bytes) -> None:
        """Create or replace a file; missing folders are made, an existing file keeps its mode."""
        data = content.encode() if isinstance(content, str) else content
        mode = self.exec(["stat", "-c", "%a", _absolute(path)], timeout=60)
        known = int(mode.stdout, 8) if mode.exit_code == 0 else 0o644
        self._running.put({_absolute(path): (data, known)})

    def apply(self, patch: str) -> None:
        """Apply a unified diff to the work tree; ``PatchError`` (nothing changed) if it does not apply."""
        patches.apply(self._running, patch)

    def diff(self) -> str:
        """All changes since the start, new files included, ignored ones not, as ``git diff --binary``."""
        return patches.diff(self._running, self.task.root_commit)

    def grade(self, *, mode: str = "binary") -> Reward:
        """Judge ``diff()`` in a pristine container; see ``Task.grade``.  The episode can go on after."""
        return grade(self.task, self.diff(), self._engine, mode=mode)

    def close(self) -> None:
        """Remove the container; closing twice is fine."""
        container, self._container = self._container, None
        if container is not None:
            container.close()
            self._close_engine()

    def _close_engine(self) -> None:
        if self._owns_engine:
            self._engine.close()

    @property
    def _running(self) -> Container:
        if self._container is None:
            raise UsageError(f"the environment of {self.task.instance_id} is closed", hint="start a new one")
        return self._container


def _absolute(path: str) -> str:
    return str(PurePosixPath(TESTBED) / path)
