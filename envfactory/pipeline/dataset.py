"""Keeps ``WORKSPACE/dataset`` equal to the tasks in the store.

Tasks are written as they become valid; at the end everything else is removed and the indexes are made.
What cannot be written now is tried again at the end and by the next run; nothing is lost, because
the store has it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envfactory.errors import ExportError
from envfactory.records import Task
from envfactory.store import Store
from envfactory.store.funnel import funnel

if TYPE_CHECKING:
    from envfactory.exporters import BundleWriter, ExportContext


def tasks(store: Store, keys: list[str] | None = None) -> Iterator[Task]:
    """The valid tasks of a store, by instance id, one at a time; all, or those among ``keys``."""
    wanted = None if keys is None else set(keys)
    entries = [entry for entry in store.entries("extract") if entry.status == "ok"]
    for entry in sorted(entries, key=lambda entry: entry.instance_id):
        if wanted is None or entry.key in wanted:
            task = store.record("extract", entry.key, Task)
            if task is not None:
                yield task


def counts(store: Store) -> dict[str, Any]:
    """Per stage: in, out, rejected by reason, failed by cause."""
    return {stage: numbers.as_json() for stage, numbers in funnel(store.entries()).items()}


@contextmanager
def export_context(store: Store, cache: Path, **options: Any) -> Iterator[ExportContext]:
    """What exporters need beside the tasks; sources are made again from the clones."""
    from envfactory.exporters import ExportContext

    with tempfile.TemporaryDirectory(prefix="envfactory-export-") as folder:

        def source(task: Task) -> Path:
            return write_source(task, store, cache, Path(folder))

        yield ExportContext(source=source, funnel=counts(store), **options)


def write_source(task: Task, store: Store, cache: Path, folder: Path) -> Path:
    """The git bundle that the task's image was made from, made again."""
    from envfactory.builder.source import write_source as write
    from envfactory.pipeline.code import open_code

    found = store.found(task.candidate.pull_request.key)
    if found is None:
        raise ExportError(f"{task.instance_id}: its pull request is not in the store", cause="source_missing")
    for old in folder.iterdir():  # exporters copy it at once; a thousand sources would fill a disk
        old.unlink()
    destination = folder / f"{task.instance_id}.bundle"
    with open_code(found.pull_request, found.source, cache) as clone:
        write(task.candidate, clone, destination)
    return destination


class Dataset:
    """The growing dataset of one run."""

    def __init__(self, directory: Path, store: Store, cache: Path) -> None:
        self._directory, self._store, self._cache = directory, store, cache
        self._writer: BundleWriter | None = None
        self.trouble: dict[str, str] = {}
        """Instance id -> why it could not be written."""

    def add(self, task: Task) -> None:
        """Write one more task."""
        with export_context(self._store, self._cache) as context:
            self._write(self._open(context), task, refresh=True)

    def finish(self) -> None:
        """Write what is missing, remove what is no task any more, make the indexes."""
        with export_context(self._store, self._cache) as context:
            writer = self._open(context)
            kept = []
            for task in tasks(self._store):
                self._write(writer, task, refresh=False)
                kept.append(task.instance_id)
            writer.keep(kept)
            writer.finish()

    def _open(self, context: ExportContext) -> BundleWriter:
        from envfactory.exporters import BundleWriter

        if self._writer is None:
            self._writer = BundleWriter(self._directory, context)
        self._writer.context = context
        return self._writer

    def _write(self, writer: BundleWriter, task: Task, *, refresh: bool) -> None:
        try:
            writer.add(task, refresh=refresh)
            self.trouble.pop(task.instance_id, None)
        except ExportError as error:
            self.trouble[task.instance_id] = str(error)


__all__ = ["Dataset", "counts", "export_context", "tasks", "write_source"]
