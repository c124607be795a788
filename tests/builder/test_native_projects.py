"""Projects in C as their maintainers write them, declared, resolved, built and imported for real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from envfactory.engine import Engine, connect
from envfactory.errors import BuildError
from envfactory.languages import python
from envfactory.languages.declaration import Declaration, Symptoms
from tests.builder.real import Project
from tests.languages.trees import MemoryTree

pytestmark = pytest.mark.docker
CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
TRANSLATED = {
    "setup.py": "from setuptools import Extension, setup\n"
    "setup(name='native', version='1', ext_modules=[Extension('quick', ['quick.c'])])\n",
    "quick.pyx": "def half(whole):\n    return whole / 2\n",
    "Makefile": "%.c: %.pyx\n\t@python -m cython -3 -o $@ $<\n",
    ".gitignore": "*.c\n*.so\nbuild\n*.egg-info\n",
}
COMPILED_PYTHON = {
    "pyproject.toml": "[build-system]\nrequires = ['setuptools', 'cython']\n"
    "build-backend = 'setuptools.build_meta'\n",
    "setup.py": "from Cython.Build import cythonize\nfrom setuptools import setup\n"
    "setup(name='native', version='1', packages=['pack'], ext_modules=cythonize('pack/*.py'))\n",
    "pack/__init__.py": "",
    "pack/plain.py": "answer = 41\n",
    ".gitignore": "*.c\n*.so\nbuild\n*.egg-info\n",
}
MESON = {
    "pyproject.toml": "[build-system]\nrequires = ['meson-python']\nbuild-backend = 'mesonpy'\n"
    "[project]\nname = 'native'\nversion = '1'\n",
    "meson.build": "project('native', 'c', version: '1')\n"
    "py = import('python').find_installation(pure: false)\n"
    "py.extension_module('quick', 'quick.c', install: true, subdir: 'pack')\n"
    "py.install_sources(['pack/__init__.py', 'pack/plain.py'], subdir: 'pack')\n",
    "quick.c": "#include <Python.h>\n"
    'static struct PyModuleDef quick = {PyModuleDef_HEAD_INIT, "quick"};\n'
    "PyMODINIT_FUNC PyInit_quick(void) {\n"
    '    PyObject *made = PyModule_Create(&quick); PyModule_AddIntConstant(made, "answer", 42);\n'
    "    return made;\n}\n",
    "pack/__init__.py": "from pack.quick import answer\n",
    "pack/plain.py": "answer = 41\n",
    ".gitignore": "build\n",
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    connected = connect()
    yield connected
    connected.close()


def imported(engine: Engine, folder: Path, files: Mapping[str, str], *statements: str) -> list[str]:
    """What processes print, one for each statement, in an environment of the project with ``files``."""
    tree = MemoryTree(files)
    with Project.of(engine, folder, files, CUTOFF) as project:

        def built(declaration: Declaration) -> list[str]:
            with project.container(project.resolved(declaration)) as container:
                runs = [container.exec(["bash", "-c", statement]) for statement in statements]
            return [(run.stdout + run.stderr).strip() for run in runs]

        declaration = python.declare(tree, tree, CUTOFF)  # type: ignore[arg-type]
        declaration = declaration.model_copy(update={"interpreters": (project.toolchain.version,)})
        try:
            return built(declaration)
        except BuildError as error:
            symptoms = Symptoms(
                "build", error.log, None, CUTOFF, project.index, reason="project_does_not_build"
            )
            repair = python.repair(declaration, symptoms)
            assert repair is not None, error.log
            return [repair.change, *built(repair.declaration)]


def test_sources_that_maintainers_translate_before_a_build_are_translated(
    engine: Engine, tmp_path: Path
) -> None:
    said = imported(engine, tmp_path, TRANSLATED, "python -c 'import quick; print(quick.half(7))'")
    assert said == ["translate Cython sources before the build", "3.5"]


def test_what_is_compiled_from_python_does_not_hide_it(engine: Engine, tmp_path: Path) -> None:
    ask = "python -c 'from pack import plain; print(plain.answer)'"
    said = imported(engine, tmp_path, COMPILED_PYTHON, ask, f"sed -i s/41/43/ pack/plain.py && {ask}")
    assert said == ["41", "43"]


def test_a_meson_project_is_imported_as_it_was_built_and_is_not_built_again(
    engine: Engine, tmp_path: Path
) -> None:
    ask = "cd / && python -c 'import pack, pack.plain; print(pack.answer, pack.plain.answer)'"
    change = "sed -i s/41/43/ pack/plain.py && sed -i s/42/broken/ quick.c"
    said = imported(engine, tmp_path, MESON, ask, f"{change} && {ask}")
    assert said == ["42 41", "42 43"], "what a patch changes in C is built by the rebuild steps"
