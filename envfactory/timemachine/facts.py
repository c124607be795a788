"""What an index of packages consists of: plain values.

This module opens no file and talks to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

DATE_FORMATS = ("%Y-%m-%dT%H:%M:%SZ", "%Y%m%dT%H%M%SZ", "%Y-%m-%d")


@dataclass(frozen=True)
class File:
    """One file of a project.  ``upload_time`` is ``None`` where the upstream does not tell."""

    project: str
    version: str
    filename: str
    url: str
    sha256: str
    upload_time: datetime | None
    size: int | None = None
    requires_python: str = ""
    yanked: str | bool = False
    metadata_sha256: str = ""
    """Hash of the metadata file that the upstream offers beside a wheel; ``-`` when it tells no hash."""

    @property
    def is_wheel(self) -> bool:
        """Whether its metadata can be read without running anything."""
        return self.filename.endswith(".whl")


@dataclass(frozen=True)
class Release:
    """All files of one version that were visible."""

    version: str
    files: tuple[File, ...]


@dataclass(frozen=True)
class LedgerEntry:
    """One file that was handed out."""

    ecosystem: str
    name: str
    version: str
    filename: str
    sha256: str
    upload_time: datetime | None
    cutoff: datetime
    token: str = ""
    rule: str = "dated"
    """``dated``, or why a file newer than the cut-off was served: ``floor`` or ``earliest``."""


def parse_date(text: str) -> datetime:
    """A cut-off as it stands in an address.  ``ValueError`` for anything else."""
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"not a date: {text!r} (expected YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ)")


def format_date(moment: datetime) -> str:
    """A cut-off as it is written into an address; to the second, in UTC."""
    if moment.tzinfo is None:
        raise ValueError("a cut-off needs a time zone")
    return moment.astimezone(UTC).strftime(DATE_FORMATS[0])
