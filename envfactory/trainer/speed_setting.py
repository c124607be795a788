"""What a trainer wants of the speed term, and the file that a baseline is kept in.

Known to tasks and datasets; knows neither and measures nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from envfactory.errors import UsageError
from envfactory.grader.speed import rebased
from envfactory.records import Baseline, SpeedChoice, SpeedTerm


class SpeedSetting(NamedTuple):
    """Applied whenever the reward spec of a task is read."""

    choice: SpeedChoice = SpeedChoice()
    baseline: Baseline | None = None

    def term(self, instance_id: str, recorded: SpeedTerm) -> SpeedTerm:
        """The task's term as this setting wants it."""
        here = rebased(recorded, instance_id, self.baseline) if self.baseline else recorded
        return self.choice.applied(here)

    def but(self, baseline: Baseline | str | Path | None, choice: Mapping[str, Any]) -> SpeedSetting:
        """This setting with some changes; ``UsageError`` for a name or value that a term cannot have."""
        found = read(baseline) if isinstance(baseline, str | Path) else baseline
        wanted = {**self.choice.model_dump(exclude_none=True), **choice}
        try:
            return SpeedSetting(SpeedChoice(**wanted), found or self.baseline)
        except ValueError as error:
            raise UsageError(f"no such speed term: {error}") from error


def write(path: str | Path, baseline: Baseline) -> Path:
    """Make ``path`` hold it, in one step.  Raises ``UsageError`` if it cannot be written."""
    place = Path(path)
    draft = place.with_name(place.name + ".incomplete")
    try:
        draft.write_text(baseline.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return draft.rename(place)
    except OSError as error:
        raise UsageError(f"cannot write the baseline {place}: {error}") from error


def read(path: str | Path) -> Baseline:
    """A baseline from its file; ``UsageError`` if it is none."""
    try:
        return Baseline.model_validate_json(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        hint = "envfactory baseline DATASET measures one"
        raise UsageError(f"cannot use the baseline {path}: {error}", hint=hint) from error
