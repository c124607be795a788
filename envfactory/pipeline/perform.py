"""Carries out one job: whatever happens inside becomes a record, and its log a file.

Runs in a worker; writes nothing but the task's own log directory.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

from envfactory.errors import FactoryError, PrerequisiteError, RateLimited, StageError
from envfactory.executors import Job
from envfactory.pipeline.stages import StageTable
from envfactory.records import Failure, Record
from envfactory.workspace import TaskPaths, Workspace, write_atomic

BUG = "bug"
"""Cause of a failure that is a mistake in our own code."""
DETAIL_CHARACTERS = 2000


def performer(table: StageTable, workspace: Workspace) -> Callable[[Job], Record]:
    """A function that carries out jobs.  It raises only what ends the whole run: ``PrerequisiteError``
    (every pull request would meet it), ``RateLimited``, and interrupts."""

    def perform(job: Job) -> Record:
        paths = workspace.task(job.instance_id)
        try:
            paths.make()
            return table.function(job.stage)(job.inputs)
        except (PrerequisiteError, RateLimited):
            raise
        except Exception as error:
            return _failure(job, error, paths)
        finally:
            paths.clear_work()

    return perform


def _failure(job: Job, error: Exception, paths: TaskPaths) -> Failure:
    cause, retryable, log = _diagnosis(error)
    text = f"{job.stage} of {job.key} failed: {cause}\n\n{error}\n"
    if log:
        text += f"\n{log}\n"
    if cause == BUG:
        text += "\n" + "".join(traceback.format_exception(error))
    path = paths.error_log(job.stage)
    try:
        write_atomic(path, text)
        where = str(path)
    except OSError as trouble:  # a full disk must not hide what happened first
        where = f"(no log: {trouble.strerror})"
    detail = f"{type(error).__name__}: {error}" if cause == BUG else str(error)
    return Failure(
        key=job.key,
        stage=job.stage,
        cause=cause,
        retryable=retryable,
        detail=detail[:DETAIL_CHARACTERS],
        log=where,
    )


def _diagnosis(error: Exception) -> tuple[str, bool, str]:
    """Cause, whether trying again may help, and output worth keeping."""
    if isinstance(error, StageError):
        return error.cause, error.retryable, error.log
    if isinstance(error, FactoryError):
        return "input_unusable", True, error.hint
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return "disk_full", True, ""
    if isinstance(error, MemoryError):
        return "out_of_memory", True, ""
    return BUG, False, ""


_DISK_FULL = (28, 122)  # ENOSPC, EDQUOT
