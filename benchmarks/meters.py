"""What a command cost: its own processor time and memory, and what the Docker engine spent meanwhile.

The engine's share is read from its control group (containers and build steps, those already gone
included) and from the daemons' process times.  It counts *everything* the engine does, so nothing
else should use the engine during a measurement.  Where the groups cannot be read (an engine on another
machine, a systemd driver), the share is unknown and ``None``, never a guess.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
        except OSError:  # it ended meanwhile
            continue
        if name in DAEMONS:
            fields = rest.split()
            total += sum(map(int, fields[11:15]))  # user and system time, of itself and of ended children
    return total / ticks


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
