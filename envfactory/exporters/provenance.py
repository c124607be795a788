"""``provenance.json``: where every part of a task came from and what was seen when it was made.

What may differ between equal productions (seconds, image ids, the ladder's tries and which of them
made the environment, every single test run with its flaky outcomes) stands under ``measured`` and is
left out of all digests.
"""

from __future__ import annotations

from typing import Any

from envfactory import __version__
from envfactory.exporters.row import dropped_ids
from envfactory.records import SCHEMA_VERSION, Candidate, SpeedTerm, Task, TestReport


def provenance(task: Task) -> dict[str, Any]:
    """The file's content but for the checksums, which are added when all other files are written."""
    candidate, spec = task.candidate, task.environment.spec
    pull = candidate.pull_request
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "envfactory", "version": __version__},
        "instance_id": task.instance_id,
        "image": task.environment.image.tag,
        "pull_request": pull.model_dump(mode="json"),
        "candidate": {
            "identity": candidate.identity,
            "base_tree": candidate.base_tree,
            "after_tree": candidate.after_tree,
            "source_files": list(candidate.source_files),
            "test_files": list(candidate.test_files),
            "statement_parts": [part.model_dump(mode="json") for part in candidate.statement_parts],
            "dropped_patch": candidate.dropped_patch,
            "notes": list(candidate.notes),
            "license": candidate.license,
            **_review(candidate),
        },
        "evidence": [item.model_dump(mode="json") for item in spec.evidence],
        "lock": [item.model_dump(mode="json") for item in spec.dependencies],
        "git_integrity": task.environment.image.stable()["integrity"],
        "row": {"dropped_ids": dropped_ids(task.reward_spec)},
        "digests": {
            "environment_spec_digest": spec.digest,
            "image_digest": spec.image_digest,
            "reward_spec_digest": task.reward_spec.digest,
        },
        "measured": _measured(task),
    }


def _review(candidate: Candidate) -> dict[str, Any]:
    """What a model was asked about the statement; where none was, the file has no such key."""
    review = candidate.statement_review
    return {} if review is None else {"statement_review": review.stable()}


def _measured(task: Task) -> dict[str, Any]:
    image, made_by = task.environment.image, task.environment.made_by
    review = task.candidate.statement_review
    return {
        "made_by": made_by.model_dump(mode="json") if made_by is not None else None,
        **({"statement_cost_usd": review.cost_usd} if review is not None else {}),
        "image_id": image.image_id,
        **task.reward_spec.speed.model_dump(mode="json", include=set(SpeedTerm.MEASURED)),
        "layers": [layer.model_dump(mode="json") for layer in image.layers],
        "build_seconds": dict(task.environment.seconds),
        "attempts": [attempt.model_dump(mode="json") for attempt in task.environment.attempts],
        "runs": [_run(report) for report in task.reports],
    }


def _run(report: TestReport) -> dict[str, Any]:
    """One test run; measured as a whole, because flaky tests make even outcomes differ."""
    data = report.model_dump(mode="json", exclude={"results", "output_tail"})
    data["outcomes"] = {name: result.outcome.value for name, result in report.results.items()}
    data["test_seconds"] = {name: result.seconds for name, result in report.results.items()}
    data["messages"] = {name: result.message for name, result in report.results.items() if result.message}
    return data
