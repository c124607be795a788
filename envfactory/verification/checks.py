"""What is checked of a task, and one line of the ledger per check.

A check is a patch and what must come of it: ``gold`` and ``variant:<name>`` resolve, ``empty`` and
``attack:<name>`` do not.  ``mutant:<n>``, ``partial:<n>`` and ``coverage`` are measured: they say how good
the tests are, and nothing must come of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from envfactory.attacks import attacks_on
from envfactory.attacks.attack import digest
from envfactory.oracle import Coverage, Question, mutants, partial_patches, variants
from envfactory.oracle.strength import MUTANT, PARTIAL
from envfactory.records import Record, Reward
from envfactory.verification.target import question_of, target_of

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.trainer import Task

GOLD, EMPTY, ATTACK = "gold", "empty", "attack:"
VARIANT, COVERAGE = "variant:", "coverage"
SECOND_TRY = "only at the second try"
"""Said of a variant that did not resolve once, then did: like gold patches in production, it is graded
again, since a test may be flaky; that is the task's fault, not the variant's."""
MEASURED = (MUTANT, PARTIAL, COVERAGE)
"""How the names of checks begin that have no wanted verdict."""


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
    about: str = ""
    """Of a mutant what is wrong and where; of a variant why there is none, or that it took two tries."""
    changed: tuple[str, ...] = ()
    """Of ``coverage``: statements that the gold patch changes, ``path:line``."""
    missed: tuple[str, ...] = ()
    """Of ``coverage``: those of them that no test runs."""
    detail: str = ""
    seconds: float = Field(default=0.0, ge=0.0)

    @property
    def as_it_must_be(self) -> bool | None:
        """Whether the verdict is the wanted one; ``None`` if there is none, or none is wanted."""
        if self.fault is not None or self.check.startswith(MEASURED):
            return None
        if self.check.startswith(VARIANT) and not self.patch_digest:
            return None  # there is no such variant of this task
        return self.resolved is (self.check == GOLD or self.check.startswith(VARIANT))


@dataclass(frozen=True)
class Check:
    """One patch to grade."""

    task: Task
    name: str
    run: int
    patch: str | None
    about: str = ""
    question: Question | None = None
    """Of ``coverage``."""

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
    variants: bool = False
    """Equal variants of the gold patch."""
    oracle: bool = False
    """Mutants, gold patches in part, and coverage."""


def checks_of(task: Task, wanted: Wanted, engine: Engine) -> Iterator[Check]:
    """All checks of one task."""
    for run in range(1, wanted.runs + 1):
        yield Check(task, GOLD, run, task.gold_patch)
        yield Check(task, EMPTY, run, "")
    if not (wanted.attacks or wanted.variants or wanted.oracle):
        return
    target = target_of(engine, task)
    if wanted.variants or wanted.oracle:
        yield from _tried_out(task, question_of(task, target), wanted)
    if wanted.attacks:
        for attack in attacks_on(target, wanted.names):
            yield Check(task, ATTACK + attack.name, 1, attack.make(target))


def _tried_out(task: Task, question: Question, wanted: Wanted) -> Iterator[Check]:
    if wanted.variants:
        for variant in variants(question):
            yield Check(task, VARIANT + variant.name, 1, variant.patch, variant.told)
    if wanted.oracle:
        for mistake in (*mutants(question), *partial_patches(question)):
            yield Check(task, mistake.name, 1, mistake.patch, mistake.told)
        yield Check(task, COVERAGE, 1, task.gold_patch, question=question)


def entry_of(check: Check, reward: Reward | None) -> Entry:
    """The line of a check; ``reward`` is ``None`` where there was no patch to grade."""
    task_digest, name, run, patch_digest = check.key
    made = Entry(task=check.task.instance_id, task_digest=task_digest, check=name, run=run, about=check.about)
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


def coverage_entry(check: Check, found: Coverage, seconds: float) -> Entry:
    """The line of a traced run of the gold patch."""
    task_digest, name, run, patch_digest = check.key
    return Entry(
        task=check.task.instance_id,
        task_digest=task_digest,
        check=name,
        run=run,
        patch_digest=patch_digest,
        changed=found.changed,
        missed=found.missed,
        seconds=seconds,
    )


def _verdict(reward: Reward) -> str:
    return reward.model_copy(update={"evidence": (), "detail": "", "speed": None, "value": None}).digest
