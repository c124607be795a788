"""How the way of a pull request ends: as a task, as a rejection with its reason, or as a failure."""

from __future__ import annotations

from envfactory.records.building import Environment, RungAttempt
from envfactory.records.core import Record, Stage
from envfactory.records.mining import Candidate
from envfactory.records.testing import OracleStrength, RewardSpec, TestReport


class Rejection(Record):
    """This pull request is no task; ``reason`` is a stable slug that ``status`` counts."""

    key: str
    stage: Stage
    reason: str
    detail: str = ""
    attempts: tuple[RungAttempt, ...] = ()
    """What the building ladder tried, in order."""


class Failure(Record):
    """We broke on this pull request; ``cause`` is a stable slug that ``status`` counts."""

    key: str
    stage: Stage
    cause: str
    retryable: bool = False
    detail: str = ""
    log: str = ""


class Task(Record):
    """A validated task: all that a bundle is written from."""

    MEASURED = frozenset({"oracle"})
    candidate: Candidate
    environment: Environment
    reward_spec: RewardSpec
    reports: tuple[TestReport, ...]
    oracle: OracleStrength | None = None
    """How strong the tests are, where that was asked for."""

    @property
    def instance_id(self) -> str:
        """``owner__name-number``."""
        return self.candidate.instance_id
