"""Reads rows that somebody wrote: JSON lines, Parquet, a folder of them, or a Hugging Face data set.

Rows come as mappings, in the order of the file.  Nothing here interprets a row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from envfactory.errors import ExportError, UsageError, boundary
from envfactory.exporters import parquet

Row = Mapping[str, Any]
_IDENTIFIER = re.compile(r"[\w.-]+/[\w.-]+(?::[\w.-]+)?")
"""``owner/name`` or ``owner/name:split``."""
_LINES, _PARQUET = (".jsonl", ".json", ".ndjson"), ".parquet"


def benchmark_rows(source: str) -> Iterator[Row]:
    """All rows of a file, a folder or a Hugging Face id.  Raises ``UsageError`` if it is none of these."""
    path = Path(source).expanduser()
    if path.is_dir():
        found = sorted(item for item in path.rglob("*") if item.suffix in (".jsonl", _PARQUET))
        if (path / "dataset.jsonl") in found:
            found = [path / "dataset.jsonl"]  # a bundle: Parquet repeats it
        if not found:
            raise UsageError(f"there is no .jsonl or .parquet file in {path}")
        for item in found:
            yield from file_rows(item)
    elif path.is_file():
        yield from file_rows(path)
    elif _IDENTIFIER.fullmatch(source) and path.suffix != _PARQUET:
        yield from _hub_rows(source)
    else:
        raise UsageError(f"there is no file {source}", hint="give a .jsonl or .parquet file")


def file_rows(path: Path) -> Iterator[Row]:
    """The rows of one file."""
    if path.suffix == _PARQUET:
        yield from parquet.read(path)
        return
    if path.suffix not in _LINES:
        raise UsageError(f"{path} is neither JSON lines nor Parquet, by its name")
    try:
        text = path.read_text(encoding="utf-8")
        if text.lstrip().startswith("["):
            records = json.loads(text)
        else:
            records = [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    if not all(isinstance(record, dict) for record in records):
        raise UsageError(f"{path} holds something else than one object per row")
    yield from records


def _hub_rows(source: str) -> Iterator[Row]:
    name, _, split = source.partition(":")
    try:
        import datasets
    except ImportError:
        raise UsageError(
            f"{source} is no file, and reading it from Hugging Face needs `datasets`, which is not installed",
            hint='pip install "swe-envfactory[huggingface]"',
        ) from None
    with boundary(ExportError, f"cannot load {name} from Hugging Face", cause="benchmark_unreadable"):
        loaded = datasets.load_dataset(name, split=split or None)
    splits = [loaded] if split else loaded.values()
    for part in splits:
        yield from part


__all__ = ["Row", "benchmark_rows", "file_rows"]
