"""The part of each manifest that determines an environment, in one normal form.

Two commits whose manifests differ only in version number, comments, URLs or the settings of linters
have the same normal form, hence the same ``Declaration.key`` and one shared environment.
"""

from __future__ import annotations

import hashlib
import json
import re

from envfactory.languages.python_rules.lockfiles import TOML_LOCKS
from envfactory.languages.python_rules.project import Project

PYPROJECT_TABLES = ("project", "build-system", "dependency-groups")
TOOL_TABLES = (
    "poetry",
    "pdm",
    "hatch",
    "flit",
    "setuptools",
    "uv",
    "setuptools_scm",
    "maturin",
    "meson-python",
)
_KEYS = """
version description readme authors maintainers urls keywords license license-files classifiers
homepage repository documentation
"""
IRRELEVANT_KEYS = frozenset(_KEYS.split())
SETUP_CFG_SECTIONS = re.compile(r"^(options|metadata$|build_ext|pbr|files)")


def normalised_manifests(project: Project, requirement_files: tuple[str, ...]) -> dict[str, str]:
    """Path -> normal form of every manifest that is there."""
    found: dict[str, str] = {}
    if project.pyproject.data:
        found[project.path("pyproject.toml")] = _pyproject(project)
    if source := project.source("setup.py"):
        found[source.path] = _code(source.content)
    cfg = project.setup_cfg
    sections = [name for name in cfg.sections() if SETUP_CFG_SECTIONS.match(name)]
    if sections:
        wanted = {name: {k: v for k, v in cfg.items(name) if k not in IRRELEVANT_KEYS} for name in sections}
        found[project.path("setup.cfg")] = json.dumps(wanted, sort_keys=True)
    for name in (*TOML_LOCKS, "Pipfile.lock"):
        if lock := project.source(name):
            found[lock.path] = hashlib.sha256(lock.content.encode()).hexdigest()
    for path in requirement_files:
        text = project.tree.text(path)
        if text is not None:
            found[path] = _lines(text)
    return found


def _pyproject(project: Project) -> str:
    data = project.pyproject
    wanted = {name: _relevant(data.table(name)) for name in PYPROJECT_TABLES}
    wanted["tool"] = {
        name: _relevant(data.table("tool", name)) for name in TOOL_TABLES if data.table("tool", name)
    }
    return json.dumps(wanted, sort_keys=True, default=str)


def _relevant(table: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in table.items() if key not in IRRELEVANT_KEYS}


def _lines(text: str) -> str:
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in text.splitlines())
    return "\n".join(sorted(line for line in lines if line))


def _code(text: str) -> str:
    lines = (line.strip() for line in text.splitlines())
    kept = (line for line in lines if line and not line.startswith("#"))
    return "\n".join(
        line for line in kept if not re.match(r"^_*version_*\s*=|^version=", line, re.IGNORECASE)
    )
