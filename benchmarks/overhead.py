"""What a verdict costs beside the run of the tests: ours, and that of ``swebench eval`` on the same tasks.

    python -m benchmarks.overhead DATASET [--tasks 10] [--repeats 3] [--at-a-time 8]

Gold patches of tasks of all repositories in turn, graded one after the other, then several at a time,
where what counts is that no verdict is lost.  The second run that a suspicious patch gets is a run of the
tests and therefore left out here.  swebench is installed into an environment of its own; its seconds are
those between the first and the last line of an instance's log.  Exit code 1 if a verdict is lost.
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
from envfactory.grader import GradeSubject
from envfactory.grader.grade import judge
from envfactory.trainer import Dataset, Task
from envfactory.trainer.images import ensure_image


def ours(engine: Engine, task: Task) -> tuple[bool, float]:
    """Whether the gold patch resolves, and the seconds of the verdict beside the test run."""
    subject = GradeSubject(task.image, task.reward_spec, task.spec.env, task.language)
    started = time.monotonic()
    judged = judge(engine, subject, task.gold_patch, options={"second_opinion": "never"})
    spent = time.monotonic() - started
    return judged.reward.resolved, spent - (judged.report.seconds if judged.report else 0.0)


def theirs(dataset: Path, tasks: Sequence[Task]) -> Iterator[float]:
    """The same of ``swebench eval``, for tasks that it has a verdict on."""
    cases = [Case(task.instance_id, "gold", task.gold_patch) for task in tasks]
    for _, verdict in JUDGES["swebench"](dataset, cases):
        if verdict.overhead is not None:
            yield verdict.overhead


def told(name: str, seconds: Sequence[float]) -> None:
    """One line of figures."""
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
    lost = 0
    with closing(connect()) as engine:
        for task in tasks:
            ensure_image(engine, task)
        rounds = [task for _ in range(options.repeats) for task in tasks]
        alone = [ours(engine, task) for task in rounds]
        lost += sum(not resolved for resolved, _ in alone)
        with ThreadPoolExecutor(options.at_a_time) as pool:
            together = list(pool.map(lambda task: ours(engine, task), rounds))
        lost += sum(not resolved for resolved, _ in together)
    told("envfactory, one at a time", [seconds for _, seconds in alone])
    told(f"envfactory, {options.at_a_time} at a time", [seconds for _, seconds in together])
    print(f"{'verdicts lost':34} {lost} of {len(alone) + len(together)}")
    try:
        told("swebench eval, one at a time", list(theirs(options.dataset, tasks)))
    except Unreachable as error:
        print(f"swebench eval: not measured, {error}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
