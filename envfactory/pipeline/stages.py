"""The table of stage functions that the pipeline runs, and what each of them reads.

A stage function takes ``Inputs`` and returns its record or a ``Rejection``; it raises ``StageError``
when we broke.  The pipeline knows nothing else about stages, so tests give it their own table.  The
real one is ``envfactory.pipeline.factory``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from envfactory.records import Candidate, PullRequest, Record, Stage


@dataclass(frozen=True)
class Inputs:
    """All that a stage may read; later stages find more of it filled."""

    pull_request: PullRequest
    source: str
    """The SOURCE that the pull request was mined from."""
    candidate: Candidate | None = None
    built: Any = None
    """The record that the build stage returned."""


StageFunction = Callable[[Inputs], Record]


@dataclass(frozen=True)
class StageTable:
    """The functions of the three stages."""

    mine: StageFunction
    build: StageFunction
    extract: StageFunction
    built: type[Record]
    """Class of the record that ``build`` returns."""
    present: Callable[[Any], bool]
    """Whether the image of a build's record still exists."""
    settings: dict[str, Any]
    """Stage -> the settings that its results depend on."""

    def function(self, stage: Stage) -> StageFunction:
        """The function of ``stage``."""
        return {"mine": self.mine, "build": self.build, "extract": self.extract}[stage]
