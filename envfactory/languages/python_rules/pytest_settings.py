"""The project's own pytest configuration: where it stands and what it says.

Looks at the files in pytest's own order of precedence and stops at the first with a pytest section.
Only reads; what the options imply is decided in ``plugins`` and ``runner``.
"""

from __future__ import annotations

import posixpath
import shlex
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from envfactory.languages.python_rules.cited import Source
from envfactory.languages.python_rules.ini_files import read_ini

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

INI_FILES = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", ""),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
    ("setup.cfg", "pytest"),
)


class PytestSettings:
    """Options by name as strings, with the file they were read from."""

    def __init__(self, source: Source | None, options: Mapping[str, str]) -> None:
        self.source = source or Source("", "")
        self.options = options

    @property
    def addopts(self) -> tuple[str, ...]:
        """Split as a shell would."""
        text = self.options.get("addopts", "")
        try:
            return tuple(shlex.split(text, comments=True))
        except ValueError:
            return tuple(text.split())


def read_pytest_settings(tree: Tree, directory: str = ".") -> PytestSettings:
    """The section that pytest itself would use; empty when there is none."""
    for name, section in INI_FILES:
        path = posixpath.normpath(posixpath.join(directory, name))
        text = tree.text(path)
        if text is None:
            continue
        options = _toml(text) if name.endswith(".toml") else _ini(text, section)
        if options is not None:
            return PytestSettings(Source(path, text), options)
    return PytestSettings(None, {})


def _ini(text: str, section: str) -> dict[str, str] | None:
    parser = read_ini(text)
    if not parser.has_section(section):
        return None
    return {key: value or "" for key, value in parser.items(section)}


def _toml(text: str) -> dict[str, str] | None:
    try:
        data: Any = tomllib.loads(text).get("tool", {}).get("pytest")
    except (tomllib.TOMLDecodeError, AttributeError):
        return None
    if not isinstance(data, Mapping):
        return None
    options = data.get("ini_options", {key: value for key, value in data.items() if key != "ini_options"})
    return {key: _joined(value) for key, value in options.items()} if isinstance(options, Mapping) else None


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(shlex.quote(item) if " " in (item := str(each)) else item for each in value)
    return str(value)
