"""Repairs of how pytest is run: its options and the path on which it finds modules.

Entries of the table in ``repairs``.  None of them changes which tests there are.
"""

from __future__ import annotations

import re

from envfactory.languages.python_rules.import_names import OWN_FOLDERS
from envfactory.languages.python_rules.names import normalise
from envfactory.languages.python_rules.repair_case import Case, Change, add, with_options, with_variables

ASYNC_TESTS = re.compile(
    r"async def functions are not (?:natively )?supported|coroutine '[\w.]+' was never awaited"
)
_ASYNC_FIXTURES = re.compile(
    r"requested an async fixture|'(?:coroutine|async_generator)' object (?:has no attribute|is not)"
)
_NO_MODULE = re.compile(r"No module named ['\"]([A-Za-z_]\w*)([\w.]*)['\"]")
_MISMATCH = re.compile(r"import file mismatch|ImportPathMismatchError|ConftestImportFailure.*Mismatch")
_WARNING = re.compile(
    r"^(?:E\s+)?(?:[\w.]+\.)?((?:Pending)?DeprecationWarning|FutureWarning|SyntaxWarning|ResourceWarning"
    r"|ImportWarning|EncodingWarning)\b",
)
_TOOL = re.compile(r"No such file or directory: '(?:[\w/.-]*/)?([\w-]+)'|([\w-]+): (?:command )?not found")
TOOLS = {
    "pip": "pip",
    "pip3": "pip",
    "virtualenv": "virtualenv",
    "wheel": "wheel",
    "coverage": "coverage",
    "tox": "tox",
    "nox": "nox",
    "twine": "twine",
    "flake8": "flake8",
    "black": "black",
    "mypy": "mypy",
    "pylint": "pylint",
    "isort": "isort",
    "ruff": "ruff",
    "pyflakes": "pyflakes",
    "pycodestyle": "pycodestyle",
    "ipython": "ipython",
    "jupyter": "jupyter-core",
    "sphinx-build": "sphinx",
    "cython": "cython",
    "gunicorn": "gunicorn",
    "uvicorn": "uvicorn",
    "celery": "celery",
    "httpbin": "httpbin",
    "pybabel": "babel",
    "rst2html.py": "docutils",
}
"""Command -> distribution that brings it; Debian's package of the name would be for another interpreter."""
ROOT = "/testbed"


def asynchronous_tests(case: Case) -> Change | None:
    """``async def functions are not natively supported`` though the plug-in is there: its mode is strict."""
    match = ASYNC_TESTS.search(case.errors) or _ASYNC_FIXTURES.search(case.errors)
    if match is None or not case.has("pytest-asyncio"):
        return None
    return with_options(case, ("-o", "asyncio_mode=auto"), "tests without markers", match.group(0))


def import_path(case: Case) -> Change | None:
    """``No module named 'tests'``, or the project itself is not found: where both are goes on the path."""
    declaration = case.declaration
    if case.symptoms.phase != "tests":
        return None
    for top, rest in _NO_MODULE.findall(case.errors):
        own = normalise(top) == declaration.name and not rest
        if not own and top not in OWN_FOLDERS:
            continue
        project = ROOT if declaration.project_dir == "." else f"{ROOT}/{declaration.project_dir}"
        places = [*declaration.env.get("PYTHONPATH", "").split(":"), ROOT, project]
        places += [f"{project}/src"] if own else []
        path = ":".join(dict.fromkeys(place for place in places if place))
        return with_variables(
            case, {"PYTHONPATH": path}, "imported from the repository", f"No module named '{top}{rest}'"
        )
    return None


def import_mode(case: Case) -> Change | None:
    """``import file mismatch``: equal base names in folders that are no packages, or an installed copy."""
    match = _MISMATCH.search(case.errors)
    if match is None:
        return None
    mode = with_options(case, ("--import-mode=importlib",), "test modules of the same name", match.group(0))
    if mode is not None:
        return mode
    return with_variables(
        case, {"PY_IGNORE_IMPORTMISMATCH": "1"}, "installed copies of tests", match.group(0)
    )


def missing_tools(case: Case) -> Change | None:
    """``No such file or directory: 'pip'``: a command that a distribution brings into the environment."""
    names = [one or other for one, other in _TOOL.findall(case.errors)]
    return add(case, ((TOOLS.get(name, ""), f"command {name}") for name in names), "command that is missing")


def warnings_as_errors(case: Case) -> Change | None:
    """Most failures are warnings of newer dependencies or interpreters: they only warn, as by default."""
    if not case.messages:
        return None
    found = [match.group(1) for line in case.messages if (match := _WARNING.search(line))]
    kinds = sorted(set(found))
    if 2 * len(found) < len(case.messages):
        return None
    options = tuple(word for kind in kinds for word in ("-W", f"default::{kind}"))
    return with_options(case, options, "warnings are errors", ", ".join(kinds))
