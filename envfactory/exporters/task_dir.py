"""One task's directory of a bundle: complete under its name, or not there.

    task.toml  instruction.md
    environment/   Dockerfile and build context; ``spec.json``
    tests/         test.sh grade.py and what they read; hidden tests (``envfactory.exporters.hidden``)
    solution/      solve.sh gold.patch
    provenance.json

A directory that already holds exactly this task is left alone.  This module writes no index of the
dataset; see ``envfactory.exporters.bundle``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomli_w

from envfactory import __version__
from envfactory.errors import ExportError, FactoryError, StageError, boundary
from envfactory.exporters import hidden
from envfactory.exporters.files import (
    digest_of,
    files_below,
    json_bytes,
    new_directory,
    put,
    sha256,
    sha256_of,
)
from envfactory.exporters.harbor_toml import task_toml
from envfactory.exporters.instruction import instruction
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.provenance import provenance
from envfactory.exporters.root_commit import root_commit
from envfactory.exporters.row import row
from envfactory.exporters.runtime_files import grader_files
from envfactory.records import Task

PROVENANCE = "provenance.json"
ROW = "tests/config.json"


@dataclass(frozen=True)
class Written:
    """What the indexes need to know of a complete task directory."""

    repo: str
    image: str
    image_id: str
    inputs: str
    """Digest of all that the directory was made from."""
    bundle_digest: str
    digests: Mapping[str, str]
    files: Mapping[str, str]
    """Path -> sha256, without provenance."""
    provenance_sha256: str


def write_task(task: Task, directory: Path, context: ExportContext, present: Written | None) -> Written:
    """Make ``directory`` hold ``task``.  Raises ``ExportError``.

    ``present`` is what ``read_complete`` said of the directory before.
    """
    root = root_commit(task, context)
    inputs = _inputs(task, context, root)
    if present is not None and present.inputs == inputs:
        return present
    failing = boundary(ExportError, f"cannot write {directory}", cause="export_failed")
    with failing, new_directory(directory) as draft:
        _write_parts(task, draft, context, root)
        _write_environment(task, draft / "environment", context)
        checksums = {path: sha256_of(draft / path) for path in files_below(draft)}
        bundle_digest = digest_of(checksums)
        put(draft / ROW, json_bytes(row(task, root=root, bundle_digest=bundle_digest)))
        data = provenance(task) | {"inputs": inputs, "bundle_digest": bundle_digest}
        data["files"] = {**checksums, ROW: sha256_of(draft / ROW)}
        content = json_bytes(data)
        put(draft / PROVENANCE, content)
    return _written(data, content)


def read_complete(directory: Path) -> Written | None:
    """What a task directory says of itself if every file has the checksum it was written with."""
    try:
        content = (directory / PROVENANCE).read_bytes()
        written = _written(json.loads(content), content)
        if files_below(directory) != sorted([*written.files, PROVENANCE]):
            return None
        intact = all(sha256_of(directory / path) == digest for path, digest in written.files.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return written if intact else None


def _written(data: Mapping[str, Any], content: bytes) -> Written:
    return Written(
        repo=data["pull_request"]["repo"],
        image=data["image"],
        image_id=data["measured"]["image_id"],
        inputs=data["inputs"],
        bundle_digest=data["bundle_digest"],
        digests=data["digests"],
        files=data["files"],
        provenance_sha256=sha256(content),
    )


def _inputs(task: Task, context: ExportContext, root: str) -> str:
    """Digest of all that determines the directory's stable content."""
    environment = task.environment
    records = (task.candidate, environment.spec, environment.image, task.reward_spec)
    shipped = {name: sha256(content) for name, content in grader_files(task, root).items()}
    digests = [record.digest for record in records]
    if task.oracle is not None:
        digests.append(task.oracle.digest)
    return digest_of([__version__, digests, shipped, context.name, context.thin])


def _write_parts(task: Task, draft: Path, context: ExportContext, root: str) -> None:
    put(draft / "task.toml", tomli_w.dumps(task_toml(task, root, context.name)).encode())
    put(draft / "instruction.md", instruction(task).encode())
    put(draft / "solution/gold.patch", task.candidate.gold_patch.encode())
    put(draft / "solution/solve.sh", _runtime("solve.sh"), 0o755)
    data, texts = hidden.split(task.reward_spec)
    put(draft / "tests/reward_spec.json", json_bytes(data))
    for name, content in texts.items():
        put(draft / "tests" / name, content)
    for name, content in grader_files(task, root).items():
        put(draft / "tests" / name, content, 0o755 if name.endswith(".sh") else 0o644)


def _runtime(name: str) -> bytes:
    return files("envfactory.exporters").joinpath("runtime", name).read_bytes()


def _write_environment(task: Task, directory: Path, context: ExportContext) -> None:
    spec = task.environment.spec
    if context.thin:
        put(directory / "Dockerfile", f"FROM {task.environment.image.tag}\n".encode())
        put(directory / "spec.json", json_bytes(spec.model_dump(mode="json")))
        return
    if context.source is None:
        raise ExportError(
            f"{task.instance_id}: the source of its image is not at hand",
            cause="source_missing",
            hint="export with --thin, or where the repository's clone is",
        )
    from envfactory.builder.context import write_context

    try:
        write_context(spec, context.source(task), directory)
    except FactoryError as error:
        cause = error.cause if isinstance(error, StageError) else "source_missing"
        raise ExportError(f"{task.instance_id}: {error}", cause=cause, hint=error.hint) from error
