"""Finds, before any container starts, why a pull request cannot become a task.

Every reason has its own slug and every check is conservative: in doubt the pull request goes on, and
a container decides.  Nothing here reads a message or writes a patch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from envfactory.git.clone import Clone
from envfactory.git.records import ABSENT, GITLINK, SYMLINK, Change
from envfactory.git.tree import Tree
from envfactory.languages.protocol import Language
from envfactory.mining.split import Split

MAX_FILES = 1000
"""A change of more files is a reformatting, an import of foreign code or a generated one."""
MAX_BYTES = 32 << 20
"""Contents of both sides together; a patch travels inside one JSON line."""
_LFS = b"version https://git-lfs.github.com/spec/"
_NAMED = 5

Verdict = tuple[str, str] | None
"""(reason, detail), or ``None`` when nothing speaks against it."""


def screen_commits(clone: Clone, base: str, head: str) -> Verdict:
    """Are both commits here?"""
    for commit, reason in ((base, "base_missing"), (head, "head_missing")):
        if not clone.has(commit):
            cut = " (the clone is shallow)" if clone.shallow else ""
            return reason, f"commit {commit[:12]} is not in the clone{cut}"
    return None


def screen_changes(clone: Clone, changes: Sequence[Change]) -> Verdict:
    """Is the change one that can be written down as a patch?"""
    if not changes:
        return "empty_change", "the trees before and after are the same"
    if len(changes) > MAX_FILES:
        return "too_many_files", f"{len(changes)} files, more than {MAX_FILES}"
    odd = [change.path for change in changes if not _is_text(change.path)]
    if odd:
        return "path_not_utf8", ", ".join(ascii(path) for path in odd[:_NAMED])
    contents = {name: change.path for change in changes for name in _blobs(change)}
    sizes = clone.objects.sizes(contents)
    missing = [contents[name] for name, size in sizes.items() if size is None]
    if missing:
        return "missing_blobs", f"not in this partial clone: {_some(missing)}"
    total = sum(size or 0 for size in sizes.values())
    if total > MAX_BYTES:
        return "too_large", f"{total} bytes in {len(changes)} files, more than {MAX_BYTES}"
    return None


def screen_split(language: Language, base: Tree, after: Tree, split: Split) -> Verdict:
    """Does it change what the code does, and does it check that?"""
    if not split.tests:
        return "no_test_change", f"no test among {_some(split.gold + split.dropped)}"
    if not split.code:
        return "no_source_change", f"only {_some(split.gold + split.dropped) or 'tests'} beside the tests"
    if not language.changes_behaviour(base, after, split.code):
        return "formatting_only", "the source differs in comments, docstrings or layout only"
    if not language.has_new_checks(base, after, split.tests):
        return "no_new_checks", "the tests lose or reformat checks, none is new"
    return None


def notes(clone: Clone, after: Tree, changes: Sequence[Change]) -> list[str]:
    """Things about the touched files that a later stage or a reader should know."""
    found = []
    for change in changes:
        if change.new_mode == SYMLINK and _leaves(change.path, after.read(change.path)):
            found.append(f"symbolic link {change.path} leads out of the tree")
        elif change.new_mode not in {ABSENT, GITLINK} and _is_lfs(clone, change.new_id):
            found.append(f"{change.path} is a git-lfs pointer")
    return found


def _is_lfs(clone: Clone, name: str) -> bool:
    return (clone.objects.size(name) or 0) < 1024 and (clone.objects.content(name) or b"").startswith(_LFS)


def _leaves(path: str, target: bytes | None) -> bool:
    text = (target or b"").decode(errors="replace")
    depth = path.count("/")
    for part in text.split("/"):
        depth += -1 if part == ".." else 0 if part in {"", "."} else 1
        if depth < 0:
            return True
    return text.startswith("/")


def _blobs(change: Change) -> Iterable[str]:
    for mode, name in ((change.old_mode, change.old_id), (change.new_mode, change.new_id)):
        if mode not in {ABSENT, GITLINK}:
            yield name


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more
