"""What a container's control group counted: kills for memory, and the peak of memory.

Engines before 23 do not report that a *child* process was killed for memory, and none reports the
peak under control groups v2; the kernel's own counters do.  Read on this machine when the engine is
here, else through a command in the container.  Never changes a control group.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
COUNTERS = ("memory.events", "memory.oom_control", "memory.peak", "memory.max_usage_in_bytes")
INSIDE = tuple(str(MOUNT / folder / name) for folder in ("", "memory") for name in COUNTERS)
"""Where the same counters are seen from within."""


@dataclass(frozen=True)
class Memory:
    """Processes killed for want of memory, and the most bytes in use at a time (0 if not known)."""

    kills: int
    peak: int


def read(pid: int, proc: Path = Path("/proc"), mount: Path = MOUNT) -> Memory | None:
    """Counters of the group of a process of this machine; ``None`` if they cannot be seen from here."""
    try:
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        folder = mount / ("memory" if controllers else "") / path.lstrip("/")
        texts = [text for name in COUNTERS if (text := _text(folder / name))]
        if path.strip("/") and texts:
            return parse("\n".join(texts))
    return None


def parse(text: str) -> Memory:
    """Counters from their files' contents, in any order."""
    kills = peak = 0
    for line in text.splitlines():
        key, _, value = line.rpartition(" ")
        if key == "oom_kill" and value.isdigit():
            kills = int(value)
        elif not key and value.isdigit():
            peak = int(value)
    return Memory(kills, peak)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
