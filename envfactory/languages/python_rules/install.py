"""The shell commands that make a Python environment, in one place.

The image's template, the resolver's dry run and the rebuild at grading all take them from here, so
that what was tried is what is built.  Layout: ``/opt/env`` is the virtual environment, made from
``requirements.lock``; ``/opt/build-tools`` holds build back-ends from ``build.lock`` and is on the
import path only while the project itself is installed.  Nothing is run here.
"""

from __future__ import annotations

import posixpath
import shlex

ENVIRONMENT = "/opt/env"
BUILD_TOOLS = "/opt/build-tools"
TESTBED = "/testbed"
RUNTIME_LOCK = "requirements.lock"
BUILD_LOCK = "build.lock"

UV_ENV = {
    "UV_NO_CONFIG": "1",
    "UV_NO_PROGRESS": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_LINK_MODE": "copy",
    "UV_HTTP_TIMEOUT": "120",
}
"""Needed by every ``uv`` command below; the index address comes on top (``UV_DEFAULT_INDEX``)."""

SHIMS = {
    "poetry.masonry.api": "poetry.core.masonry.api",
    "flit.buildapi": "flit_core.buildapi",
}
"""Back-ends that only re-export a smaller one: the smaller one is installed and the old name forwards."""

_SETUP = (
    "import os, sys, tokenize, setuptools; sys.argv[0] = __file__ = 'setup.py'; "
    "text = tokenize.open(__file__).read() if os.path.exists(__file__) else 'setuptools.setup()'; "
    "exec(compile(text, __file__, 'exec'))"
)
"""What pip does with a ``setup.py``: setuptools first, so that plain distutils scripts work too."""


def create_environment(executable: str) -> str:
    """An empty virtual environment of that interpreter."""
    return f"uv venv --no-project --python {shlex.quote(executable)} {ENVIRONMENT}"


def install_runtime(lock: str = RUNTIME_LOCK) -> str:
    """Everything of the lock, exactly, into the environment; needs the index."""
    return f"uv pip install --python {ENVIRONMENT}/bin/python --no-deps --require-hashes -r {lock}"


def install_build_tools(lock: str = BUILD_LOCK) -> str:
    """Build back-ends beside the environment; needs the index."""
    return (
        f"uv pip install --python {ENVIRONMENT}/bin/python --target {BUILD_TOOLS} "
        f"--no-deps --require-hashes -r {lock}"
    )


def dependency_steps(executable: str, *, build: bool = True) -> tuple[str, ...]:
    """The dependency layers in order."""
    steps = (create_environment(executable), install_runtime())
    # Not compiled, an old dependency's invalid escape warns at first import, and fails a strict suite;
    # uv's own compiler does not run on 3.6.
    compiled = f"{ENVIRONMENT}/bin/python -W ignore -m compileall -q {ENVIRONMENT}/lib"
    return (*steps, install_build_tools(), compiled) if build else (*steps, compiled)


def _folder(project_dir: str) -> str:
    return posixpath.normpath(posixpath.join(TESTBED, project_dir))


def _with_tools(command: str, environment: dict[str, str] | None = None) -> str:
    settings = {"PYTHONPATH": BUILD_TOOLS, **(environment or {})}
    words = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    return f'{words} PATH="{BUILD_TOOLS}/bin:$PATH" {command}'


def ask_back_end(backend: str) -> str:
    """Prints what the back-end needs beyond the declared build requirements, as a JSON list, last line."""
    module, _, attribute = (SHIMS.get(backend, backend) or "setuptools.build_meta").partition(":")
    code = (
        f"import importlib, json; b = importlib.import_module('{module}'); "
        f"b = getattr(b, '{attribute}' or 'x', b); find = lambda name: getattr(b, name, None); "
        "hook = find('get_requires_for_build_editable') or find('get_requires_for_build_wheel'); "
        "asked = hook({}) if hook else []; print(); print(json.dumps(list(asked)))"
    )
    return _with_tools(f'{ENVIRONMENT}/bin/python -c "{code}"')


def shim(backend: str) -> str | None:
    """Makes an old back-end name forward to the one that is installed."""
    target = SHIMS.get(backend)
    if target is None:
        return None
    path = posixpath.join(BUILD_TOOLS, *backend.split(".")) + ".py"
    return f"mkdir -p {posixpath.dirname(path)} && echo 'from {target} import *' > {path}"


def prepared(command: str, project_dir: str) -> str:
    """A command that makes sources, with the build tools at hand."""
    return f"cd {shlex.quote(_folder(project_dir))} && {_with_tools(command)}"


def editable(project_dir: str, environment: dict[str, str] | None = None) -> str:
    """PEP 660: the project in place, without dependencies, isolation or network."""
    return _with_tools(
        f"uv pip install --python {ENVIRONMENT}/bin/python --offline --no-cache --no-build-isolation "
        f"--no-deps --no-sources -e {shlex.quote(_folder(project_dir))}",
        environment,
    )


def develop(project_dir: str, environment: dict[str, str] | None = None) -> str:
    """``setup.py develop``: what there was before PEP 660."""
    command = _with_tools(f'{ENVIRONMENT}/bin/python -c "{_SETUP}" -q develop --no-deps', environment)
    return f"cd {shlex.quote(_folder(project_dir))} && {command}"


def settled(build_backend: str) -> tuple[str, ...]:
    """What a native project needs after it was installed, so that its sources are what is imported.

    A module that was compiled from ``x.py`` lies beside it and is imported in its place: no change of
    ``x.py`` would be seen.  meson-python's import hook builds again in every process that imports the
    project, with tools that are not there then; what a change needs built again is built by the rebuild
    steps (https://mesonbuild.com/meson-python/how-to-guides/editable-installs.html).
    """
    code = (
        f"import pathlib; found = pathlib.Path('{TESTBED}').rglob('*.cpython-*.so'); "
        "[so.unlink() for so in [*found] if so.with_name(so.name.partition('.')[0] + '.py').is_file()]"
    )
    steps = (f'{ENVIRONMENT}/bin/python -c "{code}"',)
    if build_backend != "mesonpy":
        return steps
    change = r"""sed -i -E "s#^( *)\[.*ninja.*\],\$#\1['true'],#" {} +"""
    return (*steps, f"find {ENVIRONMENT}/lib -name '_*_editable_loader.py' -exec {change}")


def path_only(project_dir: str) -> str:
    """For a project that cannot be installed: its folders on the import path."""
    folder = _folder(project_dir)
    code = (
        "import os, site; "
        f"folders = [f for f in ('{folder}/src', '{folder}/lib', '{folder}') if os.path.isdir(f)]; "
        "path = os.path.join(site.getsitepackages()[0], 'project.pth'); "
        "open(path, 'w').write(os.linesep.join(folders) + os.linesep)"
    )
    return f'{ENVIRONMENT}/bin/python -c "{code}"'


def clean_bytecode() -> str:
    """Compiled files in the tree may outlive a patch that changes their source within the same second."""
    return f"find {TESTBED} -name __pycache__ -type d -prune -exec rm -rf {{}} +"
