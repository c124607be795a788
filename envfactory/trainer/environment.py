"""One episode: a container of a task's image that an agent works in, network off.

The agent may do anything to it; grading never happens here but in a pristine container, from the
diff alone.  Commands that fail are results; a machine that fails raises ``StageError``.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from envfactory.errors import EpisodeError, StageError, UsageError
from envfactory.records import Completion, Reward, SpeedChoice
from envfactory.trainer import patches, snapshot
from envfactory.trainer.clock import EpisodeClock
from envfactory.trainer.grading import grade
from envfactory.trainer.images import ensure_image
from envfactory.trainer.setting import Setting
from envfactory.trainer.stop import Stop
from envfactory.trainer.trajectory import Trajectory

if TYPE_CHECKING:
    from envfactory.engine import Container, ExecResult
    from envfactory.trainer.snapshot import Snapshot
    from envfactory.trainer.task_directory import TaskDirectory

TESTBED = "/testbed"
EXEC_SECONDS = 600.0
"""Default time limit of one command."""
MAX_OUTPUT = 1 << 20
"""Default number of bytes that are kept of each output stream of a command."""

CLOSED, TIME_IS_OVER, POOL_CLOSED = "is closed", "has used up its time", "was ended with its pool"
CAUSES = {TIME_IS_OVER: "episode_timeout", POOL_CLOSED: "pool_closed"}


class Environment:
    """A running container; ``with`` closes it.  Made by ``Task.start`` and ``EnvironmentPool.start``.

    Several threads may use it at a time.  One that nobody refers to any more closes itself.
    """

    def __init__(self, task: TaskDirectory, setting: Setting | None = None) -> None:
        from envfactory.engine import connect

        self.task = task
        self._setting = setting = setting or Setting()
        self._limits = setting.limits or task.reward_spec.limits
        self.trajectory = Trajectory(setting.trajectory)
        self._engine = setting.engine or connect()
        self._ended = ""
        self._timer: threading.Timer | None = None
        self._finish: weakref.finalize[Any, Any] | None = None
        try:
            self._use(setting.container or self._new(setting.snapshot))
        except BaseException:
            setting.end(None, self._engine, self.trajectory)
            raise
        told = setting.snapshot.image if setting.snapshot else task.image
        self._clock = EpisodeClock()
        self.trajectory.begin(instance_id=task.instance_id, image=told, container=self._container.name)
        if setting.seconds is not None:
            self._timer = threading.Timer(setting.seconds, _expire, [weakref.ref(self)])
            self._timer.daemon = True
            self._timer.start()

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
        max_output: int = MAX_OUTPUT,
        stop: Stop | None = None,
    ) -> ExecResult:
        """Run a bash command line, or an argument vector, in ``/testbed`` (or ``cwd``).

        ``timeout`` is in seconds; after it, or when ``stop`` is set, all that the command started is
        killed, ``timed_out`` is true and ``exit_code`` ``None``.  Of each output stream at most
        ``max_output`` bytes, and never more than the limits' ``output_bytes``, are kept.
        """
        argv = ["bash", "-c", command] if isinstance(command, str) else list(command)
        kept = min(max_output, self._limits.output_bytes)
        with self._running("exec", command=command) as (container, told):
            done = container.exec(
                argv,
                timeout=timeout,
                env=env,
                cwd=cwd or TESTBED,
                max_output=kept,
                stop=stop.is_set if stop else None,
            )
            told |= vars(done)
        return done

    def read(self, path: str) -> str:
        """A text file; relative paths start at ``/testbed``.  ``FileNotFoundError`` if there is none."""
        return self.read_bytes(path).decode("utf-8", "replace")

    def read_bytes(self, path: str) -> bytes:
        """A file's bytes; see ``read``."""
        with self._running("read", path=path) as (container, told):
            content = container.get(_absolute(path))
            told["bytes"] = len(content)
        return content

    def write(self, path: str, content: str | bytes) -> None:
        """Create or replace a file; missing folders are made, an existing file keeps its mode."""
        data = content.encode() if isinstance(content, str) else content
        place = _absolute(path)
        with self._running("write", path=path, bytes=len(data)) as (container, _):
            mode = container.exec(["stat", "-c", "%a", place], timeout=60, cwd="/")
            known = int(mode.stdout, 8) if mode.exit_code == 0 else 0o644
            container.put({place: (data, known)})

    def apply(self, patch: str) -> None:
        """Apply a unified diff to the work tree; ``PatchError`` (nothing changed) if it does not apply."""
        with self._running("apply", patch=patch) as (container, _):
            patches.apply(container, patch)

    def diff(self) -> str:
        """All changes since the start, new files included, ignored ones not, as ``git diff --binary``."""
        with self._running("diff") as (container, told):
            text = patches.diff(container, self.task.root_commit)
            told["characters"] = len(text)
        return text

    def grade(
        self,
        *,
        mode: str = "binary",
        completion_seconds: float | Completion | None = None,
        speed: SpeedChoice | None = None,
        stop: Stop | None = None,
    ) -> Reward:
        """Judge ``diff()`` in a pristine container; see ``Task.grade``.  The episode can go on after.

        Without ``completion_seconds`` the speed term sees those of this episode so far, gradings left out.
        """
        completion = Completion.of(completion_seconds) or self._clock.read(self._container)
        with self._clock.paused():
            patch = self.diff()
            with self._running("grade", patch=patch, mode=mode) as (_, told), self._setting.grading:
                reward = grade(
                    self.task,
                    patch,
                    self._engine,
                    mode=mode,
                    completion_seconds=completion,
                    speed=speed,
                    stop=stop,
                )
                told["reward"] = reward.model_dump(mode="json", exclude={"tests"})
        return reward

    def snapshot(self) -> Snapshot:
        """The files as they are now, as an image on this engine; remove it when it is no longer needed."""
        with self._running("snapshot") as (container, told):
            made = snapshot.take(self._engine, container, self.task.instance_id)
            told["image"] = made.image
        return made

    def restore(self, to: Snapshot | None = None) -> None:
        """Go back to a snapshot of this task, or to the start; processes end, the time limit runs on."""
        if to is not None and to.instance_id != self.task.instance_id:
            raise UsageError(f"that is a snapshot of {to.instance_id}, not of {self.task.instance_id}")
        with self._running("restore", image=to.image if to else self.task.image) as (old, _):
            fresh = self._new(to)
            if self._ended:
                fresh.close()
                raise self._over()
            self._clock.leave(old)
            self._use(fresh)
            old.close()

    def record(self, event: str, **fields: Any) -> None:
        """Write something of the agent's own into the trajectory, e.g. ``record("reasoning", text=...)``."""
        self.trajectory.write(event, **fields)

    @property
    def is_open(self) -> bool:
        """False once it was closed or its time was over."""
        return not self._ended

    def close(self, why: str = CLOSED) -> None:
        """Remove the container; closing twice is fine.  ``why`` is what later calls are told."""
        self._ended = self._ended or why
        timer = self._timer
        if timer is not None and timer is not threading.current_thread():
            timer.cancel()
            timer.join()  # it may be closing right now
        if self._finish is not None:
            self._finish()  # does its work once, however often it is called

    def _new(self, begin: Snapshot | None) -> Container:
        image = begin.image if begin else ensure_image(self._engine, self.task)
        hint = self.task.instance_id.lower()
        with self._setting.starting:
            return self._engine.container(image, limits=self._limits, name_hint=hint).start()

    def _use(self, container: Container) -> None:
        setting = self._setting
        if self._finish is not None:
            self._finish.detach()
        self._container = container
        self._finish = weakref.finalize(self, setting.end, container, self._engine, self.trajectory)

    @contextmanager
    def _running(self, event: str, **told: Any) -> Iterator[tuple[Container, dict[str, Any]]]:
        if self._ended:
            raise self._over()
        with self.trajectory.timed(event, **told) as found, self._clock.working():
            try:
                yield self._container, found
            except StageError as error:
                if self._ended:
                    raise self._over() from error
                raise
            if self._ended:  # what it found may come from a container that was just taken away
                raise self._over()

    def _over(self) -> UsageError | EpisodeError:
        what = f"the environment of {self.task.instance_id} {self._ended}"
        if self._ended == CLOSED:
            return UsageError(what, hint="start a new one")
        return EpisodeError(what, cause=CAUSES.get(self._ended, "episode_ended"))


def _expire(found: weakref.ref[Environment]) -> None:
    environment = found()
    if environment is not None:
        environment.close(TIME_IS_OVER)


def _absolute(path: str) -> str:
    return str(PurePosixPath(TESTBED) / path)
