"""What an exporter is, and what it may know beside the tasks themselves.

An exporter is one module with ``NAME`` and ``export``; ``envfactory/exporters/__init__.py`` checks
each against the protocol where it registers it.  Nothing here reads or writes a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from envfactory.records import Task


@dataclass(frozen=True)
class ExportContext:
    """Options of an export, and where the bulky inputs of a task are found."""

    source: Callable[[Task], Path] | None = None
    """Git bundle of the task's base tree as the image was made from; may be ``None`` if ``thin``."""
    name: str = "envfactory"
    """Name of the dataset, and the organisation in Harbor's ``org/task`` names."""
    version: str = "1.0"
    description: str = ""
    funnel: Mapping[str, Any] = field(default_factory=dict)
    """What ``status`` counts; copied into the manifest."""
    thin: bool = False
    """``environment/Dockerfile`` is only ``FROM <image>``: small, but the image must be at hand."""
    lists: bool = False
    """Test ids in rows as lists instead of JSON strings."""


class Exporter(Protocol):
    """One output format; a module satisfies this."""

    @property
    def NAME(self) -> str:
        """Key in ``EXPORTERS`` and value of ``--format``."""

    def export(self, tasks: Iterable[Task], directory: Path, context: ExportContext) -> None:
        """Write all of ``tasks`` below ``directory``; raises ``UsageError`` or ``ExportError``."""
