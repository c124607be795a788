"""What an executor is: something that carries out jobs, here or elsewhere, several at a time.

A ``Job`` holds records and plain values only, nothing that could not be sent to another machine;
workers open their own clones.  What goes wrong with one job is a ``Failure`` that ``work`` returns;
what it raises ends the whole run.
Results arrive in any order; whoever runs ``map`` is the only one that writes the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from envfactory.records import Record, Stage


@dataclass(frozen=True)
class Job:
    """One stage of one pull request, with all that the stage reads."""

    stage: Stage
    key: str
    instance_id: str
    attempt: int
    """Number of the attempt in the store."""
    inputs: Any


@dataclass(frozen=True)
class Done:
    """A job and how it ended: the stage's record, a ``Rejection`` or a ``Failure``."""

    job: Job
    result: Record
    seconds: float


Work = Callable[[Job], Record]
NextJob = Callable[[bool], Job | None]
"""Called in the caller's thread whenever there is room for a job; ``True`` when nothing is running,
so that ``None`` is the end."""


class Executor(Protocol):
    """Carries out jobs."""

    def map(self, work: Work, next_job: NextJob) -> Iterator[Done]:
        """Results as they come; ends when nothing runs and ``next_job(True)`` is ``None``."""

    def close(self, wait: float) -> bool:
        """Start nothing more and wait up to ``wait`` seconds; true when nothing runs any longer."""
