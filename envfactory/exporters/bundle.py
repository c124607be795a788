"""The native bundle: one directory per task and the indexes over them; a valid Harbor dataset.

    dataset.jsonl  data/*.parquet  registry.json  dataset.toml  manifest.json  tasks/<instance_id>/

``run`` calls ``BundleWriter.add`` whenever a task becomes valid; ``export`` writes a whole selection.
The indexes are made from the complete task directories on disk alone, so whatever was interrupted,
the next write makes them right again.  Nothing here looks into a task; see ``task_dir``.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from pathlib import Path

from envfactory.errors import ExportError, boundary
from envfactory.exporters.files import INCOMPLETE, remove
from envfactory.exporters.indexes import write_indexes
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.task_dir import Written, read_complete, write_task
from envfactory.records import Task

NAME = "bundle"
REFRESH_SECONDS = 5.0
"""While tasks stream in, the indexes are at most this old plus the time until the next task."""


def export(tasks: Iterable[Task], directory: Path, context: ExportContext) -> None:
    """Make ``directory`` the bundle of exactly ``tasks``."""
    writer = BundleWriter(directory, context)
    kept = []
    for task in tasks:
        writer.add(task, refresh=False)
        kept.append(task.instance_id)
    writer.keep(kept)
    writer.finish()


class BundleWriter:
    """A bundle that grows by one task at a time and is consistent after every call."""

    def __init__(self, directory: Path, context: ExportContext) -> None:
        self.directory = directory
        self.context = context
        self._tasks: dict[str, Written] = {}
        self._refreshed = 0.0
        with boundary(ExportError, f"cannot write {directory}", cause="export_failed"):
            (directory / "tasks").mkdir(parents=True, exist_ok=True)
        for path in sorted((directory / "tasks").iterdir()):
            if path.name.endswith(INCOMPLETE):
                remove(path)
            elif (written := read_complete(path)) is not None:
                self._tasks[path.name] = written

    def add(self, task: Task, *, refresh: bool = True) -> None:
        """Write the task's directory (unless it is there already), and now and then the indexes."""
        directory = self.directory / "tasks" / task.instance_id
        known = self._tasks.get(task.instance_id)
        self._tasks[task.instance_id] = write_task(task, directory, self.context, known)
        if refresh and time.monotonic() - self._refreshed >= REFRESH_SECONDS:
            self.finish()

    def keep(self, ids: Collection[str]) -> None:
        """Remove every task directory that is not among ``ids``, the broken ones too."""
        wanted = set(ids)
        for path in (self.directory / "tasks").iterdir():
            if path.name not in wanted:
                remove(path)
        self._tasks = {name: written for name, written in self._tasks.items() if name in wanted}

    def finish(self) -> None:
        """Write the indexes of what is there."""
        with boundary(ExportError, f"cannot write {self.directory}", cause="export_failed"):
            write_indexes(self.directory, self._tasks, self.context)
        self._refreshed = time.monotonic()
