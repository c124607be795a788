"""Ctrl-C done once and well: no new work, containers removed, then out.

The first SIGINT or SIGTERM raises ``KeyboardInterrupt`` where the main thread is; while we clean up
further ones are ignored, so that no container is orphaned by an impatient second one.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import typer

from envfactory.errors import EXIT_INTERRUPTED, FactoryError
from envfactory.executors import Executor

WAIT_SECONDS = 20.0
"""For running jobs to notice that their containers are gone."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _raise_once(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def interruptible(executor: Executor, remove_containers: Callable[[], int]) -> Iterator[None]:
    """Run the block; when interrupted, clean up, say how to resume and exit with 130."""
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, _raise_once) for number in SIGNALS} if main else {}
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted: stopping builds, removing containers …", err=True)
        _clean_up(executor, remove_containers)
        typer.echo("interrupted; what is finished is kept, the same command continues", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BaseException:  # the run ends here, whatever its other workers are doing
        _clean_up(executor, remove_containers)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _clean_up(executor: Executor, remove_containers: Callable[[], int]) -> None:
    idle = executor.close(0)
    for wait in (WAIT_SECONDS, 0.0):
        end_children()
        with suppress(FactoryError):
            remove_containers()
        if idle:
            return
        executor.close(wait)  # and once more, for a container that was just being made


def end_children() -> None:
    """Stop image builds and git processes of ours; builds have process groups of their own."""
    for listing in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            for pid in map(int, listing.read_text().split()):
                group = os.getpgid(pid)
                if group == pid:
                    os.killpg(group, signal.SIGTERM)
                else:
                    os.kill(pid, signal.SIGTERM)
