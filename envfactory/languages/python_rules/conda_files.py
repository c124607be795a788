"""Conda environment files: which of a repository's is for tests, and what it asks for.

Names that are no Python distribution are dropped by a small table; the rest are taken to have the same
name on the index (marked optional by the caller, since that is a guess).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from envfactory.languages.python_rules.ci_workflows import read_yaml
from envfactory.languages.python_rules.cited import Cited, Source
from envfactory.languages.python_rules.names import normalise
from envfactory.languages.python_rules.requirement_files import Listed, read_line

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

FILES = re.compile(
    r"(?:(?:ci|\.ci|ci/requirements|ci/deps|ci/envs?|continuous_integration(?:/environments)?|conda|conda-envs"
    r"|devtools(?:/conda-envs)?|requirements|envs?|\.github|\.ci_support|etc)/)?"
    r"(?:[\w-]+[-_.])?(?:environment|env|py|test|dev|ci|requirements|deps)[\w.-]*\.ya?ml"
)
FOLDERS = re.compile(r"^(?:ci|continuous_integration|devtools|requirements)/")
OTHER_WORK = re.compile(
    r"doc|rtd|lint|win|osx|macos|darwin|binder|bench|asv|min|oldest|bare|upstream|nightly|downstream|friend"
    r"|release|gpu|cuda|pypy|mamba|meta|recipe|build|arm|aarch|pre-?commit|workflow|example"
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


def read_conda(tree: Tree, interpreter: str = "") -> tuple[Cited, ...]:
    """Dependencies of the environment file for tests: for this interpreter, else for the newest Python."""
    files = [path for path in tree.paths() if FILES.fullmatch(path) and not OTHER_WORK.search(path.lower())]
    for path in sorted(files, key=lambda path: _rank(path, interpreter)):
        text = tree.text(path) or ""
        data = read_yaml(text)
        items = data.get("dependencies") if isinstance(data, dict) else None
        if isinstance(items, list) and items:
            return tuple(conda_requirements(Source(path, text), items))
    return ()


def _rank(path: str, interpreter: str) -> tuple[bool, bool, bool, int, int, str]:
    versions = [f"3.{int(minor)}" for minor in re.findall(r"3[._]?(\d{1,2})", path)]
    newest = max((int(version[2:]) for version in versions), default=0)
    return (
        "test" not in path,
        interpreter not in versions and bool(versions),
        "dev" not in path,
        -newest,
        path.count("/"),
        path,
    )


def conda_requirements(source: Source, items: Sequence[Any]) -> Iterator[Cited]:
    """Items of a ``dependencies`` list as distributions, without conda's pins; also those below ``pip:``."""
    for item in items:
        if isinstance(item, dict):
            listed = Listed()
            for line in item.get("pip") or ():
                if isinstance(line, str):
                    read_line(line, listed, source.cite(line))
            yield from listed.requirements
            continue
        rest = str(item).partition("=")[2]
        match = re.match(
            r"^(?:[\w-]+::)?([A-Za-z][\w.-]*)\s*([<>=!].*)?$",
            str(item).split("=")[0].strip() if rest else str(item),
        )
        if match and normalise(match.group(1)) not in NOT_ON_THE_INDEX:
            yield source.cite(str(item)).with_value(CONDA_NAMES.get(match.group(1), match.group(1)))
