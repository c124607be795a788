"""A task as an attack sees it, and as those who try out its tests do.

Files come from the task's image.  Starts one container and stops it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envfactory.attacks import Target
from envfactory.errors import TrialError
from envfactory.oracle import Question
from envfactory.trainer.images import ensure_image

if TYPE_CHECKING:
    from envfactory.engine import Container, Engine
    from envfactory.trainer import Task

CONFIGURATION = ("pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini", "conftest.py")
LARGEST = 1 << 20
_CHANGED = re.compile(r"^diff --git a/(.+) b/\1$", re.MULTILINE)


def target_of(engine: Engine, task: Task) -> Target:
    """Raises ``TrialError`` or ``BuildError`` when the task's image cannot be had."""
    spec = task.reward_spec
    paths = {*_CHANGED.findall(task.gold_patch), *spec.test_modules, *CONFIGURATION}
    for module in spec.test_modules:
        paths.add(f"{module.rpartition('/')[0]}/conftest.py".lstrip("/"))
    found: dict[str, bytes] = {}
    with engine.container(ensure_image(engine, task), limits=spec.limits, name_hint="target") as container:
        for path in sorted(paths):
            content = _content(container, path)
            if content is not None:
                found[path] = content
    return Target(task.instance_id, task.language, spec, task.gold_patch, found)


def question_of(task: Task, target: Target) -> Question:
    """The same task, asked how good its tests are."""
    return Question(
        language=task.language,
        gold_patch=task.gold_patch,
        spec=target.reward_spec,
        base={path: target.files[path] for path in target.sources},
        toolchain=task.spec.toolchain.version,
    )


def _content(container: Container, path: str) -> bytes | None:
    try:
        return container.get(f"/testbed/{path}", max_bytes=LARGEST)
    except FileNotFoundError:
        return None
    except TrialError as error:
        if error.cause.startswith("report_"):  # a link, a folder, too large
            return None
        raise
