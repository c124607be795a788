"""Reads objects in bulk through ``git cat-file`` processes that stay open; never writes."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path

from envfactory.errors import CloneError
from envfactory.git.process import run, start, stop


class Objects:
    """Objects of one git directory by id.  One lock: threads may share it, workers should not need to."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = str(git_dir)
        self._lock = threading.Lock()
        self._sizes: subprocess.Popen[bytes] | None = None
        self._contents: subprocess.Popen[bytes] | None = None

    def size(self, name: str) -> int | None:
        """Bytes of an object, or ``None`` when it is not here."""
        with self._lock:
            self._sizes = self._sizes or self._start("--batch-check")
            header = self._ask(self._sizes, name)
        return header[1] if header else None

    def content(self, name: str) -> bytes | None:
        """An object's bytes, or ``None`` when it is not here."""
        with self._lock:
            self._contents = self._contents or self._start("--batch")
            header = self._ask(self._contents, name)
            if header is None:
                return None
            assert self._contents.stdout is not None
            content = self._contents.stdout.read(header[1] + 1)
        if len(content) != header[1] + 1:
            raise CloneError(f"object {name} ends early", cause="clone_corrupt")
        return content[:-1]

    def sizes(self, names: Iterable[str]) -> dict[str, int | None]:
        """Sizes of many objects at once; ``None`` for those that are not here."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return {}
        listing = run(
            ["cat-file", "--batch-check"],
            git_dir=self._git_dir,
            stdin="".join(f"{name}\n" for name in wanted).encode(),
        )
        lines = listing.decode(errors="replace").splitlines()
        fields = [line.split(" ") for line in lines]
        found = [int(field[2]) if len(field) == 3 and field[2].isdigit() else None for field in fields]
        return dict(zip(wanted, found, strict=True))

    def close(self) -> None:
        """End the processes; the next question starts new ones (which see newly added objects)."""
        with self._lock:
            for process in (self._sizes, self._contents):
                if process is not None:
                    stop(process)
            self._sizes = self._contents = None

    def _start(self, mode: str) -> subprocess.Popen[bytes]:
        return start(["cat-file", mode], git_dir=self._git_dir)

    def _ask(self, process: subprocess.Popen[bytes], name: str) -> tuple[str, int] | None:
        """Type and size from the answer's first line."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(name.encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except (OSError, ValueError) as error:
            raise CloneError(f"git cat-file ended while reading {name}", cause="clone_corrupt") from error
        fields = line.decode(errors="replace").split()
        if len(fields) >= 2 and fields[-1] in {"missing", "ambiguous"}:
            return None
        if len(fields) != 3 or not fields[2].isdigit():
            raise CloneError(f"git cat-file cannot read {name}", cause="clone_corrupt")
        return fields[1], int(fields[2])
