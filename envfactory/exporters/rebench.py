"""Rows as SWE-rebench and SWE-Gym have them: ``swe-rebench.jsonl`` with test ids as lists.

Read by NeMo Gym's SWE-rebench server and what was written for those data sets.  Beside the columns of
our row: ``license_name``, ``docker_image``, ``meta`` and ``install_config`` in their shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from envfactory.errors import ExportError, boundary
from envfactory.exporters.eval_script import command_line
from envfactory.exporters.files import json_line
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.root_commit import root_commit
from envfactory.exporters.row import row, with_lists
from envfactory.records import Task
from envfactory.workspace import write_atomic

NAME = "swe-rebench"
FILE = "swe-rebench.jsonl"
COLUMNS = (
    "instance_id", "repo", "base_commit", "patch", "test_patch", "problem_statement", "hints_text",
    "created_at", "version", "environment_setup_commit", "FAIL_TO_PASS", "PASS_TO_PASS", "image_name",
    "docker_image", "language",
)  # fmt: skip


def export(tasks: Iterable[Task], directory: Path, context: ExportContext) -> None:
    """One row per task, sorted by id."""
    rows = sorted((rebench_row(task, context) for task in tasks), key=lambda flat: str(flat["instance_id"]))
    with boundary(ExportError, f"cannot write {directory / FILE}", cause="export_failed"):
        write_atomic(directory / FILE, b"".join(map(json_line, rows)))


def rebench_row(task: Task, context: ExportContext) -> dict[str, Any]:
    """The row of one task."""
    flat, candidate = with_lists(row(task, root=root_commit(task, context))), task.candidate
    return {
        **{column: flat[column] for column in COLUMNS},
        "license_name": candidate.license,
        "install_config": {
            # The image is installed already; their harness runs these before and as the tests.
            "install": " && ".join(task.reward_spec.rebuild_steps),
            "test_cmd": command_line(task),
            "log_parser": flat["log_parser"],
            "pre_install": [],
            "python": _python(task),
        },
        "meta": {
            "num_modified_files": len(candidate.source_files),
            "has_test_patch": bool(candidate.test_patch),
            "issue_text_score": None,
        },
        "environment": None,
        "requirements": "\n".join(sorted(_pinned(task))),
    }


def _python(task: Task) -> str:
    toolchain = task.environment.spec.toolchain
    return toolchain.version if toolchain.name == "python" else ""


def _pinned(task: Task) -> Iterable[str]:
    return (f"{one.name}=={one.version}" for one in task.environment.spec.dependencies)
