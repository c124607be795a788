"""Do our verdicts and those of other people's harnesses agree?  Right, empty and wrong patches for all.

    python -m benchmarks.agreement envfactory-work/dataset --tasks 10 --record agreement.jsonl

Prints a line per patch with the verdict of each judge, then the disagreements.  Exit code 1 if there is one
that is not explained: a judge that gives another verdict than the patch deserves (right: resolved, empty
and wrong: not), or none.  ``--explained FILE`` holds what is known, a JSON object per line with
``instance_id``, ``kind``, ``judge`` and ``why``; an explanation that explains nothing any more is told.
With ``--record`` verdicts are kept, and not asked for again, for as long as task and patch are the same.
Clients are installed from the package index into environments of their own; images have to be at hand.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from benchmarks.judges import JUDGES, Case, Unreachable, Verdict
from benchmarks.wrong import wrong_patch
from envfactory.trainer import Dataset, Task

KINDS: Mapping[str, Callable[[Task], str]] = {
    "gold": lambda task: task.gold_patch,
    "empty": lambda task: "",
    "wrong": lambda task: wrong_patch(task.gold_patch),
}
DESERVED = {"gold": True, "empty": False, "wrong": False}
WORDS = {True: "resolved", False: "no", None: "NONE"}

Verdicts = dict[tuple[str, Case], Verdict]
"""By judge and patch."""
Key = tuple[str, str, str]
"""Instance id, kind of patch, judge."""


class Record:
    """Verdicts in a file of JSON lines; one of another state of the task or another patch counts as none."""

    def __init__(self, path: Path | None, tasks: Mapping[str, str]) -> None:
        self.path, self.tasks = path, tasks
        lines = path.read_text(encoding="utf-8").splitlines() if path and path.exists() else []
        self.known = {
            self._identity(found): Verdict(found["resolved"], found["detail"])
            for found in map(json.loads, lines)
            if found["resolved"] is not None
        }

    def find(self, judge: str, case: Case) -> Verdict | None:
        """What was said before."""
        return self.known.get(self._identity(self._line(judge, case)))

    def keep(self, judge: str, case: Case, verdict: Verdict) -> None:
        """Append it, so that an interruption loses nothing."""
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._line(judge, case) | verdict._asdict()) + "\n")

    def _line(self, judge: str, case: Case) -> dict[str, Any]:
        return {
            "judge": judge,
            "instance_id": case.instance_id,
            "kind": case.kind,
            "task": self.tasks[case.instance_id],
            "patch": hashlib.sha256(case.patch.encode()).hexdigest(),
        }

    @staticmethod
    def _identity(line: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(line[name] for name in ("judge", "instance_id", "kind", "task", "patch"))


def ask(dataset: Path, cases: Sequence[Case], judges: Iterable[str], record: Record) -> Verdicts:
    """Every judge about every patch; progress goes to standard error."""
    verdicts: Verdicts = {}
    for judge in judges:
        known = {case: found for case in cases if (found := record.find(judge, case))}
        verdicts |= {(judge, case): verdict for case, verdict in known.items()}
        waiting = [case for case in cases if case not in known]
        if not waiting:
            continue
        try:
            for case, verdict in JUDGES[judge](dataset, waiting):
                verdicts[judge, case] = verdict
                record.keep(judge, case, verdict)
                said = f"{judge}: {case.instance_id} {case.kind} {WORDS[verdict.resolved]} {verdict.detail}"
                print(said.rstrip(), file=sys.stderr)
        except Unreachable as error:
            for case in waiting:
                verdicts.setdefault((judge, case), Verdict(None, f"not installed: {error}"))
    return verdicts


def table(verdicts: Verdicts, cases: Sequence[Case], judges: Sequence[str]) -> list[str]:
    """A line per patch."""
    width = max(len(case.instance_id) for case in cases)
    lines = [f"{'task':<{width}}  {'patch':<6}" + "".join(f"  {judge:<10}" for judge in judges)]
    for case in cases:
        words = "".join(f"  {WORDS[verdicts[judge, case].resolved]:<10}" for judge in judges)
        lines.append(f"{case.instance_id:<{width}}  {case.kind:<6}{words}".rstrip())
    return lines


def disagreements(verdicts: Verdicts) -> dict[Key, Verdict]:
    """Verdicts that are not what the patch deserves."""
    return {
        (case.instance_id, case.kind, judge): verdict
        for (judge, case), verdict in verdicts.items()
        if verdict.resolved is not DESERVED[case.kind]
    }


def explanations(path: Path | None) -> dict[Key, str]:
    """The file of what is known."""
    lines = path.read_text(encoding="utf-8").splitlines() if path else []
    found = [json.loads(line) for line in lines if line.strip()]
    return {(one["instance_id"], one["kind"], one["judge"]): one["why"] for one in found}


def report(verdicts: Verdicts, known: Mapping[Key, str]) -> tuple[list[str], int]:
    """Lines about the disagreements, and how many of them nobody has explained."""
    found = disagreements(verdicts)
    asked = {(case.instance_id, case.kind, judge) for judge, case in verdicts}
    lines = [f"{len(verdicts)} verdicts, {len(found)} disagreements"]
    for key, verdict in sorted(found.items()):
        why = f"explained: {known[key]}" if key in known else f"NOT EXPLAINED {verdict.detail}".rstrip()
        lines.append(f"{' '.join(key)}: {WORDS[verdict.resolved]}; {why}")
    for key in sorted(asked & known.keys() - found.keys()):
        lines.append(f"{' '.join(key)}: agrees now; its explanation can go")
    return lines, len(found.keys() - known.keys())


def main(words: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--tasks", type=int, help="only so many, of all repositories (default: all)")
    parser.add_argument("--task", action="append", help="only this one; repeatable")
    parser.add_argument("--judges", default=",".join(JUDGES), help="default: %(default)s")
    parser.add_argument("--kinds", default=",".join(KINDS), help="default: %(default)s")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--explained", type=Path)
    arguments = parser.parse_args(words)
    judges, kinds = arguments.judges.split(","), arguments.kinds.split(",")
    if unknown := ({*judges} - JUDGES.keys()) | ({*kinds} - KINDS.keys()):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    known = explanations(arguments.explained)
    everything = Dataset(arguments.dataset)
    tasks = [everything[name] for name in arguments.task] if arguments.task else list(everything)
    tasks = spread(tasks, arguments.tasks or len(tasks))
    cases = [Case(task.instance_id, kind, KINDS[kind](task)) for task in tasks for kind in kinds]
    record = Record(arguments.record, {task.instance_id: task.row["bundle_digest"] for task in tasks})
    verdicts = ask(arguments.dataset, cases, judges, record)
    lines, unexplained = report(verdicts, known)
    print("\n".join([*table(verdicts, cases, judges), "", *lines]))
    return 1 if unexplained else 0


def spread(tasks: Sequence[Task], count: int) -> list[Task]:
    """So many tasks, of as many repositories as there are: from each in turn."""
    by_repository: dict[str, list[Task]] = {}
    for task in tasks:
        by_repository.setdefault(task.repo, []).append(task)
    turns = zip_longest(*by_repository.values())
    return [task for turn in turns for task in turn if task is not None][:count]


if __name__ == "__main__":
    sys.exit(main())
