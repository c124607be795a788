"""Harbor's ``task.toml``, ``registry.json`` and ``dataset.toml`` as data.

The task asks for a separate verifier: the agent's diff is collected from its container and graded in
a fresh one of the same image.  Source of the shapes: Harbor 0.25, task schema 1.3.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from envfactory.mining.task_type import refined
from envfactory.records import Task

SCHEMA_VERSION = "1.3"
"""1.4 is current; 1.3 is what older readers take too."""
AGENT_SECONDS = 1800.0
MARGIN_SECONDS = 300.0
"""For rebuilding, canaries and a slow machine, on top of the tests' own limit."""
STORAGE_MB = 10240

_TASK_FILES = ("task.toml", "instruction.md")
_TASK_FOLDERS = ("environment/", "tests/", "solution/")

_COLLECT = (
    "mkdir -p /logs/artifacts; cd /testbed && rm -f .git/index.lock; git add -A && "
    "git diff --cached --binary --full-index --no-renames --no-ext-diff --no-textconv {root} "
    "> /logs/artifacts/model.patch; git reset -q; exit 0"
)


def task_toml(task: Task, root: str, organisation: str) -> dict[str, Any]:
    """``task.toml``; ``root`` is the one commit in the image.

    ``metadata.base_commit`` is upstream's; ``metadata.base_commit_hash`` is ``root`` because
    inspect-harbor runs ``git checkout -f`` on it inside the image, which holds no other commit.
    """
    limits = task.reward_spec.limits
    return {
        "schema_version": SCHEMA_VERSION,
        "task": {
            "name": task_name(task.instance_id, organisation),
            "description": _one_line(task.candidate.pull_request.title),
            "keywords": [task.candidate.language, refined(task.candidate, task.reward_spec).kind],
        },
        "metadata": _metadata(task, root),
        "agent": {"timeout_sec": AGENT_SECONDS},
        "verifier": {
            "timeout_sec": limits.run_seconds + MARGIN_SECONDS,
            "environment_mode": "separate",
            "collect": [{"command": _COLLECT.format(root=root)}],
        },
        "environment": {
            "docker_image": task.environment.image.tag,
            "workdir": "/testbed",
            "cpus": math.ceil(limits.cpus),
            "memory_mb": limits.memory_mb,
            "storage_mb": max(STORAGE_MB, limits.disk_mb),
            "build_timeout_sec": 1800.0,
        },
    }


def task_name(instance_id: str, organisation: str) -> str:
    """Harbor's ``org/name``: letters, digits, ``.``, ``_`` and ``-``, the first a letter or digit."""
    parts = (re.sub(r"[^A-Za-z0-9._-]", "-", part).lstrip("._-") for part in (organisation, instance_id))
    return "/".join(part or "unnamed" for part in parts)


def registry(ids: Iterable[str], name: str, version: str, description: str) -> list[dict[str, Any]]:
    """``registry.json``: rows with a path only; publishing fills in ``git_url`` and ``git_commit_id``."""
    tasks = [{"name": instance_id, "path": f"tasks/{instance_id}"} for instance_id in ids]
    return [{"name": name, "version": version, "description": description, "tasks": tasks, "metrics": []}]


def content_hash(files: Mapping[str, str]) -> str:
    """Harbor's own digest of a task (``harbor sync`` finds nothing to change); path -> sha256 of a file."""
    kept = sorted(path for path in files if path in _TASK_FILES or path.startswith(_TASK_FOLDERS))
    return hashlib.sha256("".join(f"{path}\0{files[path]}\n" for path in kept).encode()).hexdigest()


def dataset_toml(digests: Mapping[str, str], name: str, description: str) -> dict[str, Any]:
    """``dataset.toml``: every task by its Harbor name and content digest."""
    tasks = [{"name": task_name(key, name), "digest": f"sha256:{digests[key]}"} for key in sorted(digests)]
    return {"dataset": {"name": f"{name}/{name}", "description": description}, "tasks": tasks}


def _metadata(task: Task, root: str) -> dict[str, Any]:
    candidate, pull = task.candidate, task.candidate.pull_request
    return {
        "instance_id": task.instance_id,
        "repo": pull.repo,
        "base_commit": pull.base_commit,
        "base_commit_hash": root,
        "language": candidate.language,
        "task_type": refined(candidate, task.reward_spec).kind,
        "license": candidate.license,
        "image_digest": task.environment.spec.image_digest,
        "reward_spec_digest": task.reward_spec.digest,
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
