"""What the git room hands out: plain immutable values.  Nothing here runs git."""

from __future__ import annotations

from typing import NamedTuple

GITLINK = "160000"
SYMLINK = "120000"
ABSENT = "000000"


class Entry(NamedTuple):
    """One file of a tree."""

    mode: str
    id: str


class Change(NamedTuple):
    """One path that differs between two trees; an absent side has mode ``000000`` and a zero id."""

    path: str
    status: str
    """``A`` added, ``M`` modified, ``D`` deleted, ``T`` changed its type."""
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str


class FoldedTree(NamedTuple):
    """A tree made of ordinary files only, and what could not be made so."""

    tree: str
    folded: tuple[str, ...] = ()
    """Paths of submodules whose files are in ``tree``."""
    unreachable: tuple[str, ...] = ()
    """``path (reason)`` of submodules that could not be fetched; they are left out of ``tree``."""
    missing: tuple[str, ...] = ()
    """Files whose content a partial clone does not have; they are left out of ``tree``."""


class Commit(NamedTuple):
    """One commit, fully read."""

    id: str
    parents: tuple[str, ...]
    author: str
    authored: int
    """Seconds since the epoch, UTC."""
    author_zone: str
    committer: str
    committed: int
    committer_zone: str
    subject: str
    body: str
