"""What is checked of a task, and one line of the ledger per check.

A check is a patch and what must come of it: ``gold`` resolves, ``empty`` does not, ``attack:<name>`` does
not.  Other checks (further patches that must or must not resolve) are one more generator here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from envfactory.attacks import attacks_on
from envfactory.attacks.attack import digest
from envfactory.records import Record, Reward
from envfactory.verification.target import target_of

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.trainer import Task

GOLD, EMPTY, ATTACK = "gold", "empty", "attack:"


class Entry(Record):
    """One graded patch, or (``applied`` false) one that could not be made for this task."""

    MEASURED = frozenset({"seconds", "detail"})
    task: str
    task_digest: str
    check: str
    run: int = 1
    patch_digest: str = ""
    applied: bool = True
    resolved: bool = False
    tampered: bool = False
    fault: str | None = None
    verdict_digest: str = ""
    """Of outcome and flags without measured fields: equal verdicts have equal digests."""
    evidence: tuple[str, ...] = ()
    detail: str = ""
    seconds: float = Field(default=0.0, ge=0.0)

    @property
    def as_it_must_be(self) -> bool | None:
        """Whether the verdict is the wanted one; ``None`` if there is none."""
        if self.fault is not None:
            return None
        return self.resolved is (self.check == GOLD)


@dataclass(frozen=True)
class Check:
    """One patch to grade."""

    task: Task
    name: str
    run: int
    patch: str | None

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What makes two checks the same: task, name, run and patch by their digests."""
        return str(self.task.row["bundle_digest"]), self.name, self.run, digest(self.patch or "")


@dataclass(frozen=True)
class Wanted:
    """What to check."""

    runs: int = 1
    attacks: bool = False
    names: tuple[str, ...] = ()
    """Attacks to try; empty: all."""


def checks_of(task: Task, wanted: Wanted, engine: Engine) -> Iterator[Check]:
    """All checks of one task."""
    for run in range(1, wanted.runs + 1):
        yield Check(task, GOLD, run, task.gold_patch)
        yield Check(task, EMPTY, run, "")
    if wanted.attacks:
        target = target_of(engine, task)
        for attack in attacks_on(target, wanted.names):
            yield Check(task, ATTACK + attack.name, 1, attack.make(target))


def entry_of(check: Check, reward: Reward | None) -> Entry:
    """The line of a check; ``reward`` is ``None`` where there was no patch to grade."""
    task_digest, name, run, patch_digest = check.key
    made = Entry(task=check.task.instance_id, task_digest=task_digest, check=name, run=run)
    if reward is None:
        return made.model_copy(update={"applied": False})
    return made.model_copy(
        update={
            "patch_digest": patch_digest,
            "applied": "patch_does_not_apply" not in reward.evidence,
            "resolved": reward.resolved,
            "tampered": reward.tampered,
            "fault": reward.fault,
            "verdict_digest": _verdict(reward),
            "evidence": reward.evidence[:20],
            "detail": reward.detail[:500],
            "seconds": reward.seconds,
        }
    )


def _verdict(reward: Reward) -> str:
    return reward.model_copy(update={"evidence": (), "detail": "", "speed": None, "value": None}).digest
