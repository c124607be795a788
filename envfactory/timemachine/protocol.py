"""What one ecosystem's index looks like to the server: requests in, answers out.

A further ecosystem is one module whose class has this shape.  Knows nothing of sockets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class View:
    """The world that an address shows: as of when, and whose ledger is written."""

    cutoff: datetime
    token: str = ""


@dataclass(frozen=True)
class Request:
    """What a client asked: the path's parts after date and token, and the headers that matter."""

    parts: tuple[str, ...]
    accept: str = ""
    agent: str = ""
    head: bool = False


@dataclass(frozen=True)
class Answer:
    """Status, type and body; a body that comes in pieces has its length beside it if known."""

    status: int
    body: bytes | Iterator[bytes]
    content_type: str = "text/plain; charset=utf-8"
    length: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Ecosystem(Protocol):
    """One kind of package index."""

    NAME: str

    def respond(self, view: View, request: Request) -> Answer:
        """Answer one request; ``StageError`` where the upstream fails."""

    def root(self) -> Sequence[str]:
        """The path's parts below date and token at which clients start, e.g. ``("simple",)``."""

    def close(self) -> None:
        """Close connections."""
