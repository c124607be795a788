"""The files that grading puts in place last: those of the test patch, as the merged change left them.

Reads trees only; ``envfactory.trials.staging`` writes them into containers.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, cast

from envfactory.errors import TrialError
from envfactory.records import Candidate, HiddenFile

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

LARGEST = 64 << 20
"""Bytes of one file; larger ones make no task that anybody could move around."""

_MODES = ("100644", "100755", "120000")


def hidden_files(after_tree: Tree, candidate: Candidate) -> tuple[HiddenFile, ...]:
    """Every path of the test patch with its bytes in ``after_tree``; deleted ones without content.

    Raises ``TrialError`` (``blob_missing``) and ``CloneError`` (``file_too_large``).
    """
    return read_files(after_tree, candidate.test_files)


def read_files(tree: Tree, paths: Iterable[str]) -> tuple[HiddenFile, ...]:
    """Those paths as they are in ``tree``; submodules and absent ones are ``None``."""
    return tuple(_read(tree, path) for path in sorted(set(paths)))


def _read(tree: Tree, path: str) -> HiddenFile:
    mode = tree.mode(path)
    if mode is None or mode == "160000":
        return HiddenFile(path=path, content=None)
    content = tree.read(path, limit=LARGEST)
    if content is None:
        raise TrialError(f"{path}: its content is not in the clone", cause="blob_missing")
    known = mode if mode in _MODES else "100644"  # old repositories hold 100664
    return HiddenFile(
        path=path,
        mode=cast(Literal["100644", "100755", "120000"], known),
        content=base64.b64encode(content).decode("ascii"),
    )
