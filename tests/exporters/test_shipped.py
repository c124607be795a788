"""The programs that a bundle carries: old syntax, one source for every rule, and the work tree's part."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from envfactory.exporters.runtime_files import program_files
from tests.exporters import sample
from tests.tiny_image import COLLECTOR

SHIPPED = program_files(COLLECTOR.resource)
PROGRAMS = sorted(name for name in SHIPPED if name.endswith(".py"))

BESIDE = {name.removesuffix(".py") for name in PROGRAMS}
NEIGHBOURS = {"grade.py": BESIDE, "running.py": BESIDE, "worktree.py": BESIDE, COLLECTOR.resource: {"pytest"}}
"""What a program may import besides the standard library; what envfactory itself judges with stands alone."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_syntax_and_imports_of_python_3_6(name: str) -> None:
    tree = ast.parse(SHIPPED[name], feature_version=(3, 6))
    compile(tree, name, "exec")
    imported: set[str | None] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            imported.add(None if node.level else node.module)
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    beside = {program.removesuffix(".py") for program in PROGRAMS} if name in ENTRY else set()
    assert imported <= {
        *sys.stdlib_module_names,
        *beside,
        *({"pytest"} if name == COLLECTOR.resource else ()),
    }
    assert "__future__" not in imported


ENTRY = ("grade.py", "running.py", "worktree.py")
"""Those that run in bundles only; what envfactory judges with, too, stands alone."""


@pytest.fixture
def worktree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module as a bundle has it, beside its neighbours."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_bytes(SHIPPED[name])
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module("worktree")
    for name in ("worktree", "protection"):
        sys.modules.pop(name)


@pytest.fixture
def root(repo: Path) -> str:
    return sample.git(repo, "rev-parse", "HEAD").strip()


def test_applying_leaves_protected_paths_alone(repo: Path, root: str, worktree: Any) -> None:
    diff = sample.patch(repo, {"maths.py": sample.FIXED, "tests/conftest.py": "hook\n", "new é.py": "\n"})
    assert worktree.is_pristine(str(repo), root)
    touched, left_out = worktree.apply(str(repo), diff.rstrip("\n").encode(), ["conftest.py"])
    assert touched == ["maths.py", "new é.py", "tests/conftest.py"] and left_out == ["tests/conftest.py"]
    assert (repo / "maths.py").read_text() == sample.FIXED and not (repo / "tests/conftest.py").read_text()
    assert not worktree.is_pristine(str(repo), root)
    with pytest.raises(subprocess.CalledProcessError):
        worktree.apply(str(repo), diff.encode(), ["conftest.py"])


def test_a_patch_of_protected_paths_alone_changes_nothing(repo: Path, root: str, worktree: Any) -> None:
    diff = sample.patch(repo, {"tests/conftest.py": "hook\n"})
    assert worktree.apply(str(repo), diff.encode(), ["tests/**"]) == (["tests/conftest.py"],) * 2
    assert worktree.is_pristine(str(repo), root)


def test_restoring_a_tree_that_was_worked_in(repo: Path, root: str, worktree: Any) -> None:
    sample.put(repo / ".gitignore", "*.log\nbuilt/\n/conftest.py\n")
    sample.put(repo / "maths.py", "mine\n")
    sample.put(repo / "tests/test_maths.py", "mine\n")
    sample.put(repo / "tests/new.py", "mine\n")
    (repo / "tests/conftest.py").unlink()
    sample.put(repo / "conftest.py", "hook\n")
    sample.put(repo / "built/tests/x.log", "made by the image\n")
    sample.git(repo, "add", "-A")
    sample.git(repo, "commit", "-q", "-m", "mine")
    sample.put(repo / "untracked.cfg", "mine\n")
    changed, restored = worktree.restore(str(repo), root, ["conftest.py", "tests"])
    assert {"maths.py", "untracked.cfg"} < set(changed) and "built/tests/x.log" not in changed
    assert restored == ["conftest.py", "tests/conftest.py", "tests/new.py", "tests/test_maths.py"]
    assert (repo / "tests/test_maths.py").read_text() == sample.TESTS
    assert (repo / "tests/conftest.py").exists() and not (repo / "conftest.py").exists()
    assert (repo / "maths.py").read_text() == "mine\n"
    assert (repo / "built/tests/x.log").exists()


def test_a_folder_in_place_of_a_protected_file(repo: Path, root: str, worktree: Any) -> None:
    (repo / "tests/test_maths.py").unlink()
    sample.put(repo / "tests/test_maths.py/conftest.py", "hook\n")
    (repo / "tests/test_maths.py/link").symlink_to("/")
    worktree.restore(str(repo), root, ["tests/**"])
    assert (repo / "tests/test_maths.py").read_text() == sample.TESTS


def test_files_are_placed_over_whatever_is_there(repo: Path, tmp_path: Path, worktree: Any) -> None:
    (tmp_path / "outside").mkdir()
    (repo / "linked").symlink_to(tmp_path / "outside")
    sample.put(repo / "folder/x/y", "")
    worktree.place(str(repo), "linked/a.py", "100755", b"x")
    worktree.place(str(repo), "folder/x", "100644", b"x")
    worktree.place(str(repo), "maths.py", "120000", b"folder/x")
    worktree.place(str(repo), "tests", "100644", None)
    assert (repo / "linked/a.py").stat().st_mode & 0o111 and not list((tmp_path / "outside").iterdir())
    assert (repo / "folder/x").read_text() == "x" and (repo / "maths.py").is_symlink()
    assert not (repo / "tests").exists() and worktree.current(str(repo), "maths.py") is None
    assert worktree.current(str(repo), "folder/x") == b"x"
