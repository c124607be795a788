"""What a miner is: one module with these names, found through the entry-point group ``envfactory.miners``.

A miner turns a source (a clone, a repository's name, an archive) into pull requests.  It makes no
patches, screens nothing and starts no container.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from envfactory.records import PullRequest, Rejection


@dataclass(frozen=True)
class MineOptions:
    """Which pull requests are wanted, and where a miner may keep what it fetched."""

    cache: Path
    since: datetime | None = None
    """Merged at or after; compared as instants (naive values are UTC)."""
    until: datetime | None = None
    """Merged before."""
    limit: int | None = None
    """At most so many pull requests of each repository, newest merge first."""
    numbers: frozenset[int] | None = None
    """Only these; each gives a pull request or a rejection that says why not."""
    repo: str | None = None
    """``owner/name`` to use instead of what the source says."""
    max_wait: float = 0.0
    """Seconds that a miner may wait for a remote limit before it raises ``RateLimited``."""
    tell: Callable[[str], None] = lambda text: None
    """Told what is worth a line: what is waited for, what is left out."""
    budget: Callable[[str], None] = lambda text: None
    """Told, with every call, what is left of a remote budget."""


class Miner(Protocol):
    """One way to find pull requests; a module satisfies this."""

    @property
    def NAME(self) -> str:
        """Key in ``MINERS``."""

    def recognises(self, source: str) -> bool:
        """True when this miner can read ``source``; cheap, and never raises."""

    def mine(self, source: str, options: MineOptions) -> Iterator[PullRequest | Rejection]:
        """Newest merge first.  Raises ``UsageError`` or ``CloneError`` when the source cannot be read,
        ``RateLimited`` when a service asks to wait too long, ``RemoteError`` when it does not answer."""
