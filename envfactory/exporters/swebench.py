"""SWE-bench rows alone: ``swebench.jsonl``, which ``swebench eval`` 5 and mini-swe-agent read.

Test ids are JSON strings, or lists with ``context.lists``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from envfactory.errors import ExportError, boundary
from envfactory.exporters.files import json_line
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.row import task_row
from envfactory.records import Task
from envfactory.workspace import write_atomic

NAME = "swebench"
FILE = "swebench.jsonl"


def export(tasks: Iterable[Task], directory: Path, context: ExportContext) -> None:
    """One row per task, sorted by id."""
    rows = sorted((task_row(task, context) for task in tasks), key=lambda flat: str(flat["instance_id"]))
    lines = [json_line(flat) for flat in rows]
    with boundary(ExportError, f"cannot write {directory / FILE}", cause="export_failed"):
        write_atomic(directory / FILE, b"".join(lines))
