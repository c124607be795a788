"""Which machine this is, and whether it, not the patch, made a run too slow.

A run that ran out of time got little processor time when others used it up.  The container cannot
feign that: the machine is looked at after the container is gone, and its processor time is counted by
the engine.  Never changes a verdict; a run that may be the machine's fault is repeated.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from envfactory.records import Machine, Outcome, TestReport

STAT = Path("/proc/stat")
CPUINFO = Path("/proc/cpuinfo")
MODEL_KEYS = ("model name", "cpu model", "Processor", "Model")
"""What kernels of different architectures call the processor's model."""
IDLE = 0.15
"""Less than this share of the processors' time idle: work is waiting for its turn."""
WANTED, GOT_ITS_SHARE = 0.05, 0.5
"""A run that had a processor for half of its time was not starved of it; one that had it for less than a
twentieth slept rather than waited (with eight runs on two processors each still gets a quarter)."""
ENDLESS = 10.0
"""A run that used so many times the processor seconds of the slowest reference run had its chance."""
LOOK_SECONDS = 0.4


def starved(report: TestReport, reference: Sequence[float] = (), stat: Path = STAT) -> bool:
    """Whether time limits were hit in a run that hardly got a processor, on a machine that is still busy.

    ``reference``: processor seconds of runs with the gold patch, where they are known.
    """
    late = report.timed_out or any(r.outcome is Outcome.TIMEOUT for r in report.results.values())
    if not late or not WANTED * report.seconds < report.cpu_seconds < GOT_ITS_SHARE * report.seconds:
        return False
    if reference and report.cpu_seconds > ENDLESS * max(reference):
        return False
    share = idle_share(stat)
    return share is not None and share < IDLE


def this_machine(cpuinfo: Path = CPUINFO) -> Machine:
    """The machine that this process runs on; an engine elsewhere is not asked."""
    processors = os.cpu_count() or 1
    try:
        lines = [line.partition(":") for line in cpuinfo.read_text().splitlines()]
    except OSError:
        lines = []
    facts = {key.strip(): value.strip() for key, _, value in lines}
    try:
        load = os.getloadavg()[0] / processors
    except OSError:
        load = 0.0
    return Machine(
        processor=next((facts[key] for key in MODEL_KEYS if key in facts), ""),
        architecture=platform.machine(),
        processors=processors,
        load=round(load, 2),
    )


def idle_share(stat: Path = STAT, seconds: float = LOOK_SECONDS) -> float | None:
    """Share of all processors' time spent idle within the next moment; ``None`` where it is not told."""
    before = _ticks(stat)
    time.sleep(seconds)
    after = _ticks(stat)
    if before is None or after is None or after[1] <= before[1]:
        return None
    return (after[0] - before[0]) / (after[1] - before[1])


def _ticks(stat: Path) -> tuple[int, int] | None:
    """(idle, all) ticks since boot; ``cpu user nice system idle iowait irq softirq steal`` of proc(5)."""
    try:
        words = stat.read_text().split("\n", 1)[0].split()
    except OSError:
        return None
    numbers = [int(word) for word in words[1:9] if word.isdigit()]
    return (sum(numbers[3:5]), sum(numbers)) if words[:1] == ["cpu"] and len(numbers) > 4 else None
