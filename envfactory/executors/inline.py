"""One job at a time in the caller's own thread: for ``--jobs 1``, tests and debuggers."""

from __future__ import annotations

import time
from collections.abc import Iterator

from envfactory.executors.protocol import Done, NextJob, Work


class InlineExecutor:
    """An executor without threads."""

    def map(self, work: Work, next_job: NextJob) -> Iterator[Done]:
        """Results in the order of the jobs."""
        while (job := next_job(True)) is not None:
            started = time.monotonic()
            result = work(job)
            yield Done(job, result, time.monotonic() - started)

    def close(self, wait: float) -> bool:
        """Nothing can be running."""
        return True
