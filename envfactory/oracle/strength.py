"""From what happened to wrong patches to how strong a task's oracle is.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from envfactory.records import OracleStrength

MUTANT, PARTIAL = "mutant:", "partial:"
ENOUGH = 0.5
"""A share below it makes an oracle weak.  Ours: of mutants as small as these, a suite that was written
with care notices most; what half of them pass says little about a patch."""
FEWEST = 3
"""Of fewer mutants a share says nothing."""


@dataclass(frozen=True)
class Finding:
    """One wrong patch that was judged: ``name`` is its check's, ``mutant:<n>`` or ``partial:<n>``."""

    name: str
    told: str
    killed: bool


def strength(
    findings: Iterable[Finding],
    changed: Sequence[str] | None = None,
    missed: Sequence[str] = (),
) -> OracleStrength:
    """The sum, the same in whatever order the findings come.

    ``changed`` is ``None`` where coverage was not measured.
    """
    found = sorted(findings, key=_place)
    mutants = [finding for finding in found if finding.name.startswith(MUTANT)]
    partial = [finding for finding in found if finding.name.startswith(PARTIAL)]
    shares = [
        ("mutants killed", _killed(mutants), len(mutants), FEWEST),
        ("partial gold patches killed", _killed(partial), len(partial), 1),
    ]
    if changed is not None:
        shares.append(("changed statements run", len(changed) - len(missed), len(changed), 1))
    weak = [
        f"{count} of {total} {what}"
        for what, count, total, fewest in shares
        if total >= fewest and count < ENOUGH * total
    ]
    return OracleStrength(
        mutants=len(mutants),
        killed=_killed(mutants),
        partial=len(partial),
        partial_killed=_killed(partial),
        changed_lines=None if changed is None else len(changed),
        covered_lines=None if changed is None else len(changed) - len(missed),
        weak=bool(weak),
        why="; ".join(weak) or ("" if found else "no wrong patch could be made"),
        survivors=tuple(finding.told for finding in found if not finding.killed),
        missed=tuple(missed),
    )


def _killed(findings: Sequence[Finding]) -> int:
    return sum(finding.killed for finding in findings)


def _place(finding: Finding) -> tuple[str, int]:
    """Mutants before partial patches, each as numbered: workers finish in any order, a row has one."""
    kind, _, number = finding.name.partition(":")
    return kind, int(number)
