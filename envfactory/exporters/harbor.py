"""A Harbor dataset and nothing else: task directories, ``registry.json`` and ``dataset.toml``.

The task directories are those of the native bundle, which is a Harbor dataset too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from envfactory.errors import ExportError, boundary
from envfactory.exporters.indexes import write_harbor_files
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.task_dir import read_complete, write_task
from envfactory.records import Task

NAME = "harbor"


def export(tasks: Iterable[Task], directory: Path, context: ExportContext) -> None:
    """Write ``tasks`` below ``directory``; other files there are left alone."""
    written = {}
    for task in tasks:
        target = directory / "tasks" / task.instance_id
        written[task.instance_id] = write_task(task, target, context, read_complete(target))
    with boundary(ExportError, f"cannot write {directory}", cause="export_failed"):
        write_harbor_files(directory, written, context)
