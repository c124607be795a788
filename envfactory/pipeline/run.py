"""The two halves of a run: find pull requests, then take each through its stages.

``discover`` and ``process`` may be interrupted or killed at any point; calling them again continues.
Every pull request that is found ends as a task, a ``Rejection`` or a ``Failure``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from envfactory.executors import Executor
from envfactory.mining.merging import known_before
from envfactory.pipeline.agenda import Agenda, Plan
from envfactory.pipeline.perform import BUG, performer
from envfactory.pipeline.progress import Progress
from envfactory.pipeline.stages import StageTable
from envfactory.records import STAGES, PullRequest, Rejection, Task
from envfactory.store import Entry, Store
from envfactory.workspace import Workspace

BATCH = 500
"""Pull requests per transaction."""


@dataclass
class Summary:
    """Where the pull requests of one run stand now."""

    last: dict[str, Entry] = field(default_factory=dict)
    """Key -> the outcome of the latest stage it reached."""

    @property
    def bugs(self) -> list[str]:
        """Keys of those on which our own code broke."""
        return [key for key, entry in self.last.items() if entry.status == "failed" and entry.reason == BUG]

    @property
    def faults(self) -> list[str]:
        """Keys of those that the machine kept from an end; a later run may succeed."""
        return [key for key, entry in self.last.items() if entry.status == "failed" and entry.retryable]

    @property
    def failed(self) -> list[str]:
        """Keys of all that failed, for whatever cause."""
        return [key for key, entry in self.last.items() if entry.status == "failed"]


def discover(
    source: str, mined: Iterable[PullRequest | Rejection], store: Store, progress: Progress
) -> list[str]:
    """Store what a miner finds in ``source``; returns the keys in its order.

    Where another miner knew more about a pull request, that is kept: see ``mining.merging``.
    """
    keys: dict[str, None] = {}
    for batch in _batches(mined, BATCH):
        with store.transaction():
            for found in batch:
                if isinstance(found, Rejection):
                    store.add_rejection(found, source)
                else:
                    known = store.found(found.key)
                    merged = known_before(known.pull_request if known else None, found)
                    store.add_pull_request(merged, source)
                keys[found.key] = None
        progress.mining(source, len(keys))
    return list(keys)


def process(
    keys: Sequence[str],
    *,
    store: Store,
    table: StageTable,
    plan: Plan,
    executor: Executor,
    workspace: Workspace,
    progress: Progress,
    task_found: Callable[[Task], None] = lambda _: None,
) -> Summary:
    """Take every pull request through the planned stages; ``task_found`` is called after each new task."""
    agenda = Agenda(store, table, plan, progress)
    agenda.add(keys)
    progress.total(len(keys))
    for done in executor.map(performer(table, workspace), agenda.next_job):
        agenda.finished(done.job, done.result, done.seconds)
        if isinstance(done.result, Task):
            task_found(done.result)
    return summary(keys, store)


def summary(keys: Iterable[str], store: Store) -> Summary:
    """Where ``keys`` stand in the store."""
    last: dict[str, Entry] = {}
    for key in keys:
        for stage in reversed(STAGES):
            entry = store.entry(stage, key)
            if entry is not None:
                last[key] = entry
                break
    return Summary(last)


def _batches(items: Iterable[PullRequest | Rejection], size: int) -> Iterator[list[PullRequest | Rejection]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
