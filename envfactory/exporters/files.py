"""Deterministic bytes and atomic writes for exported files.

Equal data gives equal bytes; a file or directory appears whole under its name or not at all.  This
module knows no format of anybody's.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from envfactory.records import canonical_json

INCOMPLETE = ".incomplete"


def json_bytes(data: Any) -> bytes:
    """Readable JSON with sorted keys and a final newline."""
    return (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def json_line(data: Any) -> bytes:
    """One line of a JSON-lines file."""
    return (json.dumps(data, sort_keys=True, ensure_ascii=False) + "\n").encode()


def sha256(data: bytes) -> str:
    """Hex digest of ``data``."""
    return hashlib.sha256(data).hexdigest()


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(data: Any) -> str:
    """Hex digest of the canonical JSON of ``data``."""
    return sha256(canonical_json(data))


def files_below(directory: Path) -> list[str]:
    """Paths of all files below ``directory``, relative with ``/``, sorted."""
    found = []
    for folder, _, names in os.walk(directory):
        found += [(Path(folder) / name).relative_to(directory).as_posix() for name in names]
    return sorted(found)


def put(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file inside a directory that is not complete yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A fresh ``path.incomplete`` to fill; renamed to ``path`` (replacing it) when the block succeeds."""
    draft = path.with_name(path.name + INCOMPLETE)
    remove(draft)
    draft.mkdir(parents=True)
    try:
        yield draft
    except BaseException:
        remove(draft)
        raise
    remove(path)
    draft.rename(path)


def remove(path: Path) -> None:
    """Delete a file or directory that is ours; nothing if it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
