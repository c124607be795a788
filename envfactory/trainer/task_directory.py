"""The directory of a task: what the agent is told, what judges it, and where its image comes from.

Everything is read from the task's directory, lazily, and never written.
"""

from __future__ import annotations

import json
import tomllib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envfactory.errors import UsageError
from envfactory.exporters.hidden import joined
from envfactory.records import EnvironmentSpec, RewardSpec

if TYPE_CHECKING:
    from envfactory.trainer.speed_setting import SpeedSetting


class TaskDirectory:
    """A task directory; ``UsageError`` if it is none."""

    def __init__(self, directory: str | Path, speed: SpeedSetting | None = None) -> None:
        self.directory = Path(directory).expanduser().absolute()
        self._speed = speed
        if not (self.directory / "provenance.json").is_file():
            raise UsageError(
                f"{self.directory} is not the directory of a task",
                hint="tasks are DATASET/tasks/<instance_id>; `envfactory export` writes them",
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.instance_id!r})"

    @cached_property
    def row(self) -> dict[str, Any]:
        """The flat row of ``docs/formats.md``."""
        data: dict[str, Any] = json.loads(self._read("tests/config.json"))
        return data

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Where everything came from; see ``docs/formats.md``."""
        data: dict[str, Any] = json.loads(self._read("provenance.json"))
        return data

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The table ``[metadata]`` of ``task.toml``."""
        data: dict[str, Any] = tomllib.loads(self._read("task.toml"))["metadata"]
        return data

    @property
    def instance_id(self) -> str:
        """``owner__name-number``."""
        return str(self.row["instance_id"])

    @property
    def repo(self) -> str:
        """``owner/name``."""
        return str(self.row["repo"])

    @property
    def language(self) -> str:
        """Lower-case name of the programming language."""
        return str(self.row["language"])

    @property
    def problem_statement(self) -> str:
        """What is wrong or wanted, without instructions."""
        return str(self.row["problem_statement"])

    @cached_property
    def instruction(self) -> str:
        """What an agent is given: the statement and how to work in the container."""
        return self._read("instruction.md")

    @cached_property
    def gold_patch(self) -> str:
        """The pull request's own change; keep it from agents."""
        return self._read("solution/gold.patch")

    @property
    def image(self) -> str:
        """Tag of the image."""
        return str(self.row["image"])

    @property
    def root_commit(self) -> str:
        """The one commit that the image's repository holds; diffs are made against it."""
        return str(self.row["image_commit"])

    @cached_property
    def spec(self) -> EnvironmentSpec:
        """What the image is made from."""
        return EnvironmentSpec.model_validate_json(self._read("environment/spec.json"))

    @cached_property
    def recorded_spec(self) -> RewardSpec:
        """What judges a patch, as it was exported; holds the hidden tests."""
        try:
            measured = self.provenance["measured"]
            return joined(
                json.loads(self._read("tests/reward_spec.json")), self.directory / "tests", measured
            )
        except (ValueError, KeyError, OSError) as error:
            raise UsageError(f"the reward spec of {self.directory} cannot be used: {error}") from error

    @cached_property
    def reward_spec(self) -> RewardSpec:
        """``recorded_spec`` with the speed term that was chosen for this task."""
        spec = self.recorded_spec
        if self._speed is None:
            return spec
        return spec.model_copy(update={"speed": self._speed.term(self.instance_id, spec.speed)})

    def _read(self, name: str) -> str:
        try:
            return (self.directory / name).read_bytes().decode("utf-8")
        except FileNotFoundError as error:
            lacking = f"{self.directory} lacks {name}: it is not a whole task"
            raise UsageError(lacking, hint="export it again") from error
