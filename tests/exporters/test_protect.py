"""The bundle's copy of the protection rules says what ours say."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import envfactory.exporters
from envfactory.grader import protected
from envfactory.trials import protection
from tests.exporters import sample

RUNTIME = Path(envfactory.exporters.__file__).parent / "runtime"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bundle_{name}", RUNTIME / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


protect, shared = load("protect"), load("shared")
PART = st.sampled_from(["a", "tests", "conftest.py", "x.pth", "tests.py", ".", "b c", "setup.cfg"])
PATH = st.lists(PART, min_size=1, max_size=4).map("/".join)
PATTERN = st.one_of(
    PATH,
    st.sampled_from(
        [
            "**/conftest.py",
            "/conftest.py",
            "!/tests/a",
            "/tests/*",
            "tests/**",
            "*.pth",
            "!tests/a",
            "conftest.py",
            "a/*",
            "**/tests/**",
            "!*.pth",
        ]
    ),
)


@given(path=PATH, patterns=st.lists(PATTERN, max_size=5))
def test_same_paths_are_protected(path: str, patterns: list[str]) -> None:
    assert protect.is_protected(path, patterns) == protection.is_protected(path, patterns)


@given(name=st.text(st.sampled_from('ab"\\n0123\u00e9'), max_size=12))
def test_same_names_are_read(name: str) -> None:
    for text in (name, f'"{name}"'):
        assert protect.unquoted(text) == protection.unquoted(text)


def test_same_renames_are_dropped() -> None:
    patch = "rename from conftest.py\nrename to a.py\nrename from b.py\nrename to c.py\n"
    for module in (protect, protection):
        assert list(module.dropped_paths(["a.py", "c.py", "conftest.py"], patch, ["conftest.py"])) == [
            "a.py",
            "conftest.py",
        ]


LINE = st.sampled_from(
    [
        "[tool.pytest.ini_options]",
        "[tool.x]",
        "[pytest]",
        "[tool:pytest]",
        'addopts = "-x"',
        "a = 1",
        "",
        "[",
        "# é",
    ]
)
TEXT = st.lists(LINE, max_size=6).map("\n".join).map(str.encode) | st.just(b"\xff")


@given(
    path=st.sampled_from(["pyproject.toml", "a/setup.cfg", "tox.ini", "other"]),
    mine=st.none() | TEXT,
    gold=TEXT,
)
def test_same_files_are_spliced(path: str, mine: bytes | None, gold: bytes) -> None:
    assert shared.splice(path, mine, gold) == protected.splice(path, mine, gold)


@pytest.fixture
def root(repo: Path) -> str:
    return sample.git(repo, "rev-parse", "HEAD").strip()


def test_restoring_a_tree_that_was_worked_in(repo: Path, root: str) -> None:
    sample.put(repo / ".gitignore", "*.log\nbuilt/\n/conftest.py\n")
    sample.put(repo / "maths.py", "mine\n")
    sample.put(repo / "tests/test_maths.py", "mine\n")
    sample.put(repo / "tests/new.py", "mine\n")
    (repo / "tests/conftest.py").unlink()
    sample.put(repo / "conftest.py", "hook\n")
    sample.put(repo / "built/tests/x.log", "made by the image\n")
    sample.git(repo, "add", "-A")
    sample.git(repo, "commit", "-q", "-m", "mine")
    changed, restored = protect.restore(str(repo), root, ["conftest.py", "tests"])
    assert "maths.py" in changed
    assert restored == ["conftest.py", "tests/conftest.py", "tests/new.py", "tests/test_maths.py"]
    assert (repo / "tests/test_maths.py").read_text() == sample.TESTS
    assert (repo / "tests/conftest.py").exists() and not (repo / "conftest.py").exists()
    assert (repo / "maths.py").read_text() == "mine\n"
    assert (repo / "built/tests/x.log").exists()


def test_a_folder_in_place_of_a_protected_file(repo: Path, root: str) -> None:
    (repo / "tests/test_maths.py").unlink()
    sample.put(repo / "tests/test_maths.py/conftest.py", "hook\n")
    (repo / "tests/test_maths.py/link").symlink_to("/")
    protect.restore(str(repo), root, ["tests/**"])
    assert (repo / "tests/test_maths.py").read_text() == sample.TESTS


@pytest.mark.parametrize("path", sorted(RUNTIME.glob("*.py")), ids=lambda path: path.name)
def test_programs_of_the_bundle_keep_the_syntax_of_python_3_6(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 6))
