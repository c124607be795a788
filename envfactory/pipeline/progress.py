"""What the pipeline tells while it works; how that looks is the command line's business."""

from __future__ import annotations

from typing import Protocol

from envfactory.records import Record
from envfactory.store import Entry


class Progress(Protocol):
    """Told about every event, always from the same thread."""

    def mining(self, source: str, found: int) -> None:
        """So many pull requests were found in a source so far."""

    def remark(self, source: str, text: str) -> None:
        """Something worth a line happens while a source is mined, such as a wait."""

    def budget(self, source: str, text: str) -> None:
        """So much is left of the budget of the service that a source is mined from."""

    def total(self, count: int) -> None:
        """So many pull requests will be dealt with."""

    def started(self, stage: str, key: str) -> None:
        """A stage begins."""

    def finished(self, stage: str, key: str, result: Record, seconds: float, *, again: bool) -> None:
        """A stage ended; ``again`` when it will be tried once more."""

    def settled(self, key: str, entry: Entry | None, *, fresh: bool) -> None:
        """A pull request needs nothing more; not ``fresh``: it was so before this run."""


class Silent:
    """Tells nobody."""

    def mining(self, source: str, found: int) -> None:
        """Nothing."""

    def remark(self, source: str, text: str) -> None:
        """Nothing."""

    def budget(self, source: str, text: str) -> None:
        """Nothing."""

    def total(self, count: int) -> None:
        """Nothing."""

    def started(self, stage: str, key: str) -> None:
        """Nothing."""

    def finished(self, stage: str, key: str, result: Record, seconds: float, *, again: bool) -> None:
        """Nothing."""

    def settled(self, key: str, entry: Entry | None, *, fresh: bool) -> None:
        """Nothing."""
