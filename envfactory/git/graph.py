"""The commit graph of a clone in one streaming pass, small enough for histories of any length.

Per commit it keeps an id, parents and three numbers; messages are read again when they are needed.
It does not know what a pull request is: callers pass a function that looks at each subject once.
"""

from __future__ import annotations

import heapq
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from envfactory.errors import CloneError
from envfactory.git.process import start, stop

_FORMAT = "--format=%P%n%an <%ae>%n%at%n%ct%n%cn%n%s"
_LINES = 7

Look = Callable[[int, int, str, str], None]
"""Called with (position, number of parents, committer's name, subject)."""


class Graph:
    """Commits by position; children come before their parents."""

    def __init__(self) -> None:
        self.position: dict[bytes, int] = {}
        self.ids: list[bytes] = []
        self.parents: list[tuple[int, ...]] = []
        self.cut: set[int] = set()
        """Positions whose parents are recorded but not in the graph."""
        self.person = array("q")
        """Fingerprint of author and author date: what a rebase and a cherry-pick keep."""
        self.subject = array("q")
        """Fingerprint of the subject line."""
        self.authored = array("q")
        self.committed = array("q")
        self.generation = array("l")

    def load(
        self, view: Path, tips: Iterable[str], without: Iterable[str] = (), look: Look | None = None
    ) -> None:
        """Add all commits reachable from ``tips`` but not from ``without``."""
        first = len(self.ids)
        wanted = [*tips, *(f"^{name}" for name in without)]
        pending: list[tuple[bytes, ...]] = []
        for fields in _stream(view, wanted):
            name = bytes.fromhex(fields[0][7:].decode())
            position = len(self.ids)
            self.position[name] = position
            self.ids.append(name)
            pending.append(tuple(bytes.fromhex(parent.decode()) for parent in fields[1].split()))
            self.authored.append(_number(fields[3]))
            self.committed.append(_number(fields[4]))
            self.person.append(_fingerprint(fields[2] + b"\0" + fields[3]))
            self.subject.append(_fingerprint(fields[6]))
            if look is not None:
                committer, subject = fields[5].decode(errors="replace"), fields[6].decode(errors="replace")
                look(position, len(pending[-1]), committer, subject)
        self._link(first, pending)

    def hex(self, position: int) -> str:
        """The commit id as git prints it."""
        return self.ids[position].hex()

    def find(self, name: str) -> int | None:
        """Position of a full commit id."""
        return self.position.get(bytes.fromhex(name))

    def own(self, tip: int, base: int) -> list[int]:
        """Commits reachable from ``tip`` and not from ``base``, newest first.

        Walks both sides by descending generation, so it costs what lies between them and no more.
        """
        theirs = {tip: False, base: True}
        queue = [(-self.generation[node], node) for node in theirs]
        heapq.heapify(queue)
        open_nodes = 0 if tip == base else 1
        found = []
        while queue and open_nodes:
            _, node = heapq.heappop(queue)
            excluded = theirs[node]
            if not excluded:
                open_nodes -= 1
                found.append(node)
            for parent in self.parents[node]:
                if parent not in theirs:
                    theirs[parent] = excluded
                    heapq.heappush(queue, (-self.generation[parent], parent))
                    open_nodes += not excluded
                elif excluded and not theirs[parent]:
                    theirs[parent] = True
                    open_nodes -= 1
        return found

    def ancestors(self, tip: int) -> bytearray:
        """One byte per commit: 1 for ``tip`` and everything reachable from it."""
        marks = bytearray(len(self.ids))
        stack = [tip]
        marks[tip] = 1
        while stack:
            for parent in self.parents[stack.pop()]:
                if not marks[parent]:
                    marks[parent] = 1
                    stack.append(parent)
        return marks

    def _link(self, first: int, pending: Sequence[tuple[bytes, ...]]) -> None:
        """Resolve parents, then generations, oldest first."""
        for offset, names in enumerate(pending):
            known = tuple(self.position[name] for name in names if name in self.position)
            if len(known) != len(names):
                self.cut.add(first + offset)
                known = known if names and names[0] in self.position else ()
            self.parents.append(known)
        self.generation.extend([0] * len(pending))
        for position in range(len(self.ids) - 1, first - 1, -1):
            above = [self.generation[parent] for parent in self.parents[position]]
            self.generation[position] = 1 + max(above, default=0)


def _stream(view: Path, wanted: Sequence[str]) -> Iterable[list[bytes]]:
    """The seven lines of each commit, as git writes them."""
    arguments = ["rev-list", "--topo-order", "--encoding=UTF-8", _FORMAT, "--stdin"]
    process = start(arguments, git_dir=str(view))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write("".join(f"{name}\n" for name in wanted).encode())
        process.stdin.close()
        lines: list[bytes] = []
        for line in process.stdout:
            lines.append(line.removesuffix(b"\n"))
            if len(lines) == _LINES:
                yield lines
                lines = []
        if process.wait() != 0 or lines:
            raise CloneError("git rev-list could not read the whole history", cause="clone_corrupt")
    except BrokenPipeError as error:
        raise CloneError("git rev-list ended early", cause="clone_corrupt") from error
    finally:
        stop(process)


def _number(text: bytes) -> int:
    value = int(text) if text.lstrip(b"-").isdigit() else 0
    return max(min(value, 1 << 62), -(1 << 62))


def _fingerprint(text: bytes) -> int:
    """62 bits that are the same in every process (``hash`` is not)."""
    return (zlib.crc32(text) << 30) ^ (zlib.adler32(text) & 0x3FFFFFFF)
