"""Marks the rows of a data set that are in a benchmark too: the column ``overlap``.

In a bundle the marks stand in ``overlap.json``, from which every later writing of the indexes takes them;
task directories are not touched.  The column is a JSON list of ``benchmark/instance_id (found by)``; ``[]``
says that the row was compared and found nowhere, the empty text that it never was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from envfactory.errors import ExportError, UsageError, boundary
from envfactory.exporters import parquet
from envfactory.exporters.benchmark import file_rows
from envfactory.exporters.files import json_bytes, json_line, sha256, sha256_of
from envfactory.mining.overlap import Benchmark, Match, keys
from envfactory.workspace import write_atomic

FILE = "overlap.json"
COLUMN = "overlap"
ROWS = "dataset.jsonl"
MANIFEST = "manifest.json"


class Compared(NamedTuple):
    """All rows of a data set, and what each was found to be."""

    rows: list[dict[str, Any]]
    matches: dict[str, list[Match]]
    """Of every row that is in a benchmark, by instance id."""


def compare(dataset: Path, benchmarks: Sequence[Benchmark]) -> Compared:
    """Look every row of a bundle, or of one file, up in the benchmarks."""
    path = dataset / ROWS if dataset.is_dir() else dataset
    if not path.is_file():
        raise UsageError(
            f"there is no data set at {dataset}",
            hint="give a bundle (with dataset.jsonl) or a .jsonl or .parquet file",
        )
    rows = [dict(row) for row in file_rows(path)]
    matches = {}
    for position, row in enumerate(rows):
        key = keys(row)
        found = [match for benchmark in benchmarks for match in benchmark.matches(key)]
        row[COLUMN] = column(found)
        if found:
            matches[key.instance_id or f"row {position}"] = found
    return Compared(rows, matches)


def column(matches: Iterable[Match]) -> str:
    """The text of the column for a row that was compared."""
    told = [f"{match.benchmark}/{match.instance_id} ({', '.join(match.by)})" for match in matches]
    return json.dumps(told, ensure_ascii=False)


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows to one ``.jsonl`` or ``.parquet`` file, whole or not at all."""
    if path.suffix == ".parquet":
        parquet.write(rows, path)
    elif path.suffix == ".jsonl":
        with boundary(ExportError, f"cannot write {path}", cause="export_failed"):
            write_atomic(path, b"".join(map(json_line, rows)))
    else:
        raise UsageError(f"cannot tell a format from {path.name}", hint="name a .jsonl or .parquet file")


def mark(directory: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put marked rows into the indexes of a bundle; ``manifest.json``, with their checksums, comes last.

    Each file is replaced in one step.  Interrupted, the same call makes them agree.
    """
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        files, measured = manifest["files"], manifest["measured"]["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{directory} is no bundle: its {MANIFEST} cannot be read",
            hint="write the marked rows elsewhere with --to FILE",
        ) from error
    marks = json_bytes({str(row["instance_id"]): row[COLUMN] for row in rows})
    texts = {FILE: marks, ROWS: b"".join(map(json_line, rows))}
    with boundary(ExportError, f"cannot write {directory}", cause="export_failed"):
        for name, content in texts.items():
            write_atomic(directory / name, content)
            files[name] = sha256(content)
        if (directory / parquet.FILE).exists():
            parquet.write(rows, directory / parquet.FILE)
            measured[parquet.FILE] = sha256_of(directory / parquet.FILE)
        write_atomic(directory / MANIFEST, json_bytes(manifest))


def marks_of(directory: Path) -> dict[str, str]:
    """Instance id -> column, as ``mark`` left it in a bundle; empty if it never ran."""
    try:
        data = json.loads((directory / FILE).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ExportError(f"cannot read {directory / FILE}: {error}", cause="export_failed") from error
    return {str(name): str(text) for name, text in data.items()} if isinstance(data, dict) else {}
