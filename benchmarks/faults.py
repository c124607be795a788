"""Does the grader tell the machine's faults from the patch's failures?  Injects both and counts.

    python -m benchmarks.faults DATASET [--task ID] [--only NAME]

Machine faults happen to gold patches: without a retry they must be faults, never a verdict; with the
usual retries a passing fault must end in the right verdict.  Deeds of patches must be verdicts of 0, never
faults.  Containers are removed and connections cut for real; only our own containers and a proxy of
our own in front of the engine are touched.  Running out of the host's memory or disk is not injected.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from envfactory.attacks import ATTACKS, Target
from envfactory.engine import Engine, connect
from envfactory.grader import GradeSubject, grade
from envfactory.records import Reward
from envfactory.trainer import Dataset, Task
from envfactory.verification.target import target_of
from envfactory.verification.verify import bounded

DEEDS = (
    "exit_now",
    "killed_parent",
    "fork_bomb",
    "fork_and_exit",
    "memory",
    "disk",
    "output",
    "silent",
    "left_behind",
    "report_folder",
    "cut",
    "outside",
)
MOMENTS = (0.3, 0.8, 1.4)
"""Seconds after the start of a grade at which something breaks."""


@dataclass(frozen=True)
class Bench:
    """One task with small limits."""

    task: Task
    target: Target
    subject: GradeSubject


class Proxy:
    """A socket in front of the engine's that can be cut."""

    def __init__(self, behind: str) -> None:
        self._behind = behind
        self.path = str(Path(tempfile.mkdtemp(prefix="faults-")) / "engine.sock")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(64)
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Break every connection that is open now."""
        for each in self._open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _serve(self) -> None:
        while True:
            client, _ = self._listener.accept()
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self._behind)
            self._open += [client, engine]
            for source, sink in ((client, engine), (engine, client)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def later(seconds: float, deed: Callable[[], object]) -> Iterator[None]:
    """Do something once, so many seconds from now."""
    timer = threading.Timer(seconds, deed)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _burn(until: float) -> None:
    os.nice(-5)
    while time.monotonic() < until:
        pass


def gone_image(bench: Bench, engine: Engine, attempts: int) -> Iterator[Reward]:
    """The image is not there; no repetition helps."""
    subject = replace(bench.subject, image="envfactory/no-such-image:1")
    yield grade(engine, subject, bench.task.gold_patch, attempts=attempts)


def removed_container(bench: Bench, engine: Engine, attempts: int) -> Iterator[Reward]:
    """The container vanishes under the tests."""
    for moment in MOMENTS:
        with later(moment, engine.sweep_own):
            yield grade(engine, bench.subject, bench.task.gold_patch, attempts=attempts)


def cut_connection(bench: Bench, engine: Engine, attempts: int) -> Iterator[Reward]:
    """The engine's connections break."""
    proxy = Proxy(engine.host.removeprefix("unix://"))
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = f"unix://{proxy.path}"
    try:
        through = connect()
    finally:
        os.environ.pop("DOCKER_HOST") if before is None else os.environ.update(DOCKER_HOST=before)
    for moment in MOMENTS:
        with later(moment, proxy.cut):
            yield grade(through, bench.subject, bench.task.gold_patch, attempts=attempts)


def busy_machine(bench: Bench, engine: Engine, attempts: int) -> Iterator[Reward]:
    """Others use the processors up while the tests have little time; passes only if they end before it."""
    seconds = max(2.0, bench.task.reward_spec.speed.baseline_seconds[0] * 1.2)
    limits = bench.subject.reward_spec.limits.model_copy(update={"run_seconds": seconds})
    spec = bench.subject.reward_spec.model_copy(update={"limits": limits})
    until = time.monotonic() + 4 * seconds
    burners = [multiprocessing.Process(target=_burn, args=(until,)) for _ in range(16)]
    for burner in burners:
        burner.start()
    try:
        yield grade(
            engine, replace(bench.subject, reward_spec=spec), bench.task.gold_patch, attempts=attempts
        )
    finally:
        for burner in burners:
            burner.kill()


MACHINE = (gone_image, removed_container, cut_connection, busy_machine)


def verdict(reward: Reward) -> str:
    """``fault``, ``resolved`` or ``failure``."""
    return "fault" if reward.fault else "resolved" if reward.resolved else "failure"


def main() -> None:
    """Print one line per injection and the confusion table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--task", help="instance id; the first one if not given")
    parser.add_argument("--only", action="append", help="an injection's name; repeatable")
    given = parser.parse_args()
    engine, dataset = connect(), Dataset(given.dataset)
    task = dataset[given.task] if given.task else dataset[0]
    subject = GradeSubject(task.image, bounded(task.reward_spec), task.spec.env, task.language)
    bench = Bench(task, target_of(engine, task), subject)
    table: Counter[tuple[str, str]] = Counter()

    def note(kind: str, name: str, reward: Reward) -> None:
        table[kind, verdict(reward)] += 1
        print(
            f"{kind:22} {name:20} {verdict(reward):9} {reward.fault or ''} {reward.detail[:70]}", flush=True
        )

    wanted = given.only or [*DEEDS, *(fault.__name__ for fault in MACHINE)]
    for name in DEEDS:
        if name in wanted:
            note("patch", name, grade(engine, subject, ATTACKS[name].make(bench.target) or ""))
    for fault in MACHINE:
        for attempts, kind in ((1, "machine, one attempt"), (3, "machine, retried")):
            if fault.__name__ in wanted:
                for reward in fault(bench, engine, attempts):
                    note(kind, fault.__name__, reward)
    print(f"\n{'injected':22} {'fault':>9} {'failure':>9} {'resolved':>9}")
    for kind in sorted({kind for kind, _ in table}):
        print(f"{kind:22}" + "".join(f"{table[kind, word]:>10}" for word in ("fault", "failure", "resolved")))


if __name__ == "__main__":
    main()
