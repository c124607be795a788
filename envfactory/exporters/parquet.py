"""Rows as one Parquet file, for ``datasets.load_dataset`` and everything that reads Arrow.

Needs the extra ``parquet``; pyarrow is imported only when a file is written or read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from envfactory.errors import ExportError, UsageError, boundary
from envfactory.exporters.files import INCOMPLETE
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.row import task_row
from envfactory.records import Task

NAME = "parquet"
FILE = "data/train-00000-of-00001.parquet"


def available() -> bool:
    """Is pyarrow installed."""
    return find_spec("pyarrow") is not None


def export(tasks: Iterable[Task], directory: Path, context: ExportContext) -> None:
    """``data/train-00000-of-00001.parquet`` with one row per task, sorted by id."""
    rows = sorted((task_row(task, context) for task in tasks), key=lambda flat: str(flat["instance_id"]))
    write(rows, directory / FILE)


def write(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write ``rows`` atomically; raises ``UsageError`` without pyarrow."""
    if not available():
        raise UsageError(
            "writing Parquet needs pyarrow, which is not installed",
            hint='pip install "swe-envfactory[parquet]"',
        )
    import pyarrow as arrow
    import pyarrow.parquet

    draft = path.with_name(path.name + INCOMPLETE)
    with boundary(ExportError, f"cannot write {path}", cause="export_failed"):
        path.parent.mkdir(parents=True, exist_ok=True)
        table = arrow.Table.from_pylist(list(rows), schema=_schema(arrow, rows))
        arrow.parquet.write_table(table, draft, compression="zstd")
        draft.replace(path)


def read(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a Parquet file, batch by batch; raises ``UsageError`` without pyarrow."""
    if not available():
        raise UsageError(
            f"reading {path} needs pyarrow, which is not installed",
            hint='pip install "swe-envfactory[parquet]"',
        )
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    with file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()


def _schema(arrow: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Text, numbers, lists of text or structs of them: said here so that empty lists get a type too."""
    text = arrow.string()
    numbers = {bool: arrow.bool_(), int: arrow.int64(), float: arrow.float64()}

    def kind(value: Any) -> Any:
        if isinstance(value, Mapping):
            return arrow.struct([(key, kind(item)) for key, item in value.items()])
        return arrow.list_(text) if isinstance(value, list) else numbers.get(type(value), text)

    return arrow.schema([(key, kind(value)) for key, value in rows[0].items()]) if rows else arrow.schema([])
