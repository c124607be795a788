"""What a verification's entries add up to: verdicts per task, what rotted, a table of attacks.

Pure functions of entries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from envfactory.verification.checks import ATTACK, EMPTY, GOLD, Entry


def verdicts(entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    """Task -> gold rate, empty rate, attacks that succeeded, whether all runs agreed, faults."""
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
        "attacks": sum(entry.check.startswith(ATTACK) and entry.applied for entry in judged),
        "succeeded": sorted(e.check.removeprefix(ATTACK) for e in judged if _succeeded(e)),
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


def _succeeded(entry: Entry) -> bool:
    return entry.check.startswith(ATTACK) and entry.resolved
