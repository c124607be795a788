"""A user's clone: opened read-only, asked for trees, changes, patches and bundles.

Work trees, bare mirrors (also without a configuration file), shallow and partial clones are all
welcome.  The clone itself is never written to: see ``view``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import platformdirs

from envfactory.errors import CloneError, UsageError
from envfactory.git import patches
from envfactory.git.bundle import write_bundle
from envfactory.git.commits import read_commit
from envfactory.git.graft import graft
from envfactory.git.objects import Objects
from envfactory.git.process import SECONDS, run
from envfactory.git.records import ABSENT, Change, Commit, Entry, FoldedTree
from envfactory.git.submodules import Submodules
from envfactory.git.tree import Tree
from envfactory.git.view import open_view

_SLUG = re.compile(r"[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
_TREES_KEPT = 8


class Clone:
    """One repository on disk.  A context manager: ``close`` ends the git processes it keeps open."""

    def __init__(
        self, path: Path, repo: str, view: Path, head: str, origin: str, submodules: Submodules
    ) -> None:
        self.path = path
        self.repo = repo
        """``owner/name``."""
        self.view = view
        self.head = head
        """Commit id that the clone's HEAD (else its likeliest default branch) points to."""
        self.origin = origin
        self.objects = Objects(view)
        self._submodules = submodules
        self._trees: dict[str, Tree] = {}

    @classmethod
    def open(cls, path: Path, *, repo: str | None = None, cache: Path | None = None) -> Clone:
        """Open the repository at ``path``; ``cache`` is where our own objects go.

        Raises ``UsageError`` when there is no repository or no commit in it, ``CloneError`` (cause
        ``clone_corrupt``) when there is one that git cannot read.
        """
        git_dir, common_dir = _locate(path)
        cache = cache or Path(os.environ.get("ENVFACTORY_CACHE") or platformdirs.user_cache_dir("envfactory"))
        try:
            origin = os.fsdecode(
                run(["config", "--get", "remote.origin.url"], git_dir=str(git_dir), check=False)
            )
            view = open_view(git_dir, common_dir, cache.resolve())
            head = _head(git_dir, view)
        except CloneError as error:
            raise CloneError(f"cannot read {path}: {error}", cause="clone_corrupt", log=error.log) from error
        if not head:
            raise UsageError(
                f"{path} is a git repository without any commit", hint="give a clone with history"
            )
        submodules = Submodules(view, cache.resolve(), origin.strip())
        return cls(path, repo or _repo(path, origin.strip()), view, head, origin.strip(), submodules)

    @property
    def shallow(self) -> bool:
        """True when history was cut off by ``--depth``."""
        return (self.view / "shallow").is_file()

    @property
    def partial(self) -> bool:
        """True when contents may be missing (``--filter``)."""
        roots = [self.view / "objects", *self._alternates()]
        return any(True for root in roots for _ in (root / "pack").glob("*.promisor"))

    def git(
        self,
        *arguments: str,
        input: bytes | None = None,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        timeout: float = SECONDS,
    ) -> bytes:
        """Standard output of a git command run on the view of this clone."""
        return run(arguments, git_dir=str(self.view), stdin=input, check=check, env=env, timeout=timeout)

    def has(self, commit: str) -> bool:
        """True when this commit and its tree are in the clone."""
        return self.git("cat-file", "-t", f"{commit}^{{tree}}", check=False).strip() == b"tree"

    def tree(self, treeish: str) -> Tree:
        """The files of a commit or tree id.

        Trees made by ``fold`` live in the cache; once that is emptied, fold again.
        """
        if treeish not in self._trees:
            while len(self._trees) >= _TREES_KEPT:
                del self._trees[next(iter(self._trees))]
            name = (
                self.git("rev-parse", "--verify", "--end-of-options", f"{treeish}^{{tree}}").decode().strip()
            )
            listing = self.git("ls-tree", "-r", "-z", "--full-tree", name)
            self._trees[treeish] = Tree(name, listing, self.objects)
        return self._trees[treeish]

    def fold(self, commit: str) -> FoldedTree:
        """The commit's tree with submodules as ordinary files and without files that are not here."""
        tree = self.tree(commit)
        grafts, folded = self._submodules.fold(tree.id, dict(tree.entries))
        if grafts:
            self.objects.close()
        missing = self.missing(entry.id for entry in tree.entries.values() if entry.mode != "160000")
        absent = tuple(path for path, entry in tree.entries.items() if entry.id in missing)
        files: dict[str, Entry | None] = dict.fromkeys(absent) | grafts
        return folded._replace(tree=graft(self.view, tree.id, files), missing=absent)

    def missing(self, names: Iterable[str]) -> frozenset[str]:
        """Those of these blob ids whose content is not in this clone."""
        if not self.partial:
            return frozenset()
        return frozenset(name for name, size in self.objects.sizes(names).items() if size is None)

    def diff(self, base_tree: str, after_tree: str, paths: Sequence[str] | None = None) -> bytes:
        """The patch from one tree to another, or only its part for ``paths``; always valid UTF-8."""
        if paths is not None:
            after_tree = self.graft(base_tree, after_tree, paths)
        return patches.patch(self.view, self.objects, base_tree, after_tree)

    def graft(self, base_tree: str, after_tree: str, paths: Sequence[str]) -> str:
        """``base_tree`` with the files at ``paths`` as they are in ``after_tree``; returns its id."""
        wanted = set(paths)
        files: dict[str, Entry | None] = {
            change.path: None if change.new_mode == ABSENT else Entry(change.new_mode, change.new_id)
            for change in self.changes(base_tree, after_tree)
            if change.path in wanted
        }
        return graft(self.view, base_tree, files)

    def changes(self, base_tree: str, after_tree: str) -> list[Change]:
        """Every path that differs between two trees or commits."""
        return patches.changes(self.view, base_tree, after_tree)

    def commit(self, name: str) -> Commit:
        """A commit, fully read."""
        return read_commit(self.objects, name)

    def patch_id(self, base: str, after: str) -> str:
        """Digest of a change that ignores line numbers and white space; '' for no change."""
        text = self.git("diff-tree", "-r", "-p", "--full-index", "--no-renames", base, after, check=False)
        return self.git("patch-id", "--stable", input=text, check=False).decode().partition(" ")[0]

    def nearest_tag(self, commit: str) -> str | None:
        """The nearest earlier tag that looks like a version, as version tools look for it."""
        search = ["describe", "--tags", "--abbrev=0", "--match=*[0-9]*", commit]
        return os.fsdecode(self.git(*search, check=False)).strip() or None

    def source_bundle(self, tree: str, *, tag: str | None, message: str, destination: Path) -> str:
        """Write ``tree`` as a bundle of one root commit on ``main``; returns the commit's id."""
        return write_bundle(self.view, tree, tag, message, destination)

    def close(self) -> None:
        """End the git processes that were kept open."""
        self.objects.close()

    def __enter__(self) -> Clone:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _alternates(self) -> list[Path]:
        listing = self.view / "objects" / "info" / "alternates"
        return [Path(line) for line in listing.read_text().splitlines()] if listing.is_file() else []


def _locate(path: Path) -> tuple[Path, Path]:
    """Git directory and common directory (they differ for a linked work tree)."""
    import git  # heavy: only where a clone is opened

    try:
        with git.Repo(path, search_parent_directories=False) as repository:
            return Path(repository.git_dir).resolve(), Path(repository.common_dir).resolve()
    except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
        hint = "give a folder that holds a clone (work tree or bare mirror)"
        raise UsageError(f"{path} is no git repository", hint=hint) from error


def _head(git_dir: Path, view: Path) -> str:
    """HEAD's commit, else that of the branch most likely to be the default one; '' when there is none."""
    head = run(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], git_dir=str(git_dir), check=False)
    if head.strip():
        return head.decode().strip()
    listing = run(
        ["for-each-ref", "--sort=-committerdate", "--format=%(objectname) %(refname)"], git_dir=str(view)
    ).decode(errors="replace")
    branches = [line.partition(" ")[::2] for line in listing.splitlines()]
    usual = {"main", "master", "develop", "trunk"}
    heads = [item for item in branches if item[1].startswith(("refs/heads/", "refs/remotes/"))]
    ranked = [item for item in heads if item[1].rpartition("/")[2] in usual] + heads + branches
    return ranked[0][0] if ranked else ""


def _repo(path: Path, origin: str) -> str:
    """``owner/name`` of the origin remote, else ``local/<folder>``."""
    found = _SLUG.search(origin) if "://" in origin or "@" in origin else None
    if found and not found[1].startswith("."):
        return found[1]
    folder = path.resolve()
    name = folder.parent.name if folder.name == ".git" else folder.name
    return f"local/{re.sub(r'[^A-Za-z0-9._-]+', '-', name.removesuffix('.git')).strip('-.') or 'repository'}"
