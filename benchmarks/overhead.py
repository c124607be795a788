"""What a verdict costs beside the run of the tests: ours, and that of ``swebench eval`` on the same tasks.

    python -m benchmarks.overhead DATASET [--tasks 10] [--repeats 3] [--at-a-time 8]

Gold patches of tasks of all repositories in turn, graded one after the other, then several at a time,
where what counts is that no verdict is lost.  The second run that a patch gets which is not plain is a run
of the tests, too: the first figures are without it, those of "as by default" count it as overhead.
swebench is installed into an environment of its own; its seconds are those between the first and the
last line of an instance's log.  Exit code 1 if a verdict is lost.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

from benchmarks.agreement import spread
from benchmarks.judges import JUDGES, Case, Unreachable
from envfactory.engine import Engine, connect
from envfactory.errors import StageError
from envfactory.trainer import Dataset, Task
from envfactory.trainer.grading import judged_gold
from envfactory.trainer.images import ensure_image


def ours(engine: Engine, task: Task) -> float | None:
    """Seconds of the gold patch's verdict beside the test run; ``None`` where it does not resolve."""
    started = time.monotonic()
    try:
        report = judged_gold(task, engine)
    except StageError as error:
        print(f"{task.instance_id}: {error.cause}: {error}", file=sys.stderr)
        return None
    return time.monotonic() - started - report.seconds


def by_default(engine: Engine, task: Task) -> float | None:
    """The same as users get it, with all that a second opinion costs where there is one."""
    reward = task.grade(task.gold_patch, engine=engine)
    tests = reward.completion.environment if reward.completion else None
    if not reward.resolved or tests is None:
        print(f"{task.instance_id}: {reward.fault}: {reward.detail}", file=sys.stderr)
        return None
    return reward.seconds - tests


def theirs(dataset: Path, tasks: Sequence[Task]) -> Iterator[float]:
    """The same of ``swebench eval``, for tasks that it has a verdict on."""
    cases = [Case(task.instance_id, "gold", task.gold_patch) for task in tasks]
    for _, verdict in JUDGES["swebench"](dataset, cases):
        if verdict.overhead is not None:
            yield verdict.overhead


def told(name: str, measured: Sequence[float | None]) -> None:
    """One line of figures."""
    seconds = [one for one in measured if one is not None]
    if len(seconds) < 2:
        print(f"{name:34} no figures")
        return
    p95 = quantiles(seconds, n=20, method="inclusive")[-1]
    print(f"{name:34} median {median(seconds):.2f} s, p95 {p95:.2f} s, of {len(seconds)}")


def main(words: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.overhead", description=__doc__.splitlines()[0]
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--at-a-time", type=int, default=8)
    options = parser.parse_args(words)
    tasks = spread(list(Dataset(options.dataset)), options.tasks)
    with closing(connect()) as engine:
        for task in tasks:
            ensure_image(engine, task)
        rounds = [task for _ in range(options.repeats) for task in tasks]
        alone = [ours(engine, task) for task in rounds]
        defaults = [by_default(engine, task) for task in rounds]
        with ThreadPoolExecutor(options.at_a_time) as pool:
            together = list(pool.map(lambda task: ours(engine, task), rounds))
    verdicts = [*alone, *defaults, *together]
    lost = verdicts.count(None)
    told("envfactory, one at a time", alone)
    told("envfactory, as by default", defaults)
    told(f"envfactory, {options.at_a_time} at a time", together)
    print(f"{'verdicts lost':34} {lost} of {len(verdicts)}")
    try:
        told("swebench eval, one at a time", list(theirs(options.dataset, tasks)))
    except Unreachable as error:
        print(f"swebench eval: not measured, {error}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
