"""Who made a container: a process of a machine, named so that it can be told whether it still lives.

A container outlives the process that made it when that is killed with SIGKILL.  The label says
``host:boot:pidns:pid:start``; a process is the same only if all five are.  Never kills anything.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

LABEL = "envfactory"
OWNER_LABEL = "envfactory.owner"


@dataclass(frozen=True)
class Owner:
    """One process, unmistakably: process ids are reused, start times after boot are not."""

    host: str
    boot: str
    pidns: str
    pid: int
    start: str

    def __str__(self) -> str:
        return f"{self.host}:{self.boot}:{self.pidns}:{self.pid}:{self.start}"

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """``None`` for a label that we did not write."""
        parts = text.split(":")
        if len(parts) != 5 or not parts[3].isdigit():
            return None
        return cls(parts[0], parts[1], parts[2], int(parts[3]), parts[4])

    def alive(self) -> bool | None:
        """Whether the process still runs; ``None`` when that cannot be seen from here."""
        here = this_process()
        if self.host != here.host:
            return None
        if self.boot != here.boot:
            return False
        if self.pidns != here.pidns:
            return None
        return _start_time(self.pid) == self.start


def this_process() -> Owner:
    """The owner to write on what this process makes (asked anew each time: forks differ)."""
    pid = os.getpid()
    return Owner(platform.node().replace(":", "-"), _boot(), _pid_namespace(), pid, _start_time(pid) or "0")


def labels() -> dict[str, str]:
    """Labels of everything that this process makes in the engine."""
    return {LABEL: "1", OWNER_LABEL: str(this_process())}


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "0"


def _start_time(pid: int) -> str | None:
    """Clock ticks after boot (field 22 of ``stat``; the name before it may hold spaces and brackets)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    state, start = fields[0], fields[19]
    return None if state in "ZX" else start
