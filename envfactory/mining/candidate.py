"""Turns one pull request of a clone into a candidate, or says why it cannot be a task.

The order is from cheap to dear: commits, changed names, sizes, kinds of files, syntax, patches.  It
starts no container and needs nothing but the clone; the same input gives the same candidate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from envfactory.git.clone import Clone
from envfactory.git.records import FoldedTree
from envfactory.git.tree import Tree
from envfactory.languages.protocol import Language
from envfactory.mining import screening
from envfactory.mining.boilerplate import template_lines
from envfactory.mining.hints import Hints, hints
from envfactory.mining.license import license_of
from envfactory.mining.split import Split, split
from envfactory.mining.statement import Statement, write_statement
from envfactory.mining.task_type import task_type
from envfactory.records import Candidate, PullRequest, Rejection


class _Trees(NamedTuple):
    """Both sides of the change, submodules folded in."""

    base: Tree
    after: Tree
    notes: tuple[str, ...]


def candidate(
    clone: Clone, pull: PullRequest, languages: Mapping[str, Language] | None = None
) -> Candidate | Rejection:
    """The change of ``pull``, split and described; ``languages`` defaults to the registered ones."""
    if languages is None:
        from envfactory.languages import LANGUAGES  # at call time: a registry imports every language

        languages = LANGUAGES
    verdict = screening.screen_commits(clone, pull.base_commit, pull.head_commit)
    if verdict is None:
        raw = clone.changes(pull.base_commit, pull.head_commit)
        verdict = screening.screen_changes(clone, raw)
    if verdict is not None:
        return _rejection(pull, verdict)
    trees = _fold(clone, pull)
    language = next((item for item in languages.values() if item.detect(trees.after)), None)
    if language is None:
        return _rejection(pull, ("language_unknown", "no language recognises this project"))
    changes = clone.changes(trees.base.id, trees.after.id)
    verdict = screening.screen_changes(clone, changes)
    if verdict is not None:
        return _rejection(pull, verdict)
    kinds = language.file_kinds(trees.base, trees.after, [change.path for change in changes])
    parts = split(kinds)
    verdict = screening.screen_split(language, trees.base, trees.after, parts)
    if verdict is not None:
        kind = task_type(pull, parts.dropped).kind
        return _rejection(pull, (verdict[0], f"{verdict[1]} ({kind})"))
    modules = language.test_modules(trees.after, parts.tests)
    if not modules:
        detail = f"no test module runs {', '.join(parts.tests[:3])}"
        return _rejection(pull, ("no_test_modules", detail))
    notes = (*trees.notes, *screening.notes(clone, trees.after, changes))
    return _assemble(clone, pull, trees._replace(notes=notes), language, parts, modules)


def _assemble(
    clone: Clone, pull: PullRequest, trees: _Trees, language: Language, parts: Split, modules: tuple[str, ...]
) -> Candidate | Rejection:
    base, after = trees.base.id, trees.after.id
    gold = clone.diff(base, after, parts.gold).decode()
    test = clone.diff(base, after, parts.tests).decode()
    dropped = clone.diff(base, after, parts.dropped).decode()
    templates = template_lines(trees.base)
    statement = write_statement(pull, changelog=dropped, tests=test, gold=gold, templates=templates)
    if isinstance(statement, str):
        return _rejection(pull, ("no_statement", statement))
    said = hints(pull, tests=test, gold=gold, templates=templates)
    return _candidate(pull, trees, language, parts, modules, (gold, test, dropped), statement, said)


def _candidate(
    pull: PullRequest,
    trees: _Trees,
    language: Language,
    parts: Split,
    modules: tuple[str, ...],
    patches: tuple[str, str, str],
    statement: Statement,
    said: Hints,
) -> Candidate:
    interface = language.interface(trees.base, trees.after, modules)
    return Candidate(
        pull_request=pull,
        language=language.NAME,
        base_tree=trees.base.id,
        after_tree=trees.after.id,
        gold_patch=patches[0],
        test_patch=patches[1],
        dropped_patch=patches[2],
        source_files=parts.gold,
        test_files=parts.tests,
        test_modules=modules,
        problem_statement=statement.text,
        statement_parts=(*statement.parts, *said.parts),
        hints=said.text,
        interface=interface,
        license=license_of(trees.base) or pull.license,
        task_type=task_type(pull, parts.dropped, gold=patches[0], interface=interface).kind,
        notes=trees.notes,
    )


def _fold(clone: Clone, pull: PullRequest) -> _Trees:
    base, after = clone.fold(pull.base_commit), clone.fold(pull.head_commit)
    notes = dict.fromkeys([*_folding_notes(base), *_folding_notes(after)])
    if clone.shallow:
        notes["the clone is shallow"] = None
    return _Trees(clone.tree(base.tree), clone.tree(after.tree), tuple(notes))


def _folding_notes(folded: FoldedTree) -> list[str]:
    notes = [f"submodule {name} unreachable" for name in folded.unreachable]
    notes += [f"submodule {path} folded in" for path in folded.folded]
    if folded.missing:
        some = ", ".join(folded.missing[:5])
        notes.append(f"{len(folded.missing)} files are not in this partial clone: {some}")
    return notes


def _rejection(pull: PullRequest, verdict: tuple[str, str]) -> Rejection:
    return Rejection(key=pull.key, stage="mine", reason=verdict[0], detail=verdict[1])
