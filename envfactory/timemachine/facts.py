"""What an index of packages consists of: plain values.

This module opens no file and talks to nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from envfactory.records import LedgerEntry, Rule

__all__ = ["File", "LedgerEntry", "Release", "Rule", "format_date", "parse_date", "releases"]
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
    checksum: str = ""
    """``<algorithm>:<hex>`` where the upstream announces another hash than sha256."""

    @property
    def announced(self) -> tuple[str, str]:
        """Algorithm and hex digits of the hash to verify; two empty strings when none was announced."""
        algorithm, _, digits = self.checksum.partition(":")
        return ("sha256", self.sha256) if self.sha256 else (algorithm, digits)

    @property
    def place(self) -> str:
        """Where a cache keeps it: the announced hash, else one of its address."""
        return self.announced[1] or hashlib.sha256(self.url.encode()).hexdigest()

    @property
    def is_wheel(self) -> bool:
        """Whether its metadata can be read without running anything."""
        return self.filename.endswith(".whl")


@dataclass(frozen=True)
class Release:
    """All files of one version that were visible."""

    version: str
    files: tuple[File, ...]


def releases(files: Sequence[File]) -> list[Release]:
    """Files grouped by version, in the order of their first upload."""
    versions: dict[str, list[File]] = {}
    for file in files:
        versions.setdefault(file.version, []).append(file)
    return [Release(version, tuple(members)) for version, members in versions.items()]


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
