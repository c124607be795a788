"""A Python project as its manifests describe it: ``pyproject.toml``, ``setup.cfg``, ``setup.py`` together.

One ``Project`` per tree, read without running anything of the project.  Which of its extras or groups
an environment takes is decided elsewhere.
"""

from __future__ import annotations

import configparser
import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from envfactory.languages.python_rules.cited import Cited, Source
from envfactory.languages.python_rules.dynamic_metadata import dynamic_dependencies, dynamic_extras
from envfactory.languages.python_rules.ini_files import read_ini
from envfactory.languages.python_rules.names import normalise
from envfactory.languages.python_rules.pyproject import Groups, Pyproject
from envfactory.languages.python_rules.requirement_files import read_requirements
from envfactory.languages.python_rules.setup_py import read_setup_py

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg")


def project_directory(tree: Tree) -> str:
    """Folder of the project: the root when a manifest is there, else the shallowest with one."""
    if any(tree.exists(name) for name in MANIFESTS[:2]):
        return "."
    folders = {posixpath.dirname(path) for path in tree.paths() if posixpath.basename(path) in MANIFESTS[:2]}
    ordinary = [
        f
        for f in folders
        if not re.search(r"(^|/)(tests?|testing|docs?|examples?|benchmarks?|vendor|third_party)(/|$)", f)
    ]
    return min(ordinary, key=lambda folder: (folder.count("/"), folder), default=".")


@dataclass(frozen=True)
class Project:
    """The manifests of one tree, merged: the first that says something wins."""

    tree: Tree
    directory: str = "."

    def path(self, name: str) -> str:
        """A file of the project's folder as a path of the tree."""
        return posixpath.normpath(posixpath.join(self.directory, name))

    def source(self, name: str) -> Source | None:
        """A text file of the project's folder."""
        text = self.tree.text(self.path(name))
        return None if text is None else Source(self.path(name), text)

    @cached_property
    def pyproject(self) -> Pyproject:
        """Empty when absent."""
        return Pyproject(self.source("pyproject.toml"))

    @cached_property
    def setup_py(self) -> dict[str, Any]:
        """Evaluated arguments of ``setup()``."""
        source = self.source("setup.py")
        return read_setup_py(source.content, lambda name: self.tree.text(self.path(name))) if source else {}

    @cached_property
    def setup_cfg(self) -> configparser.RawConfigParser:
        """Empty when absent or unreadable."""
        source = self.source("setup.cfg")
        return read_ini(source.content if source else "", keep_case=True)

    @cached_property
    def installable(self) -> bool:
        """Whether any manifest describes something to install."""
        if self.tree.exists(self.path("setup.py")):
            return True
        data = self.pyproject
        tools = ("project",), ("tool", "poetry"), ("tool", "flit")
        declared = any(data.table(*path) for path in tools) or self.setup_cfg.has_section("metadata")
        return declared and self.tree.exists(self.path("pyproject.toml"))

    @cached_property
    def name(self) -> str:
        """Normalised name of the distribution, empty when unknown."""
        for value in (self.pyproject.name, self._cfg("metadata", "name"), self.setup_py.get("name")):
            if isinstance(value, str) and value:
                return normalise(value)
        return ""

    @cached_property
    def requires_python(self) -> Cited | None:
        """Specifier set of interpreters."""
        if self.pyproject.requires_python is not None:
            return self.pyproject.requires_python
        if value := self._cfg("options", "python_requires") or self._cfg("metadata", "requires_python"):
            return self._cite("setup.cfg", value, "requires")
        said = self.setup_py.get("python_requires")
        return self._cite("setup.py", said, "python_requires") if isinstance(said, str) else None

    @cached_property
    def classifiers(self) -> tuple[Cited, ...]:
        """Trove classifiers of all manifests."""
        cfg = self._cfg_lines("metadata", "classifiers") or self._cfg_lines("metadata", "classifier")
        found = [*self.pyproject.classifiers, *(self._cite("setup.cfg", item) for item in cfg)]
        values = self.setup_py.get("classifiers")
        values = values.splitlines() if isinstance(values, str) else values
        found += [self._cite("setup.py", i.strip()) for i in values or () if isinstance(i, str)]
        return tuple(found)

    @cached_property
    def dependencies(self) -> tuple[Cited, ...]:
        """What the project needs to run, as far as it can be read statically."""
        if self.pyproject.dependencies is not None:
            return self.pyproject.dependencies
        return dynamic_dependencies(self.pyproject, self._required) or self._listed("install_requires")

    @cached_property
    def extras(self) -> Groups:
        """Extras by name as written."""
        found = {**dynamic_extras(self.pyproject, self._required), **self.pyproject.extras}
        if self.setup_cfg.has_section("options.extras_require"):
            for name in self.setup_cfg.options("options.extras_require"):
                lines = self._cfg_lines("options.extras_require", name)
                found[name] = tuple(
                    self._cite("setup.cfg", line, "options.extras_require", name) for line in lines
                )
        declared = self.setup_py.get("extras_require")
        for name, items in declared.items() if isinstance(declared, dict) else ():
            values = items.splitlines() if isinstance(items, str) else items
            texts = (
                [item.strip() for item in values if isinstance(item, str)] if isinstance(values, list) else []
            )
            found[name] = tuple(
                self._cite("setup.py", text, f'"{name}"', f"'{name}'") for text in texts if text
            )
        return found

    @cached_property
    def tests_require(self) -> tuple[Cited, ...]:
        """Setuptools' old list of test dependencies."""
        return self._listed("tests_require")

    @cached_property
    def build_requires(self) -> tuple[Cited, ...]:
        """PEP 518 requirements and ``setup_requires``."""
        return (*self.pyproject.build_requires, *self._listed("setup_requires"))

    def _required(self, name: str) -> list[Cited]:
        return read_requirements(self.tree, self.path(name)).requirements

    def _listed(self, key: str) -> tuple[Cited, ...]:
        if lines := self._cfg_lines("options", key):
            return tuple(self._cite("setup.cfg", line, key) for line in lines)
        values = self.setup_py.get(key)
        values = values.splitlines() if isinstance(values, str) else values
        texts = [v.strip() for v in values if isinstance(v, str)] if isinstance(values, list | tuple) else []
        return tuple(self._cite("setup.py", text, key) for text in texts if text and not text.startswith("#"))

    def _cfg(self, section: str, key: str) -> str:
        return self.setup_cfg.get(section, key, fallback="").strip()

    def _cfg_lines(self, section: str, key: str) -> list[str]:
        text = self._cfg(section, key)
        if text.startswith("file:"):
            named = [self.tree.text(self.path(name.strip())) or "" for name in text[5:].split(",")]
            text = "\n".join(named)
        parts = (
            text.splitlines()
            if "\n" in text
            else text.split(";")
            if ";" in text and "python_version" not in text
            else [text]
        )
        lines = (re.sub(r"(^|\s)#.*", "", part).strip() for part in parts)
        return [line for line in lines if line and not line.startswith("-")]

    def _cite(self, name: str, value: str, *needles: str) -> Cited:
        source = self.source(name)
        return source.cite(value, *needles) if source else Cited(value, self.path(name))
