"""A repository's own lock as constraints: exact versions that its maintainers tested with.

Reads ``uv.lock``, ``poetry.lock``, ``pdm.lock``, ``pylock.toml`` and ``Pipfile.lock``.  A package that a
lock holds at several versions (one per interpreter or platform) is not constrained.  Whether the
constraints can be met as of the date on our interpreter is for the resolver to find out.
"""

from __future__ import annotations

import json
import tomllib
from typing import Any

from packaging.version import InvalidVersion, Version

from envfactory.languages.python_rules.cited import Cited, Source
from envfactory.languages.python_rules.names import normalise
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.tools import left_out

TOML_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.dev.toml", "pylock.test.toml")


def read_lockfile(project: Project) -> tuple[Cited, ...]:
    """``name==version`` of the first lock of the project's folder; empty when there is none."""
    for name in (*TOML_LOCKS, "Pipfile.lock"):
        source = project.source(name)
        if source is not None:
            pins = _toml(source) if name in TOML_LOCKS else _pipfile(source)
            if not pins:
                continue  # a lock of another format, or one that is broken
            return tuple(
                source.cite(f"{package}=={version}", f'"{package}"', version)
                for package, versions in sorted(pins.items())
                if len(versions) == 1 and package != project.name and not left_out(package)
                for version in versions
            )
    return ()


def _toml(source: Source) -> dict[str, set[str]]:
    try:
        data: dict[str, Any] = tomllib.loads(source.content)
    except tomllib.TOMLDecodeError:
        return {}
    packages = data.get("package", data.get("packages"))
    pins: dict[str, set[str]] = {}
    for package in packages if isinstance(packages, list) else ():
        if isinstance(package, dict) and _public(package):
            pins.setdefault(normalise(str(package.get("name"))), set()).add(str(package["version"]))
    return pins


def _public(package: dict[str, Any]) -> bool:
    """True for a package from an index (no path, no repository) with a plain version."""
    origin = package.get("source")
    kinds = {"git", "url", "editable", "directory", "virtual", "path", "file", "legacy-path"}
    # uv and poetry keep the origin in a table of its own, pdm and PEP 751 beside the name.
    if {"git", "url", "path", "vcs", "directory", "archive", "editable"} & set(package):
        return False
    if isinstance(origin, dict) and (kinds & set(origin) or origin.get("type") in kinds):
        return False
    try:
        return Version(str(package.get("version", ""))).local is None
    except InvalidVersion:
        return False


def _pipfile(source: Source) -> dict[str, set[str]]:
    try:
        data = json.loads(source.content)
    except ValueError:
        return {}
    pins: dict[str, set[str]] = {}
    for table in ("default", "develop"):
        items = data.get(table) if isinstance(data, dict) else None
        for name, entry in items.items() if isinstance(items, dict) else ():
            version = entry.get("version") if isinstance(entry, dict) else None
            if isinstance(version, str) and version.startswith("=="):
                pins.setdefault(normalise(name), set()).add(version[2:])
    return pins
