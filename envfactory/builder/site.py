"""What a stage works with: engine, index, workspace, settings, and the recipes solved before.

Made once per worker by the pipeline; stages only use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from envfactory.languages.declaration import Lookup, Resolution
from envfactory.settings import Settings
from envfactory.workspace import Workspace

if TYPE_CHECKING:
    from envfactory.builder.proposer import Proposer
    from envfactory.engine import Engine
    from envfactory.timemachine import TimeMachine


class Recipes(Protocol):
    """Resolutions by the digest of all that determines them, so that reuse never changes a result."""

    def get(self, key: str) -> Resolution | None:
        """The resolution stored under ``key``."""

    def put(self, key: str, record: Resolution) -> None:
        """Keep it; the first one stored under a key stays."""


@dataclass(frozen=True)
class Site:
    """Where the work is done."""

    engine: Engine
    index: TimeMachine
    workspace: Workspace
    settings: Settings
    recipes: Recipes
    lookup: Lookup | None = None
    """Which system package brings a file, in the archives of the base image; asked by repairs."""
    proposer: Proposer | None = None
    """Asked when rules and repairs have nothing left."""
