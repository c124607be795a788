"""Writes the keyed lines of a collector's report; knows nothing of any test runner.

Each line is ``<mac> <json>``.  The key is replaced by its own hash after every line and the old one is
overwritten, so whoever reads this process's memory can at most write what comes next: what stands in
the report already cannot be written anew.  See ``report_lines.py`` for the reader.

Standard library only, Python 3.6 syntax.  PYTEST_DONT_REWRITE
"""

# ruff: noqa: PTH108
import fcntl
import hashlib
import json
import os
import time
from typing import Any

KEY_BYTES = 32
STEP = b"next line"
"""What is hashed under a line's key to give the key of the line after it."""


def take_key(path: str) -> bytearray:
    """The key in the file of that name, which is removed; never held in memory that cannot be cleared."""
    key = bytearray(KEY_BYTES)
    fd = os.open(path, os.O_RDONLY)
    try:
        os.readv(fd, [key])
    finally:
        os.close(fd)
    os.unlink(path)
    return key


class Writer:
    """Appends keyed lines to the report.  Keeps references of its own: tests patch ``os`` and ``time``."""

    def __init__(self, path: str, key: bytearray) -> None:
        self._encode = json.JSONEncoder(sort_keys=True).encode
        self._tools = (os.write, os.fstat, os.open, os.getpid, hashlib.blake2b, time.perf_counter)
        self._path, self._key = path, key
        self._pid = os.getpid()
        self._number = 0
        self._begin = time.perf_counter()
        first = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # A high number: suites that look at the lowest free descriptor see what they always see.
        self._fd = fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, 100)
        os.close(first)
        self._file = self._identity()

    def put(self, kind: str, **fields: Any) -> None:
        """One line; silent in a process forked by a test, which would report everything twice."""
        write, _, _, getpid, blake2b, clock = self._tools
        if getpid() != self._pid:
            return
        fields.update(t=kind, n=self._number, at=round(clock() - self._begin, 4))
        line = self._encode(fields).encode("ascii")
        mac = blake2b(line, digest_size=8, key=self._key).hexdigest().encode("ascii")
        self._key[:] = blake2b(STEP, digest_size=KEY_BYTES, key=self._key).digest()
        self._number += 1
        data = mac + b" " + line + b"\n"
        try:
            self._reopen_if_lost()
            while data:
                data = data[write(self._fd, data) :]
        except OSError:  # disk full: a report without its end says so
            self._pid = -1

    def _identity(self) -> Any:
        return self._tools[1](self._fd)[1:3]  # inode and device

    def _reopen_if_lost(self) -> None:
        try:
            if self._identity() == self._file:
                return
        except OSError:
            pass
        self._fd = self._tools[2](self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
