"""What travels over HTTP: requests and answers as strict data, from which OpenAPI is made.

Knows nothing of HTTP itself.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from envfactory.errors import UsageError
from envfactory.records import Record, SpeedChoice
from envfactory.trainer import Task
from envfactory.trainer.environment import EXEC_SECONDS, MAX_OUTPUT

Encoding = Literal["utf-8", "base64"]
Mode = Literal["binary", "graded", "partial"]


class TaskLine(Record):
    """A task in a list."""

    instance_id: str
    repo: str
    language: str
    task_type: str


class TaskInfo(TaskLine):
    """What may be known of a task before it is solved; neither its solution nor its tests."""

    instruction: str
    problem_statement: str
    image: str
    root_commit: str


class Start(Record):
    """An episode to begin."""

    instance_id: str
    client: str = Field(default="", description="Clients take turns when the pool is full.")
    seconds: float | None = Field(default=None, gt=0, description="Wall-clock seconds it may last.")
    snapshot: str | None = Field(default=None, description="Begin from this snapshot of the task.")


class Started(Record):
    """An episode that runs."""

    episode_id: str
    instance_id: str
    instruction: str
    open: bool = True


class Exec(Record):
    """A command to run."""

    command: str | tuple[str, ...] = Field(description="A bash command line, or an argument vector.")
    timeout: float = Field(default=EXEC_SECONDS, gt=0)
    env: Mapping[str, str] | None = None
    cwd: str | None = None
    max_output: int = Field(default=MAX_OUTPUT, ge=0)


class Executed(Record):
    """A command that ran; ``exit_code`` is null when it was killed for time."""

    stdout: str
    stderr: str
    exit_code: int | None
    seconds: float
    timed_out: bool
    truncated: bool


class ReadFile(Record):
    """A file to read."""

    path: str
    encoding: Encoding = "utf-8"


class FileContent(Record):
    """A file's content."""

    content: str
    encoding: Encoding = "utf-8"

    def data(self) -> bytes:
        """The bytes; ``UsageError`` if they are not base64 although they should be."""
        if self.encoding == "utf-8":
            return self.content.encode()
        try:
            return base64.b64decode(self.content, validate=True)
        except binascii.Error as error:
            raise UsageError(f"the content is not base64: {error}") from error

    @classmethod
    def of(cls, data: bytes, encoding: Encoding) -> FileContent:
        """As text (invalid UTF-8 replaced) or base64."""
        text = base64.b64encode(data).decode() if encoding == "base64" else data.decode("utf-8", "replace")
        return cls(content=text, encoding=encoding)


class WriteFile(FileContent):
    """A file to create or replace."""

    path: str


class Patch(Record):
    """A unified diff."""

    patch: str


class Grade(Record):
    """How to judge an episode."""

    mode: Mode = "binary"
    speed: SpeedChoice | None = Field(default=None, description="Instead of the spec's speed term.")
    completion_seconds: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="Instead of the time measured here."
    )


class GradePatch(Patch, Grade):
    """A patch to judge; ``completion_seconds`` are those of the episode it comes from."""


class Kept(Record):
    """Name of a snapshot."""

    snapshot: str


class Restore(Record):
    """Where to go back to; null is the start."""

    snapshot: str | None = None


class Event(Record):
    """Something of the agent's own for the trajectory."""

    event: str
    fields: Mapping[str, Any] = Field(default_factory=dict)


class Expected(Record):
    """Tasks that will be asked for next, in order, each as often as it will be."""

    instance_ids: tuple[str, ...]


class State(Record):
    """How the pool is doing."""

    running: int
    waiting: int
    ready: int
    started: int
    from_stock: int


class Problem(Record):
    """Why a request was not answered; ``retryable``: the same one may be answered later."""

    cause: str
    message: str
    hint: str = ""
    retryable: bool = False


def line_of(task: Task) -> TaskLine:
    """A task for the list."""
    return TaskLine(
        instance_id=task.instance_id,
        repo=task.repo,
        language=task.language,
        task_type=str(task.row["task_type"]),
    )


def info_of(task: Task) -> TaskInfo:
    """A task with its instruction."""
    return TaskInfo(
        **line_of(task).model_dump(),
        instruction=task.instruction,
        problem_statement=task.problem_statement,
        image=task.image,
        root_commit=task.root_commit,
    )
