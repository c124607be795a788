"""Development dependencies that one tool knows: ``Pipfile``, conda ``environment.yml``, ``noxfile.py``.

Each answers with cited requirements in PEP 508.  Conda names that are no Python distribution are
dropped by a small table; the rest are taken to have the same name on the index (marked optional by
the caller, since that is a guess).
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from envfactory.languages.python_rules.cited import Cited, Source
from envfactory.languages.python_rules.names import normalise
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.pyproject import poetry_requirement
from envfactory.languages.python_rules.requirement_files import Listed, read_line, read_requirements
from envfactory.languages.python_rules.tox import OTHER_WORK

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

CONDA_FILES = (
    "environment.yml",
    "environment.yaml",
    "environment-dev.yml",
    "environment-test.yml",
    "environment_dev.yml",
    "ci/environment.yml",
    "ci/requirements/environment.yml",
    "continuous_integration/environment.yml",
    "conda/environment.yml",
    "dev-environment.yml",
)

_CONDA_ONLY = """
python pip conda conda-build nodejs gcc gxx compilers c-compiler cxx-compiler fortran-compiler make
cmake-gui git libgdal gdal proj geos hdf5 libnetcdf openssl graphviz pandoc r-base mamba compiler
ncurses zlib libblas blas mkl nomkl gfortran llvmdev openjdk
"""
NOT_ON_THE_INDEX = frozenset(_CONDA_ONLY.split())

CONDA_NAMES = {
    "pytables": "tables",
    "matplotlib-base": "matplotlib",
    "python-graphviz": "graphviz",
    "msgpack-python": "msgpack",
    "py-opencv": "opencv-python",
    "pytorch": "torch",
    "dask-core": "dask",
    "pyqt": "pyqt5",
    "ruamel_yaml": "ruamel.yaml",
}


def read_pipfile(project: Project) -> tuple[Cited, ...]:
    """``[dev-packages]`` and, when the project declares nothing itself, ``[packages]``."""
    source = project.source("Pipfile")
    if source is None:
        return ()
    try:
        data: dict[str, Any] = tomllib.loads(source.content)
    except tomllib.TOMLDecodeError:
        return ()
    found: list[Cited] = []
    for table in ("packages", "dev-packages"):
        items = data.get(table)
        for name, spec in items.items() if isinstance(items, dict) else ():
            text = poetry_requirement(name, spec)
            if text:
                found.append(source.cite(name, f"[{table}]").with_value(text))
    return tuple(found)


def read_conda(tree: Tree) -> tuple[Cited, ...]:
    """Dependencies of the first conda environment file of the usual names."""
    for path in CONDA_FILES:
        text = tree.text(path)
        if text is None:
            continue
        source = Source(path, text)
        try:
            data = yaml.load(text, Loader=yaml.BaseLoader)
        except yaml.YAMLError:
            continue
        items = data.get("dependencies") if isinstance(data, dict) else None
        return tuple(_conda_items(source, items if isinstance(items, list) else []))
    return ()


def _conda_items(source: Source, items: list[Any]) -> Iterator[Cited]:
    for item in items:
        if isinstance(item, dict):
            listed = Listed()
            for line in item.get("pip") or ():
                read_line(str(line), listed, source.cite(str(line)))
            yield from listed.requirements
            continue
        rest = str(item).partition("=")[2]
        match = re.match(
            r"^(?:[\w-]+::)?([A-Za-z][\w.-]*)\s*([<>=!].*)?$",
            str(item).split("=")[0].strip() if rest else str(item),
        )
        if match and normalise(match.group(1)) not in NOT_ON_THE_INDEX:
            yield source.cite(str(item)).with_value(CONDA_NAMES.get(match.group(1), match.group(1)))


def read_nox(project: Project) -> Listed:
    """Constant arguments of ``session.install`` in sessions that run tests."""
    listed = Listed()
    source = project.source("noxfile.py")
    try:
        module = ast.parse(source.content if source else "")
    except (SyntaxError, ValueError):
        return listed
    for function in (node for node in module.body if isinstance(node, ast.FunctionDef)):
        if source is None or not re.search(r"test|unit", function.name) or OTHER_WORK.search(function.name):
            continue
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "install":
                _nox_install(project, source, call, listed)
    return listed


def _nox_install(project: Project, source: Source, call: ast.Call, listed: Listed) -> None:
    words = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    position = 0
    while position < len(words):
        word, following = words[position], words[position + 1 : position + 2]
        cited = source.cite(word, rule_line=call.lineno)
        if word in {"-r", "--requirement"} and following:
            included = read_requirements(project.tree, project.path(following[0]))
            listed.requirements += included.requirements
            listed.extras += included.extras
            position += 1
        elif word in {"-c", "--constraint", "--group", "-U", "--upgrade"}:
            position += word.startswith(("-c", "--c", "--g"))
        elif not word.startswith("-") or word in {"-e", "--editable"}:
            read_line(
                f"-e {following[0]}" if word in {"-e", "--editable"} and following else word, listed, cited
            )
            position += word in {"-e", "--editable"}
        position += 1
