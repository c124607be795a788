"""The output of one command in a container: bounded, whatever the command prints.

Reads the engine's multiplexed stream straight from its socket.  Never buffers more than the cap,
never waits for a background child that holds the output open.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from envfactory.engine import wire

if TYPE_CHECKING:
    from docker import APIClient

WAKE = 0.5
"""Seconds between looks at deadline and disk while nothing is printed."""
_HEADER = 8


class Capture:
    """The first and last bytes of a stream, never more than ``limit``."""

    def __init__(self, limit: int) -> None:
        self._head_room = max(limit // 2, 1)
        self._tail_room = max(limit - self._head_room, 1)
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def add(self, data: bytes) -> None:
        """Take in what came; forget what does not fit between both ends."""
        self.total += len(data)
        room = self._head_room - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail += data
            if len(self._tail) > 4 * self._tail_room:
                del self._tail[: -self._tail_room]

    @property
    def truncated(self) -> bool:
        """Whether anything was forgotten."""
        return self.total > self._head_room + self._tail_room

    def text(self) -> str:
        """What was kept, with a line that says how much was not."""
        if not self.truncated:
            return (self._head + self._tail).decode("utf-8", "replace")
        lost = self.total - self._head_room - self._tail_room
        tail = self._tail[-self._tail_room :].decode("utf-8", "replace")
        return f"{self._head.decode('utf-8', 'replace')}\n[... {lost} bytes left out ...]\n{tail}"


class Demultiplexer:
    """Splits the engine's frames (type, 3 zero bytes, length, payload) as they arrive in any pieces."""

    def __init__(self, limit: int) -> None:
        self.stdout = Capture(limit)
        self.stderr = Capture(limit)
        self._header = bytearray()
        self._missing = 0
        self._target = self.stdout

    def feed(self, data: bytes) -> None:
        """Take in the next piece of the stream."""
        view = memoryview(data)
        while view:
            if self._missing:
                part, view = view[: self._missing], view[self._missing :]
                self._target.add(bytes(part))
                self._missing -= len(part)
                continue
            need = _HEADER - len(self._header)
            self._header += view[:need]
            view = view[need:]
            if len(self._header) == _HEADER:
                self._target = self.stderr if self._header[0] == 2 else self.stdout
                self._missing = int.from_bytes(self._header[4:], "big")
                self._header.clear()


class Stream:
    """The hijacked connection of one started exec."""

    def __init__(self, api: APIClient, exec_id: str, stdin: bytes | None, limit: int) -> None:
        self.output = Demultiplexer(limit)
        self._response = wire.start_exec(api, exec_id)
        # Output that arrived together with the headers sits in this buffer, so it is what is read,
        # not the bare socket below it (as the SDK does, which loses such output on a busy machine).
        self._reader: Any = self._response.raw._fp.fp
        self._socket: Any = self._reader.raw._sock
        self._socket.setblocking(False)
        self._stdin = memoryview(stdin) if stdin is not None else None
        self.ended = False

    def pump(self, until: float, watch: Callable[[], bool]) -> bool:
        """Move data till the command ends (``True``), or ``until`` comes or ``watch`` says stop."""
        self._read()
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, self._events())
            while not self.ended:
                left = until - time.monotonic()
                if left <= 0 or watch():
                    return False
                for _, ready in selector.select(min(left, WAKE)):
                    if ready & selectors.EVENT_WRITE:
                        self._write()
                        selector.modify(self._socket, self._events())
                    if ready & selectors.EVENT_READ and not self._read():
                        self.ended = True
        return True

    def close(self) -> None:
        """Give the connection back; what the command still prints goes nowhere."""
        for end in (self._response, self._reader, self._socket):
            with contextlib.suppress(OSError, ValueError):
                end.close()

    def _events(self) -> int:
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._stdin is not None else 0)

    def _read(self) -> bool:
        """Take what is there; ``False`` if there was nothing, which after a wake-up means the end."""
        try:
            data = self._reader.read1(1 << 18)
        except (ssl.SSLWantReadError, BlockingIOError):
            return True
        if data:
            self.output.feed(data)
            if getattr(self._socket, "pending", int)():  # decrypted already, so no wake-up will tell
                self._read()
        return bool(data)

    def _write(self) -> None:
        if not self._stdin:
            self._half_close()
            return
        try:
            self._stdin = self._stdin[self._socket.send(self._stdin[: 1 << 16]) :]
        except BlockingIOError:
            return
        except OSError:  # the command closed its input without reading all of it
            self._stdin = None
            return
        if not self._stdin:
            self._half_close()

    def _half_close(self) -> None:
        self._stdin = None
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
