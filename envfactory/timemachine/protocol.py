"""What one ecosystem's index looks like to the server: requests in, answers out.

A further ecosystem is one module whose class has this shape and one line in ``ecosystems``.  Knows
nothing of sockets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from envfactory.timemachine.dating import Dated
    from envfactory.timemachine.facts import File


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
    base: str = ""
    """The address up to date and token as the client wrote it, for answers that hold whole addresses."""


@dataclass(frozen=True)
class Answer:
    """Status, type and body; a body that comes in pieces has its length beside it if known."""

    status: int
    body: bytes | Iterator[bytes]
    content_type: str = "text/plain; charset=utf-8"
    length: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClientSetup:
    """What a client in a container needs: variables, and files (absolute path -> text)."""

    environment: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)


class Ecosystem(Protocol):
    """One kind of package index."""

    NAME: str
    PLACES: Sequence[str]
    """What the path's first part below date and token can be; no token may be called that.

    The first is where clients start.
    """

    def respond(self, view: View, request: Request) -> Answer:
        """Answer one request; ``StageError`` where the upstream fails."""

    @staticmethod
    def environment(url: str) -> Mapping[str, str]:
        """Variables that make the clients use the index at ``url`` only."""

    def client_files(self, url: str, given: str) -> Mapping[str, str]:
        """Files that they need beside these; ``given`` is how they are configured so far."""

    def close(self) -> None:
        """Close connections."""


@runtime_checkable
class Catalogue(Ecosystem, Protocol):
    """An ecosystem whose projects have dated files."""

    def files(self, name: str, cutoff: datetime | None) -> list[File] | None:
        """All files of a project as known well enough to show ``cutoff`` (``None``: what is known today).

        ``None`` if there is no such project.
        """

    def dated(self, name: str, cutoff: datetime) -> Dated | None:
        """What is shown of a project; ``None`` if there is no such project."""

    def effective_cutoff(self, name: str, cutoff: datetime) -> datetime:
        """The date as of which a project is shown: the cut-off, not below the project's floor."""
