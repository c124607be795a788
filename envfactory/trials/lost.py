"""Was a container, or the connection to a command in it, lost to the machine or to what ran inside?

What runs inside can stop its container and can close its output; it cannot remove the container.  Only
tells the two apart; what either is worth is decided elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from envfactory.errors import TrialError

if TYPE_CHECKING:
    from envfactory.engine import Container
    from envfactory.engine.facts import ExecResult

REMOVAL_SECONDS = 2.0
"""A container that is being removed says first that it has stopped; removing it takes about a second."""
LOOKS = 8
KILLED = (137, -9)
"""How a command ends that something killed: itself, its neighbours, the kernel, or its container's end,
which the engine may tell a moment later than the command's."""
STREAM_LOST = "stream_lost"
"""Cause where either side may have ended a command's output.  The machine does not do that every time."""


def stays(container: Container) -> None:
    """Return if a container is still there after a while; raise ``container_gone`` if not."""
    for _ in range(LOOKS):
        time.sleep(REMOVAL_SECONDS / LOOKS)
        container.stats()


def carried_out(
    container: Container, argv: Sequence[str], seconds: float, max_output: int, cwd: str
) -> ExecResult:
    """Run a command of ours, which neither stops its container nor closes its output.

    Raises ``TrialError``, retryable, when the container or the connection was lost.
    """
    result = container.exec(argv, timeout=seconds, cwd=cwd, max_output=max_output)
    if cut_off(result):
        raise lost(argv, "engine_unreachable")
    if result.exit_code in KILLED:
        stays(container)
    if result.exit_code != 0 and not container.stats().running:
        raise lost(argv, "container_gone")
    return result


def cut_off(result: ExecResult) -> bool:
    """The output ended before the command did."""
    return result.exit_code is None and not result.timed_out


def lost(argv: Sequence[str], cause: str) -> TrialError:
    """The error for a command whose end nobody saw."""
    return TrialError(f"the output of {argv[0]} ended before it did", cause=cause, retryable=True)
