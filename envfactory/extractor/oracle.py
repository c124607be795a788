"""Has a new task's oracle measured, where the settings ask for it.  Decides nothing about validity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envfactory.grader.grade import subject_of
from envfactory.records import Candidate, Environment, OracleStrength, RewardSpec

if TYPE_CHECKING:
    from envfactory.builder.site import Site
    from envfactory.git.tree import Tree


def oracle_of(
    candidate: Candidate, environment: Environment, spec: RewardSpec, base: Tree, site: Site
) -> OracleStrength | None:
    """How strong the tests are; ``None`` unless the setting ``oracle`` is on."""
    if not site.settings.oracle:
        return None
    from envfactory.oracle import Question, measured, parts_of

    contents = {part.path: base.read(part.path, None) for part in parts_of(candidate.gold_patch)}
    question = Question(
        language=candidate.language,
        gold_patch=candidate.gold_patch,
        spec=spec,
        base={path: content for path, content in contents.items() if content is not None},
        toolchain=environment.spec.toolchain.version,
    )
    return measured(site.engine, subject_of(environment, spec), question)
