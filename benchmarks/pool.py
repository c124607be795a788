"""Many light episodes at a time: throughput, latencies, and whether anything is left of them.

    python -m benchmarks.pool envfactory-work/dataset --episodes 64 --seconds 600

An episode runs three short commands, writes a file and reads its diff, and thinks before each for
``--think`` seconds on average, as an agent that waits for its model; it is not graded.  Some are cancelled in
the middle of a command.  First the start of single episodes is timed, cold and from a pool.  Prints one
JSON object; exit code 1 if a promise of ``docs/python-api.md`` is not kept.  Images have to be at hand.
Measures; changes nothing but its own containers.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.meters import daemons, held
from envfactory import Dataset, EnvironmentPool
from envfactory.engine import connect
from envfactory.errors import FactoryError
from envfactory.trainer import Task

COLD = 20
"""Episodes started by themselves, one after another."""
COLD_SECONDS, POOL_SECONDS = 0.5, 0.1
"""Promised medians from the start of an episode to the end of its first command, on two processors."""
SPARE_FILES = 8
"""File descriptors that an end may have more than a beginning, e.g. for a connection that is kept."""
ENGINE_FILES = 0.5
"""The same of the engine's daemons, per episode: streams that nobody closes would be one for each or more;
connections of others who use the engine meanwhile are fewer."""
GROWTH = 1.1
"""Memory after the first third and at the end: allocators keep what they had at the busiest moment."""
GROWTH_MB = 16

Moment = dict[str, Any]
"""Counts of ours (``containers``, ``files``, ``threads``, ``memory_mb``) and of the engine's daemons."""


class Figures:
    """Seconds by what was done, failures by cause, and the clock."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.failures: Counter[str] = Counter()
        self.episodes = 0
        self.cancelled = 0

    def add(self, what: str, began: float) -> None:
        """One measurement that ends now."""
        self.seconds.setdefault(what, []).append(time.perf_counter() - began)

    def fail(self, error: FactoryError) -> None:
        """One episode that broke."""
        self.failures[str(getattr(error, "cause", type(error).__name__))] += 1


class Player:
    """One of those who play at the same time."""

    def __init__(self, number: int, think: float) -> None:
        self.dice = random.Random(number)
        self.client = str(number % 4)
        self._think = think

    async def thinks(self) -> None:
        """Twice the average at most."""
        await asyncio.sleep(self.dice.uniform(0, 2 * self._think))


def moment() -> Moment:
    """Counts of now."""
    gc.collect()
    engine = connect()
    try:
        mine = [one for one in engine.owned_containers() if f"-{os.getpid()}-" in one.name]
    finally:
        engine.close()
    ours, theirs = held([os.getpid()]), held(daemons())
    assert ours is not None
    return {"containers": len(mine), **ours._asdict(), "engine": theirs._asdict() if theirs else None}


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


async def episode(pool: EnvironmentPool, task: Task, player: Player, figures: Figures) -> None:
    """Light work."""
    asked = time.perf_counter()
    async with pool.start_async(task, client=player.client) as env:
        for command in ("git status --short", "ls -R | wc -l", "python -c 'print(1)'"):
            began = time.perf_counter()
            await env.exec(command, timeout=60)
            figures.add("exec", began)
            if command.startswith("git"):
                figures.add("asked_to_first_exec", asked)
            await player.thinks()
        began = time.perf_counter()
        await env.write("notes.txt", "x\n")
        figures.add("write", began)
        await player.thinks()
        began = time.perf_counter()
        await env.diff()
        figures.add("diff", began)
    figures.episodes += 1


async def spoiled(pool: EnvironmentPool, task: Task, player: Player, figures: Figures) -> None:
    """An episode that is cancelled while a command runs."""

    async def endless() -> None:
        async with pool.start_async(task, client=player.client) as env:
            running.set()
            await env.exec("sleep 600", timeout=600)

    running = asyncio.Event()
    whole = asyncio.create_task(endless())
    began = asyncio.create_task(running.wait())
    await asyncio.wait({whole, began}, return_when=asyncio.FIRST_COMPLETED)
    began.cancel()
    if not whole.done():
        await player.thinks()
        asked = time.perf_counter()
        whole.cancel()
        await asyncio.wait({whole})
        figures.add("cancel", asked)
        figures.cancelled += 1
    if not whole.cancelled():
        await whole  # raises what broke it


async def crowd(tasks: Sequence[Task], arguments: argparse.Namespace, figures: Figures) -> list[Moment]:
    """``--episodes`` of them all the time, for ``--seconds``; what is held on the way."""
    seen: list[Moment] = []
    end = time.monotonic() + arguments.seconds

    async def plays(player: Player) -> None:
        while time.monotonic() < end:
            play = spoiled if player.dice.random() < arguments.cancelled else episode
            try:
                await play(pool, player.dice.choice(tasks), player, figures)
            except FactoryError as error:
                figures.fail(error)

    async with EnvironmentPool(tasks, size=arguments.episodes, warm=arguments.warm) as pool:
        everybody = [Player(number, arguments.think) for number in range(arguments.episodes)]
        players = [asyncio.create_task(plays(player)) for player in everybody]
        while time.monotonic() < end:
            await asyncio.sleep(min(arguments.seconds / 6, max(end - time.monotonic(), 0.1)))
            seen.append(await asyncio.to_thread(moment))
        await asyncio.gather(*players)
    return seen


def promises(figures: Figures, before: Moment, during: Sequence[Moment], after: Moment) -> dict[str, bool]:
    """What is promised, and whether it was kept."""
    cold, pool = (
        statistics.median(figures.seconds[f"{how}_start_to_first_exec"]) for how in ("cold", "pool")
    )
    settled = during[len(during) // 3]["memory_mb"]
    kept = {
        "cold_start": cold <= COLD_SECONDS,
        "pool_start": pool <= POOL_SECONDS,
        "no_failure": not figures.failures,
        "no_container_left": after["containers"] == 0,
        "no_file_left": after["files"] <= before["files"] + SPARE_FILES,
        "no_thread_left": after["threads"] <= before["threads"],
        "no_memory_leak": during[-1]["memory_mb"] <= settled * GROWTH + GROWTH_MB,
    }
    if before["engine"] and after["engine"]:
        more = after["engine"]["files"] - before["engine"]["files"]
        kept["no_file_left_in_engine"] = more <= SPARE_FILES + ENGINE_FILES * figures.episodes
    return kept


def main() -> int:
    """Run it all and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--warm", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--think", type=float, default=10.0)
    parser.add_argument("--tasks", type=int, default=4, help="use so many tasks of the dataset")
    parser.add_argument("--cancelled", type=float, default=0.05, help="share of episodes that are cancelled")
    arguments = parser.parse_args()
    tasks = list(Dataset(arguments.dataset)[: arguments.tasks])
    figures = Figures()
    alone(tasks, figures)
    before, began = moment(), time.monotonic()
    during = asyncio.run(crowd(tasks, arguments, figures))
    seconds = time.monotonic() - began
    after = moment()
    kept = promises(figures, before, during, after)
    result: dict[str, Any] = {
        "concurrent": arguments.episodes,
        "seconds": round(seconds, 1),
        "episodes": figures.episodes,
        "cancelled": figures.cancelled,
        "episodes_per_minute": round(60 * figures.episodes / seconds, 1),
        "failures": figures.failures,
        "latency_seconds": {what: summary(values) for what, values in figures.seconds.items()},
        "held": {"before": before, "during": during, "after": after},
        "load": os.getloadavg(),
        "processors": os.cpu_count(),
        "promises": kept,
    }
    print(json.dumps(result, indent=2))
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
