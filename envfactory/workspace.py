"""Where files live: the one place that knows the paths of a workspace, of a task and of the user's cache.

    envfactory-work/
      envfactory.db                every record, attempt, rejection and failure (``envfactory.store``)
      envfactory.lock              held by the process that writes here
      dataset/                     the exported bundle, see ``envfactory.exporters``
      reports/                     pasteable reports of unexpected errors
      tasks/<instance_id>/
        logs/build.log             output of the image build
        logs/trial-<state>-<n>.log output of one test run
        logs/<stage>-error.log     what went wrong, traceback included
        work/                      scratch of the running stage, emptied when it ends

Naming a path never creates it: directories appear when somebody calls ``make`` or ``write_atomic``.
This module never reads what is inside the files, and never talks to Docker or to a database.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from envfactory.errors import NothingSelected, UsageError

DEFAULT_WORKSPACE = Path("envfactory-work")


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write a whole file or nothing: readers see the old content or the new, also after ``kill -9``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".incomplete", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def user_cache() -> Path:
    """What all workspaces of a user share: base systems, interpreters, files of the package index."""
    override = os.environ.get("ENVFACTORY_CACHE")
    if override:
        return Path(override).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("envfactory"))


@dataclass(frozen=True)
class TaskPaths:
    """The files of one task while it is made; the tree is drawn in the module's docstring."""

    root: Path

    @property
    def logs(self) -> Path:
        """Directory of all logs of the task."""
        return self.root / "logs"

    @property
    def build_log(self) -> Path:
        """Output of the image build."""
        return self.logs / "build.log"

    @property
    def work(self) -> Path:
        """Scratch of the running stage."""
        return self.root / "work"

    def trial_log(self, state: str, attempt: int) -> Path:
        """Log of run number ``attempt`` (from 1) of the tests in ``state``."""
        return self.logs / f"trial-{state}-{attempt}.log"

    def error_log(self, stage: str) -> Path:
        """What is known about the latest failure of ``stage``."""
        return self.logs / f"{stage}-error.log"

    def make(self) -> TaskPaths:
        """Create the directories; cheap when they exist."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(parents=True, exist_ok=True)
        return self

    def clear_work(self) -> None:
        """Remove the scratch directory and all in it."""
        shutil.rmtree(self.work, ignore_errors=True)


class Workspace:
    """One directory with all state of one production; see the module's docstring for its tree."""

    def __init__(self, root: Path, *, cache: Path | None = None) -> None:
        self.root = root.expanduser().absolute()
        self.cache = (cache or user_cache()).expanduser().absolute()

    def __repr__(self) -> str:
        return f"Workspace({str(self.root)!r})"

    @property
    def db(self) -> Path:
        """The SQLite file."""
        return self.root / "envfactory.db"

    @property
    def dataset(self) -> Path:
        """What ``run`` exports."""
        return self.root / "dataset"

    @property
    def reports(self) -> Path:
        """Pasteable reports of unexpected errors."""
        return self.root / "reports"

    @property
    def tasks(self) -> Path:
        """One directory per task."""
        return self.root / "tasks"

    @property
    def image_locks(self) -> Path:
        """Says which images running work uses, to all processes with the same cache."""
        return self.cache / "locks" / "images"

    def task(self, instance_id: str) -> TaskPaths:
        """Paths of one task; ``instance_id`` must be a plain name."""
        if not instance_id or instance_id.startswith(".") or "/" in instance_id or "\0" in instance_id:
            raise UsageError(f"{instance_id!r} cannot name a task directory")
        return TaskPaths(self.tasks / instance_id)

    def make(self) -> Workspace:
        """Create the directory, or say why that is impossible."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot make the workspace {self.root}: {error.strerror}",
                hint="name another directory with -w/--workspace",
            ) from error
        return self

    def require(self) -> Workspace:
        """For commands that only read: refuse a directory without a database, and create nothing."""
        if not self.db.is_file():
            raise NothingSelected(
                f"there is no workspace at {self.root}",
                hint="start one with `envfactory run SOURCE`, or name one with -w/--workspace",
            )
        return self

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the workspace for writing; a second writer is refused at once, not queued."""
        from filelock import FileLock, Timeout

        self.make()
        held = FileLock(self.root / "envfactory.lock", timeout=0)
        try:
            held.acquire()
        except Timeout:
            raise UsageError(
                f"another envfactory process is working in {self.root}",
                hint="wait for it to end, or give this one its own directory with -w/--workspace",
            ) from None
        try:
            yield
        finally:
            held.release()
