"""The source of a task: its base tree as a git bundle with one root commit.

The same candidate gives the same bytes, today and when a dataset is exported again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.errors import BuildError
from envfactory.records import Candidate

if TYPE_CHECKING:
    from envfactory.git import Clone

MESSAGE = "Initial commit\n"
"""Says nothing about the commit that the tree comes from."""


def write_source(candidate: Candidate, clone: Clone, destination: Path) -> str:
    """Write the bundle and return the id of its commit; the nearest version tag points to it too."""
    base = candidate.pull_request.base_commit
    if not _present(clone, candidate.base_tree):
        # folded trees live in a cache that may have been emptied since the candidate was made
        folded = clone.fold(base).tree
        if folded != candidate.base_tree:
            raise BuildError(
                f"{candidate.instance_id}: the base tree is now {folded}, it was {candidate.base_tree}",
                cause="source_changed",
                hint="run with --redo mine: a submodule has come or gone",
            )
    return clone.source_bundle(
        candidate.base_tree, tag=clone.nearest_tag(base), message=MESSAGE, destination=destination
    )


def _present(clone: Clone, tree: str) -> bool:
    return clone.git("cat-file", "-t", tree, check=False).strip() == b"tree"
