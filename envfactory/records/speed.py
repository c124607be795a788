"""The speed term of a reward: how it is computed, from what was measured, and on which machine.

Records only; ``envfactory.grader.speed`` computes with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from envfactory.records.core import SCHEMA_VERSION, Record

Shape = Literal["reciprocal", "exponential", "linear"]
Clock = Literal["episode", "environment", "cpu"]
FORMULAS: Mapping[str, str] = {
    "reciprocal": "1 / (1 + x / scale)",
    "exponential": "2 ** (-x / scale)",
    "linear": "max(0, 1 - x / (2 * scale))",
}
"""h by name; ``x`` is T_completion / T_baseline.  All are 1 at 0, one half at ``scale``, and fall."""


class Machine(Record):
    """Where seconds were measured."""

    processor: str = ""
    """Model name as the kernel tells it."""
    architecture: str = ""
    processors: int = 0
    load: float = 0.0
    """Processes that ran or waited to, per processor, mean of the last minute."""


class Completion(Record):
    """Seconds that work on a task took, by three clocks; ``None`` where a clock was not read.

    None of them counts grading.
    """

    episode: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Wall clock from the start of the episode to its grading: model, tools and tests."""
    environment: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Of that, while at least one command or file operation was under way: without the model."""
    cpu: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Processor time of everything that ran in the containers of the episode."""

    @classmethod
    def of(cls, seconds: float | Completion | None) -> Completion | None:
        """A plain number is the wall clock of the episode.  ``ValueError`` if it is not finite."""
        if seconds is None or isinstance(seconds, Completion):
            return seconds
        return cls(episode=max(seconds, 0.0))


class SpeedTerm(Record):
    """MiniMax-M2's wall-clock term ``h(T_completion / T_baseline)``; see ``docs/rewards.md``."""

    MEASURED = frozenset({"baseline_seconds", "baseline_cpu_seconds", "machine"})
    h: Shape = "reciprocal"
    formula: str = ""
    """``h`` written out; always that of ``FORMULAS``."""
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """The x at which h is one half."""
    beta: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Weight of the term in the reward of a patch that resolves; 0: it is only told."""
    clock: Clock = "episode"
    """Which time T_completion is."""
    quantile: float = Field(default=0.5, ge=0, le=1)
    """Which point of the distribution of the baseline T_baseline is."""
    baseline_seconds: tuple[float, ...] = ()
    """Wall-clock seconds of every reference run."""
    baseline_cpu_seconds: tuple[float, ...] = ()
    """Processor seconds of the same runs."""
    machine: Machine = Machine()
    """Where the reference runs were made."""

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        formula = FORMULAS.get(str(given.get("h", "reciprocal")))
        return {**given, "formula": formula} if formula else given


class SpeedChoice(Record):
    """What is wanted of a speed term; ``None``: as its spec says."""

    h: Shape | None = None
    scale: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    beta: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    clock: Clock | None = None
    quantile: float | None = Field(default=None, ge=0, le=1)

    def applied(self, term: SpeedTerm) -> SpeedTerm:
        """``term`` with what is chosen here."""
        return SpeedTerm.model_validate({**term.model_dump(), **self.model_dump(exclude_none=True)})


class Reference(Record):
    """Reference runs of one task on one machine."""

    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]


class Baseline(Record):
    """Reference runs of a dataset's tasks, measured again on one machine."""

    schema_version: int = SCHEMA_VERSION
    measured_at: datetime
    machine: Machine
    tasks: Mapping[str, Reference]
    """By instance id."""
    failed: Mapping[str, str] = Field(default_factory=dict)
    """Instance id -> why there is no measurement."""
    ratio: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Wall-clock seconds here per second recorded in the dataset, median over the tasks."""
    cpu_ratio: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """The same of processor seconds."""
