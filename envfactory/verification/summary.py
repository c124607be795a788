"""What a verification's entries add up to: verdicts per task, what rotted, tables of what was tried.

Pure functions of entries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from envfactory.grader.second_opinion import UNCONFIRMED
from envfactory.oracle import Finding, strength
from envfactory.oracle.strength import MUTANT, PARTIAL
from envfactory.records import OracleStrength
from envfactory.verification.checks import ATTACK, COVERAGE, EMPTY, GOLD, SECOND_TRY, VARIANT, Entry


def verdicts(entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    """Task -> rates of gold and empty patch, whether a second opinion is impossible, attacks, variants,
    oracle, whether all runs agreed, faults."""
    by_task: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_task[entry.task].append(entry)
    return {task: _of_task(found) for task, found in sorted(by_task.items())}


def _of_task(entries: Sequence[Entry]) -> dict[str, Any]:
    judged = [entry for entry in entries if entry.fault is None]
    same = {
        check: len({entry.verdict_digest for entry in judged if entry.check == check}) <= 1
        for check in (GOLD, EMPTY)
    }
    return {
        "gold": rate(entry.resolved for entry in judged if entry.check == GOLD),
        "empty": rate(entry.resolved for entry in judged if entry.check == EMPTY),
        "unconfirmed": any(UNCONFIRMED in entry.evidence for entry in judged),
        "attacks": sum(entry.check.startswith(ATTACK) and entry.applied for entry in judged),
        "succeeded": sorted(e.check.removeprefix(ATTACK) for e in judged if _succeeded(e)),
        "variants": sum(entry.check.startswith(VARIANT) and _was_made(entry) for entry in judged),
        "refused": sorted(
            entry.check.removeprefix(VARIANT)
            for entry in judged
            if entry.check.startswith(VARIANT) and entry.as_it_must_be is False
        ),
        "oracle": found.model_dump(mode="json") if (found := oracle(judged)) is not None else None,
        "stable": all(same.values()),
        "faults": dict(Counter(entry.fault for entry in entries if entry.fault)),
    }


def rate(verdicts: Iterable[bool]) -> float | None:
    """Share of true ones; ``None`` without any."""
    found = list(verdicts)
    return sum(found) / len(found) if found else None


def rotten(of_tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Task -> what is not as it must be; tasks without a verdict are no rot but a fault."""
    found = {}
    for task, told in of_tasks.items():
        reasons = []
        if told["gold"] is not None and told["gold"] < 1:
            reasons.append(f"gold resolves in {told['gold']:.0%} of its runs")
        if told["empty"]:
            reasons.append(f"the empty patch resolves in {told['empty']:.0%} of its runs")
        if not told["stable"]:
            reasons.append("runs of the same patch differ")
        reasons += [f"the equal variant {name} does not resolve" for name in told["refused"]]
        reasons += [f"attack {name} succeeded" for name in told["succeeded"]]
        if reasons:
            found[task] = "; ".join(reasons)
    return found


def attack_table(entries: Iterable[Entry]) -> dict[str, dict[str, int]]:
    """Attack -> on how many tasks it was tried, applied, succeeded, was noticed, ended in a fault."""
    table: dict[str, dict[str, int]] = {}
    for entry in entries:
        if not entry.check.startswith(ATTACK):
            continue
        row = table.setdefault(
            entry.check.removeprefix(ATTACK),
            dict.fromkeys(("tried", "applied", "succeeded", "tampered", "suspicious", "fault"), 0),
        )
        row["tried"] += 1
        row["applied"] += entry.applied
        row["succeeded"] += _succeeded(entry)
        row["tampered"] += entry.tampered
        row["suspicious"] += any(line.startswith("suspicious:") for line in entry.evidence)
        row["fault"] += entry.fault is not None
    return dict(sorted(table.items()))


def variant_table(entries: Iterable[Entry]) -> dict[str, dict[str, int]]:
    """Variant -> of how many tasks it was tried, could be made, resolved (at a second try), had a fault."""
    table: dict[str, dict[str, int]] = {}
    for entry in entries:
        if entry.check.startswith(VARIANT):
            name = entry.check.removeprefix(VARIANT)
            row = table.setdefault(name, dict.fromkeys(("tried", "made", "resolved", "second", "fault"), 0))
            row["tried"] += 1
            row["made"] += _was_made(entry)
            row["resolved"] += entry.resolved
            row["second"] += entry.resolved and entry.about == SECOND_TRY
            row["fault"] += entry.fault is not None
    return dict(sorted(table.items()))


def _was_made(entry: Entry) -> bool:
    return bool(entry.patch_digest)


def oracle(entries: Sequence[Entry]) -> OracleStrength | None:
    """How strong the tests of one task are; ``None`` where that was not asked."""
    judged = [entry for entry in entries if entry.fault is None]
    wrong = [entry for entry in judged if entry.check.startswith((MUTANT, PARTIAL))]
    traced = next((entry for entry in judged if entry.check == COVERAGE), None)
    if not wrong and traced is None:
        return None
    findings = [Finding(entry.check, entry.about, not entry.resolved) for entry in wrong]
    return strength(findings, traced.changed if traced else None, traced.missed if traced else ())


def oracle_table(of_tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Sums over all tasks that were asked, and how many of those are weak."""
    asked = [told["oracle"] for told in of_tasks.values() if told["oracle"] is not None]
    columns = ("mutants", "killed", "partial", "partial_killed", "changed_lines", "covered_lines", "weak")
    sums = {column: sum(int(told[column] or 0) for told in asked) for column in columns}
    return {"tasks": len(asked), **sums} if asked else {}


def _succeeded(entry: Entry) -> bool:
    return entry.check.startswith(ATTACK) and entry.resolved
