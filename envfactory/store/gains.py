"""What each rung of the building ladder brought: environments, tries, and how many of them helped.

Pure arithmetic on recorded tries.  Environments add up: every one counts once, for the try that it is
the result of.  A try *helped* when it got further than all before it of the same pull request: to a
later phase, or to more passing tests.  Nothing is read or written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from envfactory.records import RungAttempt, winning

RUNGS = ("rules", "repairs", "model")
HEIGHTS = {"refused": -1, "resolve_failed": 0, "build_failed": 1, "tests_failed": 2, "works": 3}


@dataclass
class Gain:
    """One rung and kind of change."""

    rung: str
    kind: str
    environments: int = 0
    tries: int = 0
    helped: int = 0
    refused: int = 0
    seconds: float = 0.0
    cost_usd: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """All fields, rounded."""
        return vars(self) | {"seconds": round(self.seconds, 1), "cost_usd": round(self.cost_usd, 6)}


@dataclass
class Gains:
    """The whole ladder over many pull requests."""

    environments: int = 0
    """Environments that work and whose tries are known."""
    without: int = 0
    """Pull requests that ended without one, and whose tries are known."""
    rows: dict[tuple[str, str], Gain] = field(default_factory=dict)
    reuse: dict[str, int] = field(
        default_factory=lambda: {"environments": 0, "tries": 0, "resolution": 0, "image": 0}
    )
    """Tries (and environments) that found something ready: rung ``reuse``, beside the one they count for."""

    def as_json(self) -> dict[str, Any]:
        """``environments``, ``without``, ``reuse`` and ``rungs``: a list in the order of the ladder."""
        ranked = sorted(self.rows.values(), key=lambda row: (_rank(row.rung), -row.environments, row.kind))
        return {
            "environments": self.environments,
            "without": self.without,
            "reuse": dict(self.reuse),
            "rungs": [row.as_json() for row in ranked],
        }


def gains(climbs: Iterable[Sequence[RungAttempt]]) -> Gains:
    """The sum over climbs, each the tries of one pull request in order; empty ones are left out."""
    total = Gains()
    for climb in climbs:
        if climb:
            _add(total, climb)
    return total


def _add(total: Gains, climb: Sequence[RungAttempt]) -> None:
    won = winning(climb)
    best = (-1, 0)
    for item in climb:
        row = total.rows.setdefault((item.rung, item.kind), Gain(item.rung, item.kind))
        height = (HEIGHTS[item.outcome], item.passed)
        row.tries += 1
        row.seconds += item.seconds
        row.cost_usd += item.cost_usd
        row.refused += item.outcome == "refused"
        # The first try has nothing to compare with: it helps when it works.
        row.helped += height > best if item is not climb[0] else item.outcome == "works"
        best = max(best, height)
        for what in item.reused:
            total.reuse[what] += 1
        total.reuse["tries"] += bool(item.reused)
    if won is None:
        total.without += 1
        return
    total.environments += 1
    total.rows[(won.rung, won.kind)].environments += 1
    total.reuse["environments"] += bool(won.reused)


def _rank(rung: str) -> int:
    return RUNGS.index(rung) if rung in RUNGS else len(RUNGS)
