"""Several jobs at a time in threads of this process; the work itself happens in containers and in git.

The threads are daemons, so that an interrupted process ends when its containers are gone, even if a
thread still waits for something.  This module never writes the store and never touches Docker.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

from envfactory.executors.protocol import Done, Job, NextJob, Work


class LocalExecutor:
    """Up to ``jobs`` threads, started when there is work for them."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._done: queue.SimpleQueue[Done | BaseException] = queue.SimpleQueue()
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def map(self, work: Work, next_job: NextJob) -> Iterator[Done]:
        """Results as they come, in any order."""
        running = 0
        while True:
            while running < self._jobs and not self._closed:
                job = next_job(running == 0)
                if job is None:
                    break
                self._start(work, job)
                running += 1
            if running == 0:
                return
            done = self._done.get()
            running -= 1
            if isinstance(done, BaseException):
                raise done
            yield done

    def _start(self, work: Work, job: Job) -> None:
        def carry_out() -> None:
            started = time.monotonic()
            try:
                self._done.put(Done(job, work(job), time.monotonic() - started))
            except BaseException as error:
                self._done.put(error)

        thread = threading.Thread(target=carry_out, name=f"{job.stage} {job.key}", daemon=True)
        self._threads = {thread, *(other for other in self._threads if other.is_alive())}
        thread.start()

    def close(self, wait: float) -> bool:
        """Start nothing more; true when every thread ended within ``wait`` seconds."""
        self._closed = True
        end = time.monotonic() + wait
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)
