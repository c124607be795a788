"""Rules of the house that no linter knows: sizes, names, what an import may do, what a text may say."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("envfactory", "miners", "dockerfiles")
MODULES = sorted(path for top in PACKAGES for path in (ROOT / top).rglob("*.py"))
TEMPLATES = sorted((ROOT / "dockerfiles").glob("*.j2"))
SCRIPTS = [ROOT / "Makefile", ROOT / ".ci" / "run", *sorted((ROOT / "scripts").glob("*"))]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))

MODULE_LINES = 250
FUNCTION_LINES = 50
CONSTRUCTOR_ARGUMENTS = 8

HEAVY = {"docker", "git", "github", "jinja2", "pyarrow", "pydantic", "requests", "rich", "sqlite3", "typer"}
"""What ``import envfactory`` must not load."""

REGISTRIES = re.compile(
    r"\b(?:[a-z0-9-]+\.)*(?:pypi|pythonhosted|npmjs|debian|ubuntu|crates|ghcr|quay|golang)\.(?:org|com|io)\b"
    r"|\bdocker\.(?:io/|com\b)"
)
REPOSITORIES = re.compile(
    r"\b(?:pallets|psf|pytest-dev|sphinx-doc|python-attrs|pydata|pylint-dev|PyCQA|pyca|encode|scikit-learn|django)/[\w.-]+"
)
MACHINE_PATHS = re.compile(r"(?<![\w$}])/(?:work|farm|home/[a-z]+)/|/root/(?!\.bashrc|\.cache)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", MODULES + BENCHMARKS, ids=name)
def test_sizes(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES
    for function in functions(path):
        assert (function.end_lineno or 0) - function.lineno + 1 <= FUNCTION_LINES, function.name
        if function.name == "__init__":
            arguments = function.args
            count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs) - 1
            assert count <= CONSTRUCTOR_ARGUMENTS


@pytest.mark.parametrize("path", MODULES + BENCHMARKS, ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_names(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "helper", "misc", "common"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.ClassDef) and node.name.endswith("Manager"))


@pytest.mark.parametrize("path", MODULES + TEMPLATES + SCRIPTS + BENCHMARKS, ids=name)
def test_no_registry_repository_or_machine_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not REGISTRIES.findall(text)
    assert not REPOSITORIES.findall(text)
    assert not MACHINE_PATHS.findall(text)


def measured_repositories() -> set[str]:
    """All that the lists of the benchmarks name: what the rules were tried on."""
    lines = [line for path in (ROOT / "benchmarks").glob("*.jsonl") for line in path.read_text().splitlines()]
    return {json.loads(line)["repo"].lower() for line in lines}


@pytest.mark.parametrize("path", MODULES + TEMPLATES, ids=name)
def test_nothing_is_keyed_on_a_repository(path: Path) -> None:
    """Rules are about what a repository has, never about what it is called."""
    text = path.read_text(encoding="utf-8").lower()
    repositories = measured_repositories()
    assert len(repositories) >= 16
    for repository in repositories:
        for spelling in (repository, repository.replace("/", "__")):
            assert spelling not in text, repository
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not _compares_a_repository(node), f"line {getattr(node, 'lineno', 0)}"


def _compares_a_repository(node: ast.AST) -> bool:
    """``repo == "x"``, ``pull.repo in {...}``, ``match repo: case "x"``."""

    def names_one(part: ast.AST) -> bool:
        word = part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "")
        return word in {"repo", "repository", "full_name", "instance_id"}

    def texts(part: ast.AST) -> list[str]:
        constants = (item.value for item in ast.walk(part) if isinstance(item, ast.Constant))
        return [value for value in constants if isinstance(value, str) and re.search(r"\w\w", value)]

    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return any(map(names_one, sides)) and any(texts(side) for side in sides)
    if isinstance(node, ast.Match):
        return names_one(node.subject) and any(texts(case.pattern) for case in node.cases)
    return False


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_dockerfiles_hide_no_failure_and_need_no_registry(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\|\s*(true|:)", text)
    assert not re.search(r"^#\s*syntax=", text, re.MULTILINE)
    assert not re.search(r"^RUN\b.*<<", text, re.MULTILINE)


@pytest.mark.parametrize("path", sorted((ROOT / "miners").glob("*.py")), ids=name)
def test_miners_know_only_the_ground(path: Path) -> None:
    """import-linter sees the folder ``envfactory/``, not ``miners/``: the same direction, checked here."""
    rooms = ("mining", "git", "github", "records", "errors", "miners")
    allowed = tuple(f"envfactory.{room}" for room in rooms)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        module = node.module or "" if isinstance(node, ast.ImportFrom) and not node.level else ""
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [module]
        for imported in names:
            assert not imported.startswith("envfactory.") or imported.startswith(allowed), imported


def test_the_import_does_nothing(tmp_path: Path) -> None:
    code = "import sys, envfactory; print(*{name.split('.')[0] for name in sys.modules})"
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert not done.stderr
    assert not HEAVY & set(done.stdout.split())
    assert not list(tmp_path.iterdir())
