"""A read-only view of one tree: names, modes and contents without a checkout.

Symbolic links are files whose content is their target and are never followed, wherever they lead.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from envfactory.errors import CloneError
from envfactory.git.objects import Objects
from envfactory.git.records import GITLINK, Entry

TEXT_LIMIT = 1 << 20


class Tree:
    """The files of one tree id.  Paths are ``/``-separated, from the top; made by ``Clone.tree``."""

    def __init__(self, name: str, listing: bytes, objects: Objects) -> None:
        self.id = name
        self._listing = listing
        self._objects = objects

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Path -> mode and object id, in git's order; paths that are not UTF-8 hold surrogates."""
        return parse_listing(self._listing)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted(path for path, entry in self.entries.items() if entry.mode != GITLINK))

    def paths(self) -> Sequence[str]:
        """All file paths, sorted; submodules that are not folded in are no files."""
        return self._paths

    def exists(self, path: str) -> bool:
        """True for a file (or link) of exactly this path."""
        return path in self.entries

    def mode(self, path: str) -> str | None:
        """``100644``, ``100755``, ``120000`` or ``160000``; ``None`` when absent."""
        entry = self.entries.get(path)
        return entry.mode if entry else None

    def blob(self, path: str) -> str | None:
        """The object id of a path: equal ids are equal contents."""
        entry = self.entries.get(path)
        return entry.id if entry else None

    def read(self, path: str, limit: int | None = 1 << 20) -> bytes | None:
        """A file's exact bytes; ``None`` if absent, a submodule, or its content is not in the clone.

        A file of more than ``limit`` bytes raises ``CloneError`` (cause ``file_too_large``): half a
        file must never be taken for a whole one.
        """
        entry = self.entries.get(path)
        if entry is None or entry.mode == GITLINK:
            return None
        size = self._objects.size(entry.id)
        if size is None:
            return None
        if limit is not None and size > limit:
            raise CloneError(f"{path} has {size} bytes, more than {limit}", cause="file_too_large")
        return self._objects.content(entry.id)

    def text(self, path: str) -> str | None:
        """A file as text, undecodable bytes replaced; ``None`` where ``read`` says so or above 1 MiB."""
        entry = self.entries.get(path)
        if entry is None or entry.mode == GITLINK:
            return None
        size = self._objects.size(entry.id)
        if size is None or size > TEXT_LIMIT:
            return None
        content = self._objects.content(entry.id)
        return None if content is None else content.decode("utf-8-sig", errors="replace")

    def glob(self, pattern: str) -> list[str]:
        """Files whose whole path matches a shell pattern; ``*`` crosses ``/`` too."""
        return [path for path in self._paths if fnmatchcase(path, pattern)]


def parse_listing(listing: bytes) -> dict[str, Entry]:
    """Output of ``git ls-tree -r -z`` as path -> entry."""
    entries: dict[str, Entry] = {}
    for line in listing.split(b"\0"):
        if line:
            fields, _, path = line.partition(b"\t")
            mode, _, name = fields.decode().split(" ")
            entries[os.fsdecode(path)] = Entry(mode, name)
    return entries
