"""Where stages run: ``inline`` in the caller's thread, ``local`` in threads of this process."""

from envfactory.executors.inline import InlineExecutor
from envfactory.executors.local import LocalExecutor
from envfactory.executors.protocol import Done, Executor, Job


def executor(jobs: int) -> Executor:
    """The plainest executor that runs ``jobs`` jobs at a time."""
    return InlineExecutor() if jobs == 1 else LocalExecutor(jobs)


__all__ = ["Done", "Executor", "InlineExecutor", "Job", "LocalExecutor", "executor"]
