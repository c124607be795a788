"""A *task repository* as swebench 5 keeps and publishes data sets: a folder per task, ``sweb.yaml`` on top.

``swebench dataset check DIR`` finds it well formed and ``swebench dataset build DIR`` makes Parquet of it.
swebench prescribes the names of images: each ``Dockerfile`` makes that name from ours, which has to be at
hand.  Splits are made of whole repositories.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from envfactory.errors import ExportError, boundary
from envfactory.exporters.files import json_bytes, new_directory, put
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.root_commit import root_commit
from envfactory.exporters.row import row
from envfactory.exporters.splits import split_of
from envfactory.records import Task
from envfactory.workspace import write_atomic

NAME = "swebench-repo"
CONFIG = "sweb.yaml"
FILES = {
    "patch": "gold.patch",
    "test_patch": "test.patch",
    "eval_script": "eval.sh",
    "problem_statement": "problem_statement.md",
    "hints_text": "hints.md",
}
"""Column -> file; the hints' file is only there if it has something in it."""
TESTS = ("FAIL_TO_PASS", "PASS_TO_PASS")
NOT_THEIRS = (
    "image_name",
    "docker_image",
    "install_config",
    "reward_spec",
    "bundle_digest",
    "overlap",
    "oracle",
)


def export(tasks: Iterable[Task], directory: Path, context: ExportContext) -> None:
    """Write ``tasks`` below ``directory``; other files there are left alone."""
    splits = set()
    with boundary(ExportError, f"cannot write {directory}", cause="export_failed"):
        for task in tasks:
            splits.add(_write(task, directory / "tasks" / task.instance_id, context))
        config = {"datasets": [_dataset(context)], "splits": sorted(splits)}
        write_atomic(directory / CONFIG, _yaml(config))


def image_name(instance_id: str) -> str:
    """The name that swebench derives for an instance's image (``swebench.task.checks``)."""
    return f"swebench/sweb.eval.x86_64.{instance_id}:latest".lower().replace("__", "_1776_")


def _write(task: Task, place: Path, context: ExportContext) -> str:
    flat = row(task, root=root_commit(task, context))
    split = split_of(flat["repo"])
    told = {key: value for key, value in flat.items() if key not in (*FILES, *TESTS, *NOT_THEIRS)}
    told |= {"image": image_name(task.instance_id), "split": split, "datasets": [_dataset(context)]}
    with new_directory(place) as draft:
        put(draft / "task.yaml", _yaml(told))
        put(draft / "tests.json", json_bytes({column: json.loads(flat[column]) for column in TESTS}))
        for column, name in FILES.items():
            if flat[column] or column != "hints_text":
                put(draft / name, str(flat[column]).encode(), 0o755 if name.endswith(".sh") else 0o644)
        put(draft / "Dockerfile", f"FROM {flat['image']}\n".encode())
    return split


def _dataset(context: ExportContext) -> str:
    return f"{context.name}/{context.name}"


def _yaml(data: dict[str, Any]) -> bytes:
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=True).encode()
