"""The source of a task: its base tree as a git bundle with one root commit.

The same candidate gives the same bytes, today and when a dataset is exported again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.errors import BuildError
from envfactory.records import Candidate

if TYPE_CHECKING:
    from envfactory.git import Clone
    from envfactory.git.tree import Tree

MESSAGE = "Initial commit\n"
"""Says nothing about the commit that the tree comes from."""


def trees(candidate: Candidate, clone: Clone) -> tuple[Tree, Tree]:
    """The candidate's base and after trees, folded again if the cache that held them was emptied."""
    pull = candidate.pull_request
    _restore(clone, pull.base_commit, candidate.base_tree)
    _restore(clone, pull.head_commit, candidate.after_tree)
    return clone.tree(candidate.base_tree), clone.tree(candidate.after_tree)


def write_source(candidate: Candidate, clone: Clone, destination: Path) -> str:
    """Write the bundle and return the id of its commit; the nearest version tag points to it too."""
    base = candidate.pull_request.base_commit
    _restore(clone, base, candidate.base_tree)
    return clone.source_bundle(
        candidate.base_tree, tag=clone.nearest_tag(base), message=MESSAGE, destination=destination
    )


def write_shared_source(
    candidate: Candidate, clone: Clone, since: datetime, destination: Path
) -> Tree | None:
    """The bundle of an earlier tree that neighbouring pull requests share, and that tree.

    It is the last commit before ``since`` on the base commit's first-parent line: a function of the
    base commit alone, so that neighbours agree on it without knowing of each other.  ``None`` when the
    history does not reach that far back.
    """
    base = candidate.pull_request.base_commit
    search = ["rev-list", "-1", "--first-parent", f"--before={int(since.timestamp())}", base]
    commit = clone.git(*search).decode().strip()
    if not commit:
        return None
    tree = clone.fold(commit).tree
    clone.source_bundle(tree, tag=clone.nearest_tag(commit), message=MESSAGE, destination=destination)
    return clone.tree(tree)


def quarter(when: datetime) -> datetime:
    """First moment of the quarter that ``when`` is in, UTC."""
    utc = when.astimezone(UTC)
    return datetime(utc.year, (utc.month - 1) // 3 * 3 + 1, 1, tzinfo=UTC)


def tree_bytes(clone: Clone, tree: str) -> int:
    """Bytes of all files of a tree."""
    listing = clone.git("ls-tree", "-r", "-l", "-z", "--full-tree", tree).split(b"\0")
    sizes = (line.split(b"\t")[0].split()[-1] for line in listing if line)
    return sum(int(size) for size in sizes if size.isdigit())


def _restore(clone: Clone, commit: str, tree: str) -> None:
    if clone.git("cat-file", "-t", tree, check=False).strip() == b"tree":
        return
    folded = clone.fold(commit).tree
    if folded != tree:
        raise BuildError(
            f"the tree of {commit} is now {folded}, it was {tree}",
            cause="source_changed",
            hint="run with --redo mine: a submodule has come or gone",
        )
