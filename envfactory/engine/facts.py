"""What the engine tells the other rooms: plain values, nothing of Docker's own classes.

This module never talks to an engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from envfactory.records import Layer


@dataclass(frozen=True)
class EngineInfo:
    """The engine that answers and the builder that works with it."""

    version: str
    api: str
    storage_driver: str
    builder: str
    arch: str
    root: str
    disk_free: int
    """Bytes free where the engine stores layers; ``sys.maxsize`` when that is on another machine."""


@dataclass(frozen=True)
class ImageInfo:
    """One image of the engine."""

    id: str
    tags: tuple[str, ...]
    size: int
    layers: tuple[Layer, ...]
    labels: dict[str, str] = field(default_factory=dict)
    created: str = ""


@dataclass(frozen=True)
class OwnedContainer:
    """One container that carries our label."""

    id: str
    name: str
    image: str
    owner: str
    created: datetime
    running: bool


@dataclass(frozen=True)
class ExecResult:
    """One command that ran in a container.  ``exit_code`` is ``None`` when it was killed for time."""

    stdout: str
    stderr: str
    exit_code: int | None
    seconds: float
    timed_out: bool = False
    truncated: bool = False


@dataclass(frozen=True)
class ContainerState:
    """What the engine knows about a container now."""

    running: bool
    exit_code: int | None
    oom_killed: bool
    cpu_seconds: float
    memory_peak_bytes: int
