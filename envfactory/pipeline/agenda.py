"""What is to be done next for each pull request, and what is done already.

A stage is skipped if and only if the store has an outcome for the same input digest (``ok`` or
``rejected``; or a failure that trying again cannot change), nobody asked to redo it, and its image is
still there when a later stage needs it.  Nothing here depends on the order in which work finishes,
so neither does any result.  Runs no stage.
"""

from __future__ import annotations

import hashlib
import heapq
import time
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from envfactory.executors import Job
from envfactory.pipeline.perform import BUG
from envfactory.pipeline.progress import Progress
from envfactory.pipeline.stages import Inputs, StageTable
from envfactory.records import SCHEMA_VERSION, STAGES, Candidate, Failure, Record, Stage, canonical_json
from envfactory.store import Entry, Store

PAUSE_SECONDS = 2.0
"""Before the second try of a stage; doubled before each further one."""


@dataclass(frozen=True)
class Plan:
    """Which stages to run, which of them even if they are done, and how often to try."""

    stages: tuple[Stage, ...] = STAGES
    redo: frozenset[Stage] = frozenset()
    max_attempts: int = 3
    need_images: bool = False
    """A finished build counts only while its image exists, even if no later stage needs it."""
    pause: float = PAUSE_SECONDS


class Step(NamedTuple):
    """A stage that is due for a pull request; ``tries`` of it have failed in this run."""

    key: str
    stage: Stage
    tries: int = 0


class Agenda:
    """The open steps of one run.  Depth first: a pull request that is begun is finished first."""

    def __init__(self, store: Store, table: StageTable, plan: Plan, progress: Progress) -> None:
        self._store, self._table, self._plan, self._progress = store, table, plan, progress
        self._ready: deque[Step] = deque()
        self._paused: list[tuple[float, Step]] = []
        self._running: dict[int, Step] = {}
        self._fresh: set[str] = set()

    def add(self, keys: Iterable[str]) -> None:
        """Put pull requests on the agenda, each from the first planned stage."""
        self._ready.extend(Step(key, self._plan.stages[0]) for key in keys)

    def next_job(self, idle: bool) -> Job | None:
        """The next job, noted as begun; ``None`` if there is none now (if ``idle``: none at all)."""
        while True:
            while self._paused and self._paused[0][0] <= time.monotonic():
                self._ready.appendleft(heapq.heappop(self._paused)[1])
            if self._ready:
                job = self._job(self._ready.popleft())
                if job is not None:
                    return job
            elif not (idle and self._paused):
                return None
            else:
                time.sleep(max(0.0, self._paused[0][0] - time.monotonic()))

    def finished(self, job: Job, result: Record, seconds: float) -> None:
        """Record a result and put what follows from it on the agenda."""
        step = self._running.pop(job.attempt)
        tries = step.tries + 1
        log = result.log if isinstance(result, Failure) else ""
        self._store.finish(job.attempt, result, log=log)
        again = isinstance(result, Failure) and result.retryable and tries < self._plan.max_attempts
        self._progress.finished(job.stage, job.key, result, seconds, again=again)
        self._fresh.add(job.key)
        if again:
            ready_at = time.monotonic() + self._plan.pause * 2 ** (tries - 1)
            heapq.heappush(self._paused, (ready_at, step._replace(tries=tries)))
        else:
            self._follow(step)

    def _follow(self, step: Step) -> None:
        """The step after ``step``, or the end of this pull request."""
        entry = self._store.entry(step.stage, step.key)
        later = self._plan.stages[self._plan.stages.index(step.stage) + 1 :]
        if entry is not None and entry.status == "ok" and later:
            self._ready.appendleft(Step(step.key, later[0]))
        else:
            self._progress.settled(step.key, entry, fresh=step.key in self._fresh)

    def _job(self, step: Step) -> Job | None:
        digest = self._digest(step.stage, step.key)
        if digest is None:
            self._progress.settled(step.key, self._last(step), fresh=True)
            return None
        if step.tries == 0 and self._current(step, digest):
            self._follow(step)
            return None
        inputs = self._inputs(step)
        attempt = self._store.begin(step.stage, step.key, digest)
        self._running[attempt] = step
        self._progress.started(step.stage, step.key)
        return Job(step.stage, step.key, inputs.pull_request.instance_id, attempt, inputs)

    def _last(self, step: Step) -> Entry | None:
        """The outcome that keeps a pull request from reaching ``step``."""
        before = reversed(STAGES[: STAGES.index(step.stage) + 1])
        return next((entry for stage in before if (entry := self._store.entry(stage, step.key))), None)

    def _digest(self, stage: Stage, key: str) -> str | None:
        """Of all that the stage's result depends on; ``None`` when an earlier stage stands in the way."""
        digests = [self._store.found_digest(key)]
        for before in STAGES[: STAGES.index(stage)]:
            entry = self._store.entry(before, key)
            digests.append(entry.digest if entry is not None and entry.status == "ok" else None)
        if None in digests:
            return None
        data = [SCHEMA_VERSION, stage, digests, self._table.settings.get(stage)]
        return hashlib.sha256(canonical_json(data)).hexdigest()

    def _inputs(self, step: Step) -> Inputs:
        """The records behind the digests; read only when there is a job to do."""
        found = self._store.found(step.key)
        assert found is not None
        inputs = Inputs(found.pull_request, found.source)
        if step.stage != "mine":
            inputs = replace(inputs, candidate=self._store.record("mine", step.key, Candidate))
        if step.stage == "extract":
            inputs = replace(inputs, built=self._store.record("build", step.key, self._table.built))
        return inputs

    def _current(self, step: Step, digest: str) -> bool:
        entry = self._store.entry(step.stage, step.key)
        if entry is None or step.stage in self._plan.redo or entry.input_digest != digest:
            return False
        if entry.status == "failed":
            return not entry.retryable and entry.reason != BUG
        if step.stage != "build" or entry.status == "rejected":
            return True
        if not self._plan.need_images and not self._extract_due(step):
            return True
        built = self._store.record("build", step.key, self._table.built)
        return built is not None and self._table.present(built)

    def _extract_due(self, step: Step) -> bool:
        digest = self._digest("extract", step.key)
        if "extract" not in self._plan.stages or digest is None:
            return False
        return not self._current(step._replace(stage="extract"), digest)


def selected(known: Collection[tuple[str, str]], wanted: Sequence[str]) -> list[str]:
    """Keys of the pull requests that ``wanted`` names: instance ids or keys, ``*`` and ``?`` allowed."""
    from fnmatch import fnmatchcase

    if not wanted:
        return [key for key, _ in known]
    return [
        key
        for key, instance_id in known
        if any(fnmatchcase(name, pattern) for pattern in wanted for name in (key, instance_id))
    ]
