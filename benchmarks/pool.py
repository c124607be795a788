"""Many light episodes at a time: throughput, latencies and what is left of them.

    python -m benchmarks.pool envfactory-work/dataset --episodes 64 --seconds 600

An episode writes a file, runs three short commands and reads its diff; it is not graded.  Prints one
JSON object.  Images have to be on this machine.  Measures; changes nothing but its own containers.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from envfactory import Dataset, EnvironmentPool
from envfactory.engine import connect
from envfactory.errors import FactoryError
from envfactory.trainer import Task

COLD = 20
"""Episodes started by themselves, one after another."""


class Held(NamedTuple):
    """What this process holds, and its containers."""

    containers: int
    files: int
    threads: int
    memory_mb: float


class Figures:
    """Seconds by what was done, and failures by cause."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.failures: dict[str, int] = {}
        self.episodes = 0

    def add(self, what: str, began: float) -> None:
        """One measurement that ends now."""
        self.seconds.setdefault(what, []).append(time.perf_counter() - began)

    def fail(self, error: FactoryError) -> None:
        """One episode that broke."""
        cause = str(getattr(error, "cause", type(error).__name__))
        self.failures[cause] = self.failures.get(cause, 0) + 1


def held() -> Held:
    """Counts of now."""
    gc.collect()
    engine = connect()
    try:
        mine = [one for one in engine.owned_containers() if f"-{os.getpid()}-" in one.name]
    finally:
        engine.close()
    status = Path("/proc/self/status").read_text()
    resident = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    files = len(list(Path("/proc/self/fd").iterdir()))
    return Held(len(mine), files, threading.active_count(), int(resident) / 1024)


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and percentiles in seconds."""
    ordered = sorted(values)
    at = {f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (90, 99)}
    found = {"median": statistics.median(ordered), **at, "max": ordered[-1]}
    return {"count": len(ordered), **{name: round(value, 3) for name, value in found.items()}}


def alone(tasks: Sequence[Task], figures: Figures) -> None:
    """Start to first command without a pool, and from a pool that has nothing else to do."""
    for number in range(COLD):
        began = time.perf_counter()
        with tasks[number % len(tasks)].start() as env:
            env.exec(["true"])
            figures.add("cold_start_to_first_exec", began)
    with EnvironmentPool(tasks, size=2, warm=4) as pool:
        for number in range(COLD):
            pool.expect([tasks[number % len(tasks)]])
            while not pool.state().ready:
                time.sleep(0.02)
            began = time.perf_counter()
            with pool.start(tasks[number % len(tasks)]) as env:
                env.exec(["true"])
                figures.add("pool_start_to_first_exec", began)


async def episode(pool: EnvironmentPool, task: Task, client: str, figures: Figures) -> None:
    """Light work."""
    asked = time.perf_counter()
    async with pool.start_async(task, client=client) as env:
        for command in ("git status --short", "ls -R | wc -l", "python -c 'print(1)'"):
            began = time.perf_counter()
            await env.exec(command, timeout=60)
            figures.add("exec", began)
            if command.startswith("git"):
                figures.add("asked_to_first_exec", asked)
        began = time.perf_counter()
        await env.write("notes.txt", "x\n")
        figures.add("write", began)
        began = time.perf_counter()
        await env.diff()
        figures.add("diff", began)
    figures.add("episode", asked)
    figures.episodes += 1


async def crowd(tasks: Sequence[Task], arguments: argparse.Namespace, figures: Figures) -> list[Held]:
    """``--episodes`` of them all the time, for ``--seconds``; what is held on the way."""
    seen: list[Held] = []
    end = time.monotonic() + arguments.seconds

    async def player(number: int) -> None:
        dice = random.Random(number)
        while time.monotonic() < end:
            try:
                await episode(pool, dice.choice(tasks), str(number % 4), figures)
            except FactoryError as error:
                figures.fail(error)

    async with EnvironmentPool(tasks, size=arguments.episodes, warm=arguments.warm) as pool:
        players = [asyncio.create_task(player(number)) for number in range(arguments.episodes)]
        while time.monotonic() < end:
            await asyncio.sleep(min(arguments.seconds / 6, max(end - time.monotonic(), 0.1)))
            seen.append(await asyncio.to_thread(held))
        await asyncio.gather(*players)
    return seen


def main() -> None:
    """Run it all and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--warm", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--tasks", type=int, default=4, help="use so many tasks of the dataset")
    arguments = parser.parse_args()
    tasks = list(Dataset(arguments.dataset)[: arguments.tasks])
    figures = Figures()
    alone(tasks, figures)
    before, began = held(), time.monotonic()
    during = asyncio.run(crowd(tasks, arguments, figures))
    seconds = time.monotonic() - began
    result: dict[str, Any] = {
        "concurrent": arguments.episodes,
        "seconds": round(seconds, 1),
        "episodes": figures.episodes,
        "episodes_per_minute": round(60 * figures.episodes / seconds, 1),
        "failures": figures.failures,
        "latency_seconds": {what: summary(values) for what, values in figures.seconds.items()},
        "held": {
            "before": before._asdict(),
            "during": [one._asdict() for one in during],
            "after": held()._asdict(),
        },
        "load": os.getloadavg(),
        "processors": os.cpu_count(),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
