"""The funnel: how many pull requests went into each stage, came out, and why the others did not.

Pure arithmetic on outcomes; ``in = out + rejections + failures`` holds because every outcome is
counted once.  Nothing is read or written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from envfactory.records import STAGES
from envfactory.store.store import Entry


@dataclass
class StageCounts:
    """Numbers of one stage."""

    out: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def taken(self) -> int:
        """How many pull requests this stage has dealt with."""
        return self.out + self.rejected.total() + self.failed.total()

    def as_json(self) -> dict[str, Any]:
        """``in``, ``out``, ``rejected`` by reason, ``failed`` by cause; most frequent first."""
        return {
            "in": self.taken,
            "out": self.out,
            "rejected": _ranked(self.rejected),
            "failed": _ranked(self.failed),
        }


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def funnel(entries: Iterable[Entry]) -> dict[str, StageCounts]:
    """Counts of every stage, in order."""
    stages = {str(stage): StageCounts() for stage in STAGES}
    for entry in entries:
        counts = stages[entry.stage]
        if entry.status == "ok":
            counts.out += 1
        elif entry.status == "rejected":
            counts.rejected[entry.reason] += 1
        else:
            counts.failed[entry.reason] += 1
    return stages
