"""Who may come in next: at most so many at a time, in turn between clients, each client in its order.

A client that asks for a thousand episodes does not keep another's single one waiting: each in turn gets
one.  Holds no thread: whoever waits, waits for a future.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from concurrent.futures import Future

from envfactory.errors import EpisodeError


class Turnstile:
    """``seats`` at a time, and at most ``max_waiting`` who wait (``None``: any number)."""

    def __init__(self, seats: int, max_waiting: int | None = None) -> None:
        self._lock = threading.Lock()
        self._free = seats
        self._seats = seats
        self._max_waiting = max_waiting
        self._lines: OrderedDict[str, deque[Future[None]]] = OrderedDict()
        self._closed = False

    def ask(self, client: str = "") -> Future[None]:
        """A future that is done when it is this asker's turn; then ``leave`` gives the seat back.

        Raises ``EpisodeError`` with cause ``pool_full`` (retryable) or ``pool_closed``.
        """
        ticket: Future[None] = Future()
        with self._lock:
            self._refuse()
            self._lines.setdefault(client, deque()).append(ticket)
            self._advance()
        return ticket

    def leave(self) -> None:
        """Give a seat back."""
        with self._lock:
            self._free += 1
            self._advance()

    def abandon(self, ticket: Future[None]) -> None:
        """The asker no longer wants its turn, or does not want it any more although it came."""
        if not ticket.cancel() and ticket.exception() is None:
            self.leave()

    def close(self) -> None:
        """Those who wait get an ``EpisodeError``, and so does everybody who asks from now on."""
        with self._lock:
            self._closed = True
            waiting = [ticket for line in self._lines.values() for ticket in line]
            self._lines.clear()
        for ticket in waiting:
            if ticket.set_running_or_notify_cancel():
                ticket.set_exception(_closed())

    def counts(self) -> tuple[int, int]:
        """How many are inside, and how many wait."""
        with self._lock:
            return self._seats - self._free, self._waiting()

    def _waiting(self) -> int:
        return sum(not ticket.cancelled() for line in self._lines.values() for ticket in line)

    def _refuse(self) -> None:
        if self._closed:
            raise _closed()
        if self._max_waiting is not None and self._free <= 0 and self._waiting() >= self._max_waiting:
            raise EpisodeError(
                f"all {self._seats} episodes are running and {self._max_waiting} requests wait already",
                cause="pool_full",
                retryable=True,
                hint="ask again later, or make the pool larger",
            )

    def _advance(self) -> None:
        while self._free > 0 and self._lines:
            client, line = self._lines.popitem(last=False)
            ticket = line.popleft()
            if line:
                self._lines[client] = line  # at the end: now it is the others' turn
            if ticket.set_running_or_notify_cancel():
                self._free -= 1
                ticket.set_result(None)


def _closed() -> EpisodeError:
    return EpisodeError("the pool is closed", cause="pool_closed")
