"""Actions and observations as data: what an agent may ask of an episode in one step, and what it sees.

The common language of ``reset``/``step``, of the HTTP service and of the adapters.  Failures of the agent
are observations, those of the machine are exceptions.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from envfactory.errors import StageError
from envfactory.records import Record, Reward, SpeedChoice
from envfactory.trainer.environment import EXEC_SECONDS, MAX_OUTPUT, Environment
from envfactory.trainer.stop import Stop
from envfactory.trials import PatchError

KINDS = ("command", "read", "write", "apply", "submit")


class Action(Record):
    """Exactly one of ``command``, ``read``, ``write``, ``apply`` and ``submit``."""

    command: str | None = Field(default=None, description="A bash command line, run in /testbed.")
    timeout: float = Field(default=EXEC_SECONDS, gt=0, description="Seconds that the command may take.")
    max_output: int = Field(default=MAX_OUTPUT, ge=0, description="Bytes kept of each output stream.")
    read: str | None = Field(
        default=None, description="Path of a text file; relative ones start at /testbed."
    )
    write: str | None = Field(default=None, description="Path of a file to create or replace with `content`.")
    content: str = Field(default="", description="For `write`.")
    apply: str | None = Field(default=None, description="A unified diff to apply to the work tree.")
    submit: bool = Field(default=False, description="Judge the work and end the episode.")

    @model_validator(mode="after")
    def _one(self) -> Action:
        given = [kind for kind in KINDS if getattr(self, kind) not in (None, False)]
        if len(given) != 1:
            raise ValueError(f"an action is exactly one of {', '.join(KINDS)}; given: {given or 'none'}")
        return self

    @classmethod
    def of(cls, action: Action | str | dict[str, Any]) -> Action:
        """A string is a command, a dict has the fields; pydantic's ``ValidationError`` if it is none."""
        if isinstance(action, str):
            return cls(command=action)
        return action if isinstance(action, Action) else cls.model_validate(action)


class Observation(Record):
    """What an agent sees of an action."""

    MEASURED = frozenset({"seconds"})
    output: str = ""
    """Standard output and then standard error of a command; the text of a file."""
    exit_code: int | None = None
    """Of a command; ``None`` when it was killed for time, and for other actions."""
    timed_out: bool = False
    truncated: bool = False
    """Output in the middle was left out."""
    error: str = ""
    """Why the action could not be done: no such file, a patch that does not apply."""
    seconds: float = 0.0
    reward: Reward | None = None
    """After ``submit``."""


def perform(
    environment: Environment,
    action: Action,
    *,
    mode: str = "binary",
    speed: SpeedChoice | None = None,
    stop: Stop | None = None,
) -> Observation:
    """Do it; ``mode`` and ``speed`` are for ``submit``.

    Raises ``StageError`` where the machine is to blame, ``UsageError`` in a closed episode.
    """
    if action.submit:
        reward = environment.grade(mode=mode, speed=speed, stop=stop)
        return Observation(reward=reward, seconds=reward.seconds)
    if action.command is not None:
        done = environment.exec(
            action.command, timeout=action.timeout, max_output=action.max_output, stop=stop
        )
        return Observation(
            output=done.stdout + done.stderr,
            exit_code=done.exit_code,
            timed_out=done.timed_out,
            truncated=done.truncated,
            seconds=done.seconds,
        )
    try:
        return Observation(output=_file_action(environment, action))
    except FileNotFoundError as error:
        return Observation(error=f"no such file: {error}")
    except PatchError as error:
        return Observation(error=f"the patch does not apply: {error}")
    except StageError as error:
        if error.cause not in ("report_not_a_file", "report_too_large"):
            raise
        return Observation(error=str(error))


def _file_action(environment: Environment, action: Action) -> str:
    if action.read is not None:
        return environment.read(action.read)
    if action.write is not None:
        environment.write(action.write, action.content)
    else:
        environment.apply(action.apply or "")
    return ""
