"""The files over all tasks of a bundle, made from the complete task directories and nothing else.

``manifest.json`` has the checksum of every file, and ``digest``: the identity of the dataset, made
from the tasks' own digests and so free of anything measured.  Parquet is derived from the rows and
written where pyarrow is installed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from envfactory import __version__
from envfactory.exporters import harbor_toml, overlap, parquet
from envfactory.exporters.files import json_bytes, json_line, sha256, sha256_of
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.row import with_lists
from envfactory.exporters.task_dir import PROVENANCE, ROW, Written
from envfactory.records import SCHEMA_VERSION, canonical_json
from envfactory.workspace import write_atomic

Tasks = Mapping[str, Written]
"""By instance id."""


def write_indexes(directory: Path, tasks: Tasks, context: ExportContext) -> None:
    """All index files below ``directory``; the manifest last."""
    ids = sorted(tasks)
    marks = {name: text for name, text in overlap.marks_of(directory).items() if name in tasks}
    rows = [_row(directory, instance_id, context, marks) for instance_id in ids]
    texts = {overlap.ROWS: b"".join(map(json_line, rows)), **_harbor_files(tasks, context)}
    if marks:
        texts[overlap.FILE] = json_bytes(marks)
    else:
        (directory / overlap.FILE).unlink(missing_ok=True)
    for name, content in texts.items():
        write_atomic(directory / name, content)
    derived = {}
    if parquet.available() and rows:
        parquet.write(rows, directory / parquet.FILE)
        derived[parquet.FILE] = sha256_of(directory / parquet.FILE)
    else:
        (directory / parquet.FILE).unlink(missing_ok=True)
    checksums = {name: sha256(content) for name, content in texts.items()}
    manifest = _manifest(tasks, context, checksums, derived)
    write_atomic(directory / "manifest.json", json_bytes(manifest))


def write_harbor_files(directory: Path, tasks: Tasks, context: ExportContext) -> None:
    """Only what Harbor reads."""
    for name, content in _harbor_files(tasks, context).items():
        write_atomic(directory / name, content)


def _harbor_files(tasks: Tasks, context: ExportContext) -> dict[str, bytes]:
    digests = {instance_id: harbor_toml.content_hash(written.files) for instance_id, written in tasks.items()}
    listed = harbor_toml.registry(sorted(tasks), context.name, context.version, context.description)
    dataset = harbor_toml.dataset_toml(digests, context.name, context.description)
    return {"registry.json": json_bytes(listed), "dataset.toml": tomli_w.dumps(dataset).encode()}


def _row(
    directory: Path, instance_id: str, context: ExportContext, marks: Mapping[str, str]
) -> dict[str, Any]:
    flat: dict[str, Any] = json.loads((directory / "tasks" / instance_id / ROW).read_bytes())
    flat[overlap.COLUMN] = marks.get(instance_id, "")
    return with_lists(flat) if context.lists else flat


def _manifest(
    tasks: Tasks,
    context: ExportContext,
    checksums: Mapping[str, str],
    derived: Mapping[str, str],
) -> dict[str, Any]:
    exact, measured = dict(checksums), dict(derived)
    for instance_id, written in tasks.items():
        prefix = f"tasks/{instance_id}/"
        exact |= {prefix + path: digest for path, digest in written.files.items()}
        measured[prefix + PROVENANCE] = written.provenance_sha256
    entries = {instance_id: _entry(written) for instance_id, written in tasks.items()}
    repositories = {written.repo for written in tasks.values()}
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "envfactory", "version": __version__},
        "dataset": {"name": context.name, "version": context.version, "description": context.description},
        "counts": {"tasks": len(tasks), "repositories": len(repositories)},
        "funnel": context.funnel,
        "tasks": entries,
        "files": exact,
        "digest": sha256(canonical_json(entries)),
        "measured": {
            "files": measured,
            "image_ids": {instance_id: written.image_id for instance_id, written in tasks.items()},
        },
    }


def _entry(written: Written) -> dict[str, str]:
    return {"bundle_digest": written.bundle_digest, "image": written.image, **written.digests}
