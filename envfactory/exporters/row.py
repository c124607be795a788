"""One task as one flat row: SWE-bench's columns, those that harnesses of 2026 added, then ours.

``docs/formats.md`` describes every column.  Rows hold nothing measured, so equal tasks give equal rows.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from envfactory.exporters.eval_script import eval_script, log_parser, readable
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.root_commit import root_commit
from envfactory.mining.quality import quality
from envfactory.mining.task_type import refined
from envfactory.records import Evidence, RewardSpec, Task, canonical_json


def row(task: Task, *, root: str, bundle_digest: str = "") -> dict[str, Any]:
    """The row of one task, test ids as JSON strings; ``root`` is the first commit in the image."""
    spec = task.reward_spec
    # Without a test that has to start passing, a harness would call the empty patch resolved.
    kept = _readable(spec.fail_to_pass) or sorted(spec.fail_to_pass)
    names = {"FAIL_TO_PASS": kept, "PASS_TO_PASS": _readable(spec.pass_to_pass)}
    parser = log_parser(task.candidate.language, [*names["FAIL_TO_PASS"], *names["PASS_TO_PASS"]])
    lists = {column: json.dumps(ids, ensure_ascii=False) for column, ids in names.items()}
    return {**_swebench(task), **lists, **_harness(task, root, parser), **_ours(task, root, bundle_digest)}


def task_row(task: Task, context: ExportContext) -> dict[str, Any]:
    """The row of a task that is exported without its bundle: no ``bundle_digest``."""
    flat = row(task, root=root_commit(task, context))
    return with_lists(flat) if context.lists else flat


def with_lists(flat: dict[str, Any]) -> dict[str, Any]:
    """The same row with test ids as lists, as SWE-Gym, SWE-rebench and NeMo Gym read them."""
    return {**flat, **{column: json.loads(flat[column]) for column in ("FAIL_TO_PASS", "PASS_TO_PASS")}}


def dropped_ids(spec: RewardSpec) -> list[str]:
    """Tests that the row leaves out, or that no harness can resolve, because log parsers cannot read them."""
    return sorted(name for name in (*spec.fail_to_pass, *spec.pass_to_pass) if not readable(name))


def _readable(ids: Any) -> list[str]:
    return sorted(name for name in ids if readable(name))


def _swebench(task: Task) -> dict[str, Any]:
    candidate, pull = task.candidate, task.candidate.pull_request
    return {
        "instance_id": task.instance_id,
        "repo": pull.repo,
        "base_commit": pull.base_commit,
        "patch": candidate.gold_patch,
        "test_patch": candidate.test_patch,
        "problem_statement": candidate.problem_statement,
        "hints_text": candidate.hints,
        "created_at": pull.created_at.isoformat(),
        "version": task.environment.spec.shared_digest[:12],
        "environment_setup_commit": pull.base_commit,
    }


def _harness(task: Task, root: str, parser: str) -> dict[str, Any]:
    tag = task.environment.image.tag
    return {
        "image": tag,
        "image_name": tag,
        "docker_image": tag,
        "eval_script": eval_script(task, root),
        "log_parser": parser,
        "eval_type": "pass_and_fail",
        "install_config": {
            "install": " && ".join(task.environment.spec.install_steps),
            "log_parser": parser,
            "test_cmd": shlex.join(task.reward_spec.test_command),
        },
    }


def _ours(task: Task, root: str, bundle_digest: str) -> dict[str, Any]:
    candidate, spec = task.candidate, task.reward_spec
    used = {part.source for part in candidate.statement_parts if part.used}
    kind, measured = refined(candidate, spec), quality(candidate)
    dropped = dropped_ids(spec)
    notes = [f"{len(dropped)} test ids that no log parser can read are not in this row"] if dropped else []
    if not _readable(spec.fail_to_pass):
        notes = [
            "no log parser can read any FAIL_TO_PASS id of this row: harnesses that use one never resolve it"
        ]
    return {
        "language": candidate.language,
        "task_type": kind.kind,
        "task_type_evidence": json.dumps([_told(item) for item in kind.evidence], ensure_ascii=False),
        "reward_spec": canonical_json(_rules(spec)).decode(),
        "license": candidate.license,
        "statement_source": ",".join(sorted(used)),
        "statement_words": measured.words,
        "statement_signals": ",".join(measured.signals),
        "statement_flags": ",".join(measured.flags),
        "leak_score_gold": measured.leak_gold,
        "leak_score_test": measured.leak_test,
        "interface": candidate.interface,
        "env_spec_digest": task.environment.spec.digest,
        "reward_spec_digest": spec.digest,
        "bundle_digest": bundle_digest,
        "image_commit": root,
        "notes": json.dumps([*notes, *candidate.notes], ensure_ascii=False),
        "overlap": "",
        "oracle": canonical_json(task.oracle.stable()).decode() if task.oracle is not None else "",
    }


def _told(item: Evidence) -> str:
    return f"{item.value}: {item.rule}: {item.text}"


def _rules(spec: RewardSpec) -> dict[str, Any]:
    """The reward spec without the content of hidden files, which ``test_patch`` already carries."""
    rules = spec.stable()
    for column in ("hidden_files", "shared_files"):
        rules[column] = [{"path": file.path, "mode": file.mode} for file in getattr(spec, column)]
    return rules
