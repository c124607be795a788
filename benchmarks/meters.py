"""What a command cost: its own processor time and memory, and what the Docker engine spent meanwhile.

Also what processes hold: file descriptors, threads, memory.

The engine's share is read from its control group (containers and build steps, those already gone
included) and from the daemons' process times.  It counts *everything* the engine does, so nothing
else should use the engine during a measurement.  Where the groups cannot be read (an engine on another
machine, a systemd driver), the share is unknown and ``None``, never a guess.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

CPUACCT = Path("/sys/fs/cgroup/cpuacct/docker/cpuacct.usage")
UNIFIED = Path("/sys/fs/cgroup/docker/cpu.stat")
DAEMONS = {"dockerd", "containerd"}


@dataclass(frozen=True)
class Cost:
    """Of one command, or of several added up."""

    wall_seconds: float = 0.0
    own_cpu_seconds: float = 0.0
    """The command and the processes it waited for; containers are not among them."""
    engine_cpu_seconds: float | None = 0.0
    peak_memory_bytes: int = 0

    def __add__(self, other: Cost) -> Cost:
        known = self.engine_cpu_seconds is not None and other.engine_cpu_seconds is not None
        return Cost(
            self.wall_seconds + other.wall_seconds,
            self.own_cpu_seconds + other.own_cpu_seconds,
            (self.engine_cpu_seconds or 0) + (other.engine_cpu_seconds or 0) if known else None,
            max(self.peak_memory_bytes, other.peak_memory_bytes),
        )

    @property
    def cpu_seconds(self) -> float | None:
        """Everything together."""
        return None if self.engine_cpu_seconds is None else self.own_cpu_seconds + self.engine_cpu_seconds


def engine_cpu_seconds() -> float | None:
    """Processor time that containers, builds and daemons of the local engine have used since it started."""
    containers = _group_seconds()
    return None if containers is None else containers + _daemon_seconds()


def _group_seconds() -> float | None:
    try:
        if CPUACCT.exists():
            return int(CPUACCT.read_text()) / 1e9
        fields = dict(line.split() for line in UNIFIED.read_text().splitlines())
        return int(fields["usage_usec"]) / 1e6
    except OSError:
        return None


def _daemon_seconds() -> float:
    ticks = os.sysconf("SC_CLK_TCK")
    # User and system time, of itself and of ended children.
    return sum(sum(map(int, fields[11:15])) for name, _, fields in _processes() if name in DAEMONS) / ticks


def _processes() -> Iterator[tuple[str, Path, list[str]]]:
    """Name, path and fields (``proc(5)``, from the third on) of each ``/proc/PID/stat``."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
        except OSError:  # it ended meanwhile
            continue
        yield name, stat, rest.split()


class Held(NamedTuple):
    """What processes hold at a moment."""

    files: int
    """Open file descriptors."""
    threads: int
    memory_mb: float
    """Resident; pages that several of them share are counted for each."""


def held(pids: Iterable[int]) -> Held | None:
    """What these processes hold together; ``None`` where that cannot be read, as of another user's."""
    files = threads = resident = 0
    try:
        for process in (Path("/proc") / str(pid) for pid in pids):
            status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
            files += len(list((process / "fd").iterdir()))
            threads += int(status["Threads"])
            resident += int(status["VmRSS"].split()[0])
    except OSError:
        return None
    return Held(files, threads, round(resident / 1024, 1))


def daemons() -> list[int]:
    """Process ids of the engine's daemons on this machine."""
    return [int(stat.parent.name) for name, stat, _ in _processes() if name in DAEMONS]


def measured(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, Cost]:
    """Run a command to its end; its exit code and what it cost."""
    import time

    before, started = engine_cpu_seconds(), time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except KeyboardInterrupt:
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    after = engine_cpu_seconds()
    return process.returncode, Cost(
        time.monotonic() - started,
        usage.ru_utime + usage.ru_stime,
        None if before is None or after is None else after - before,
        usage.ru_maxrss * 1024,
    )
