"""Cut the upstream: rebuild images from the ledgers in their bundles and grade again.

    python -m benchmarks.replay DATASET [--tasks N]

For each of N tasks the task's and the dependencies' images are removed and made again through an
index that has no upstream and shows nothing but what the ledger lists.  Compared are the ledger of the
second build with the first (its digest), the lock files inside the new image's spec, and the outcome of
every test for the gold patch and for the empty one.  Needs the package index's cache of the first
build.  Removes only images that the bundle can rebuild; they are there again at the end.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from envfactory.builder.context import read_spec
from envfactory.builder.names import dependencies_tag, task_tag
from envfactory.builder.rebuild import rebuild
from envfactory.engine import Engine, connect
from envfactory.records import EnvironmentSpec, LedgerEntry, Reward
from envfactory.timemachine import TimeMachine
from envfactory.trainer import Dataset, Task
from envfactory.workspace import user_cache


@dataclass(frozen=True)
class Row:
    """What became of one task."""

    task: str
    seconds: float
    files: int
    ledger: str
    """First digits of the ledger's digest."""
    same_ledger: bool
    same_outcomes: bool
    resolved: bool
    error: str = ""


def lock_digest(entries: Iterable[LedgerEntry]) -> str:
    """sha256 over name, version, file name and content of everything that was handed out."""
    lines = sorted(
        f"{entry.name} {entry.version} {entry.filename} {entry.sha256}"
        for entry in entries
        if entry.ecosystem != "apt"
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def replayed(task: Task, engine: Engine, cache: Path) -> Row:
    """Grade, remove, rebuild without upstream, grade again."""
    directory = task.directory
    spec = read_spec(directory / "environment")
    gold = (directory / "solution" / "gold.patch").read_text()
    first = outcomes(task.grade(gold)), outcomes(task.grade(""))
    forget(engine, spec, task.instance_id)
    started = time.monotonic()
    machine = TimeMachine(
        cache, [engine.gateway("build"), engine.gateway("index")], offline=True, replay=spec.ledger
    )
    with machine:
        rebuild(directory, engine, machine, instance_id=task.instance_id, cache=cache)
        again = lock_digest(machine.ledger())
    seconds = time.monotonic() - started
    reward = task.grade(gold)
    second = outcomes(reward), outcomes(task.grade(""))
    return Row(
        task.instance_id,
        round(seconds, 1),
        len(spec.ledger),
        lock_digest(spec.ledger)[:12],
        again == lock_digest(spec.ledger),
        first == second,
        bool(reward.resolved),
    )


def outcomes(reward: Reward) -> dict[str, str]:
    """Test -> outcome."""
    return {name: str(outcome) for name, outcome in reward.tests.items()}


def forget(engine: Engine, spec: EnvironmentSpec, instance_id: str) -> None:
    """Remove the task's image and the dependencies it stands on, other tasks' images on them included."""
    engine.remove_image(task_tag(instance_id, spec), force=True)
    base = engine.image(dependencies_tag(spec))
    if base is None:
        return
    depth = len(base.layers)
    for image in engine.owned_images():
        if image.layers[:depth] == base.layers:
            engine.remove_image(image.id, force=True)


def main(words: list[str]) -> int:
    """Print one line per task and the sum; 0 when every comparison holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args(words)
    engine, cache = connect(), user_cache()
    rows: list[Row] = []
    for task in list(Dataset(options.dataset))[: options.tasks]:
        row = replayed(task, engine, cache)
        rows.append(row)
        print(
            f"{row.task:40} {row.seconds:6.1f} s  {row.files:3} files  {row.ledger}  "
            f"ledger {'same' if row.same_ledger else 'DIFFERS'}  "
            f"outcomes {'same' if row.same_outcomes else 'DIFFER'}  gold {row.resolved and 'resolved'}"
        )
    good = [row for row in rows if row.same_ledger and row.same_outcomes and row.resolved]
    print(f"{len(good)} of {len(rows)} rebuilt without upstream: same ledger, same outcomes")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return 0 if len(good) == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
