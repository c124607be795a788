"""Rows as Multi-SWE-bench and Multi-SWE-RL have them: ``multi-swe.jsonl``, tests by how they changed.

Their three runs are ours: *run* is the base tree, *test* the hidden tests without the fix, *fix* both.  A
test has ``PASS``, ``FAIL``, ``SKIP`` or ``NONE`` (it did not report) in each.  Of several runs of one state
the first is told; tests that differed between them are in none of the lists.  The branch that the change
was merged into is not known here, so ``base`` has only its commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from envfactory.errors import ExportError, boundary
from envfactory.exporters.files import json_line
from envfactory.exporters.protocol import ExportContext
from envfactory.records import Outcome, State, Task, TestReport
from envfactory.workspace import write_atomic

NAME = "multi-swe"
FILE = "multi-swe.jsonl"
WORDS = {
    Outcome.PASSED: "PASS",
    Outcome.XFAILED: "PASS",
    Outcome.SKIPPED: "SKIP",
    Outcome.MISSING: "NONE",
}
"""Everything else is ``FAIL``."""
RUNS: tuple[tuple[str, State], ...] = (("run", "base"), ("test", "before"), ("fix", "after"))
LISTS = {
    "p2p_tests": ("p2p", "b2p"),
    "f2p_tests": ("f2p",),
    "s2p_tests": ("s2p",),
    "n2p_tests": ("n2p",),
}
"""Their list -> our classes.  What a new import made uncollectable passed before: theirs is p2p too."""


def export(tasks: Iterable[Task], directory: Path, context: ExportContext) -> None:
    """One row per task, sorted by instance id."""
    rows = sorted((multi_swe_row(task) for task in tasks), key=lambda found: str(found["instance_id"]))
    with boundary(ExportError, f"cannot write {directory / FILE}", cause="export_failed"):
        write_atomic(directory / FILE, b"".join(map(json_line, rows)))


def multi_swe_row(task: Task) -> dict[str, Any]:
    """The row of one task."""
    candidate, pull = task.candidate, task.candidate.pull_request
    owner, _, name = pull.repo.partition("/")
    outcomes = {name: _outcomes(task, state) for name, state in RUNS}
    classes = {**task.reward_spec.fail_to_pass, **task.reward_spec.pass_to_pass}
    lists = {
        column: {
            test: {run: _word(found.get(test)) for run, found in outcomes.items()}
            for test in sorted(classes)
            if classes[test] in wanted
        }
        for column, wanted in LISTS.items()
    }
    return {
        "org": owner,
        "repo": name,
        "number": pull.number,
        "instance_id": task.instance_id,
        "lang": candidate.language,
        "tag": "",
        "state": "closed",
        "title": pull.title,
        "body": pull.body,
        "base": {"label": "", "ref": "", "sha": pull.base_commit},
        "resolved_issues": [
            {"number": issue.number, "title": issue.title, "body": issue.body} for issue in pull.issues
        ],
        "fix_patch": candidate.gold_patch,
        "test_patch": candidate.test_patch,
        "fixed_tests": {
            test: change
            for column in ("f2p", "s2p", "n2p")
            for test, change in lists[f"{column}_tests"].items()
        },
        **lists,
        "run_result": _counts(outcomes["run"]),
        "test_patch_result": _counts(outcomes["test"]),
        "fix_patch_result": _counts(outcomes["fix"]),
        "hints": candidate.hints,
    }


def _outcomes(task: Task, state: State) -> Mapping[str, Outcome]:
    first = next((report for report in task.reports if report.state == state), None)
    return _of(first) if first is not None else {}


def _of(report: TestReport) -> Mapping[str, Outcome]:
    return {name: result.outcome for name, result in report.results.items()}


def _word(outcome: Outcome | None) -> str:
    return WORDS.get(outcome or Outcome.MISSING, "FAIL")


def _counts(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    lists = {
        f"{what}_tests": sorted(name for name, outcome in outcomes.items() if _word(outcome) == word)
        for what, word in (("passed", "PASS"), ("failed", "FAIL"), ("skipped", "SKIP"))
    }
    return {**{key.removesuffix("_tests") + "_count": len(names) for key, names in lists.items()}, **lists}
