"""The build stage: a candidate becomes an environment in which its tests run, or a reason why not.

Everything made on the way lies in the task's scratch directory, which the caller empties.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.built import Built
from envfactory.builder.context import source_digest
from envfactory.builder.ladder import climb
from envfactory.builder.probe import Work
from envfactory.builder.shared_layers import SharedSource
from envfactory.builder.site import Site
from envfactory.builder.source import quarter, tree_bytes, trees, write_shared_source, write_source
from envfactory.errors import BuildError
from envfactory.records import Candidate, Rejection
from envfactory.trials import hidden_files

if TYPE_CHECKING:
    from envfactory.git import Clone
    from envfactory.languages.protocol import Language

GIGABYTE = 1e9
SHARED_FROM_BYTES = 4_000_000
"""Below it a task's whole source layer, files and packed objects, is smaller than what a shared one costs."""


def build(candidate: Candidate, clone: Clone, site: Site) -> Built | Rejection:
    """The environment of ``candidate``; raises ``StageError`` when we or the machine broke."""
    from envfactory.languages import LANGUAGES

    require_disk(site)
    paths = site.workspace.task(candidate.instance_id).make()
    paths.build_log.unlink(missing_ok=True)
    source = paths.work / "source.bundle"
    write_source(candidate, clone, source)
    language = LANGUAGES[candidate.language]
    base, after = trees(candidate, clone)
    related = language.related_modules(
        after, candidate.source_files, candidate.test_modules, site.settings.related_module_budget
    )
    work = Work(
        candidate=candidate,
        site=site,
        language=language,
        base=base,
        after=after,
        source=source,
        hidden=hidden_files(after, candidate),
        scope=tuple(dict.fromkeys((*candidate.test_modules, *related))),
        shared=_shared_source(candidate, clone, language, paths.work),
    )
    when = candidate.pull_request.merged_at
    return climb(work, language.declare(base, after, when), when)


def _shared_source(
    candidate: Candidate, clone: Clone, language: Language, folder: Path
) -> SharedSource | None:
    """An earlier tree to stand on, where the project is large, or slow to build."""
    base = clone.tree(candidate.base_tree)
    if not language.builds_native(base) and tree_bytes(clone, base.id) < SHARED_FROM_BYTES:
        return None
    since, destination = quarter(candidate.pull_request.merged_at), folder / "shared.bundle"
    tree = write_shared_source(candidate, clone, since, destination)
    if tree is None:
        return None
    paths = [change.path for change in clone.changes(tree.id, base.id)]
    return SharedSource(
        bundle=destination,
        digest=source_digest(destination),
        settled=not language.needs_rebuild(tree, base, paths),
    )


def require_disk(site: Site) -> None:
    """``BuildError(cause="disk_full")`` when Docker's disk has less free than the settings ask for."""
    free, wanted = site.engine.disk_free() / GIGABYTE, site.settings.min_free_disk_gb
    if free < wanted:
        raise BuildError(
            f"{free:.1f} GB free on Docker's disk, {wanted:.1f} GB are asked for",
            cause="disk_full",
            retryable=True,
            hint="envfactory clean, or lower min_free_disk_gb",
        )
