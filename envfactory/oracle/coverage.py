"""Which of the statements that a gold patch changes do the hidden tests run?

One more run of the tests with the gold patch, in a container of its own, with a tracer in the
collector's place.  Its outcomes are not looked at, and nothing is graded by it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envfactory.errors import TrialError
from envfactory.grader.grade import GradeSubject, plan_of
from envfactory.oracle.question import Question
from envfactory.trials.preparation import prepare
from envfactory.trials.run import CLEARED_ENV, FROZEN_ENV, operand
from envfactory.trials.staging import TESTBED, Staging

if TYPE_CHECKING:
    from envfactory.engine import Engine

REPORT_BYTES = 16 << 20
SLOWER = 4.0
"""A traced run may take so many times longer than the limit of one test allows."""
TRACED = "ENVFACTORY_TRACED"


@dataclass(frozen=True)
class Coverage:
    """Statements that the gold patch adds or changes, as ``path:line``, and those of them that ran."""

    changed: tuple[str, ...]
    covered: tuple[str, ...]

    @property
    def missed(self) -> tuple[str, ...]:
        """Changed statements that no test reaches."""
        return tuple(place for place in self.changed if place not in set(self.covered))


def changed_statements(question: Question) -> dict[str, tuple[range, ...]]:
    """By file, the lines of statements that have an added line."""
    found = {}
    for source in question.sources:
        lines = (lines for lines in question.rules.statements(source.text) if source.added & set(lines))
        if changed := tuple(lines):
            found[source.path] = changed
    return found


def coverage(engine: Engine, subject: GradeSubject, question: Question) -> Coverage:
    """Run and read.  Raises ``TrialError`` when the machine or the tracer is to blame."""
    changed = changed_statements(question)
    reached = _reached(engine, subject, question, sorted(changed)) if changed else {}
    return Coverage(
        changed=tuple(f"{path}:{lines.start}" for path, found in changed.items() for lines in found),
        covered=tuple(
            f"{path}:{lines.start}"
            for path, found in changed.items()
            for lines in found
            if reached.get(path, frozenset()) & set(lines)
        ),
    )


def _reached(
    engine: Engine, subject: GradeSubject, question: Question, paths: list[str]
) -> Mapping[str, frozenset[int]]:
    plan = dataclasses.replace(plan_of(subject, question.gold_patch), canaries=())
    staging = Staging(question.rules.TRACER)
    env = {**FROZEN_ENV, **staging.collector.env, **plan.env, **CLEARED_ENV}
    traced = {TRACED: json.dumps(paths), "PYTHONPATH": staging.import_path(env)}
    argv = [*plan.test_command, *staging.collector_args(), *map(operand, plan.test_modules)]
    with engine.container(plan.image, limits=plan.limits, env=env, name_hint="trial-traced") as container:
        prepare(container, plan, staging, None, env)
        container.exec(
            argv,
            timeout=plan.limits.run_seconds * SLOWER,
            env={**env, **traced},
            cwd=TESTBED,
            max_output=65536,
        )
        try:
            data = container.get(staging.report, max_bytes=REPORT_BYTES)
            told = json.loads(data)
        except (FileNotFoundError, ValueError) as error:
            raise TrialError("the traced run left no report", cause="trace_missing") from error
    return {path: frozenset(found) for path, found in told.items()}
