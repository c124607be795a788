"""Makes new trees out of old ones, in an index file of its own; touches no work tree and no clone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from envfactory.git.process import run
from envfactory.git.records import Entry


def graft(view: Path, tree: str, files: Mapping[str, Entry | None]) -> str:
    """The id of ``tree`` with each of ``files`` put in place, or taken out where it is ``None``.

    Contents need not be present (partial clones): only their ids are used.
    """
    if not files:
        return tree
    width = len(tree)
    removals = [f"0 {'0' * width}\t{path}" for path in files]
    additions = [f"{entry.mode} {entry.id}\t{path}" for path, entry in files.items() if entry is not None]
    with tempfile.TemporaryDirectory(prefix="index-", dir=view) as scratch:
        env = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        run(["read-tree", tree], git_dir=str(view), env=env)
        feed = b"".join(os.fsencode(line) + b"\0" for line in _ordered(removals, additions))
        run(["update-index", "-z", "--index-info"], git_dir=str(view), env=env, stdin=feed)
        return run(["write-tree", "--missing-ok"], git_dir=str(view), env=env).decode().strip()


def _ordered(removals: Iterable[str], additions: Iterable[str]) -> Iterable[str]:
    """Removals first: a file may become a directory of the same name."""
    yield from removals
    yield from additions
