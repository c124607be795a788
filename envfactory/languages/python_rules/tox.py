"""What ``tox`` installs for tests: unconditional ``deps``, ``extras`` and ``dependency_groups``.

Read from ``tox.ini``, ``setup.cfg`` (``[tox:tox]``), ``tox.toml`` and ``pyproject.toml`` (``legacy_tox_ini``
or the native table).  Lines with a factor condition (``py36: …``) are left out: which factor is meant is
not known.  Environments whose name speaks of linting, typing, docs or packaging are not looked at.
"""

from __future__ import annotations

import configparser
import posixpath
import re
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from envfactory.languages.python_rules.cited import Source
from envfactory.languages.python_rules.requirement_files import INCLUDE, Listed, read_line, read_requirements

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

OTHER_WORK = re.compile(
    r"lint|flake|style|format|black|ruff|isort|typ|mypy|pyright|pyre|doc|sphinx|changelog|release|build|package|"
    r"manifest|pre-?commit|readme|twine|publish|check|bench|cover|report|clean|security|bandit|dev$"
)
FACTOR = re.compile(r"^[!\w{},.*-]+\s*:\s+\S|^[!\w{},.-]+:(?=[A-Za-z-])(?!//)")
SUBSTITUTION = re.compile(r"\{\[([^\]]+)\]([\w-]+)\}")


def read_tox(tree: Tree, directory: str = ".") -> Listed:
    """What the test environments list, in the order of the files; empty when there is no tox."""
    listed = Listed()
    for name, prefix in (("tox.ini", ""), ("setup.cfg", "tox:")):
        source = _source(tree, directory, name)
        if source is not None:
            _read_ini(tree, directory, source, prefix, listed)
    for name in ("pyproject.toml", "tox.toml"):
        source = _source(tree, directory, name)
        if source is not None:
            _read_toml(tree, directory, source, listed)
    return listed


def _source(tree: Tree, directory: str, name: str) -> Source | None:
    path = posixpath.normpath(posixpath.join(directory, name))
    text = tree.text(path)
    return None if text is None else Source(path, text)


def _read_ini(
    tree: Tree, directory: str, source: Source, prefix: str, listed: Listed, content: str = ""
) -> None:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, comment_prefixes=("#",))
    try:
        parser.read_string(content or source.content)
    except configparser.Error:
        return
    for section in parser.sections():
        if not section.startswith("testenv") or (prefix and not parser.has_section(f"{prefix}tox")):
            continue
        if OTHER_WORK.search(section.partition(":")[2]):
            continue
        for line in _expanded(parser, parser.get(section, "deps", fallback="") or ""):
            _dependency(tree, directory, source, line, f"[{section}]", listed)
        names = re.split(r"[,\n]", parser.get(section, "extras", fallback="") or "")
        plain = [name.strip() for name in names if re.fullmatch(r"[\w.-]+", name.strip())]
        listed.extras += [source.cite(name, f"[{section}]", "extras") for name in plain]


def _expanded(parser: configparser.RawConfigParser, text: str, depth: int = 0) -> list[str]:
    lines: list[str] = []
    for line in (part.strip() for part in text.splitlines()):
        reference = SUBSTITUTION.fullmatch(line)
        if reference and depth < 4:
            value = parser.get(reference.group(1), reference.group(2), fallback="") or ""
            lines += _expanded(parser, value, depth + 1)
        elif line and not line.startswith("#"):
            lines.append(re.sub(r"\s+#.*$", "", line))
    return lines


def _dependency(tree: Tree, directory: str, source: Source, line: str, heading: str, listed: Listed) -> None:
    if FACTOR.match(line) and not re.match(r"^(git|hg|https?|file)[+:]", line):
        return
    line = re.sub(r"\{(?:toxinidir|tox_root)\}/?", "./", line)
    included = INCLUDE.match(line)
    if included:
        _merge(read_requirements(tree, posixpath.join(directory, included.group(1))), listed)
    elif "{" not in line and not line.startswith(("-c", "--constraint")):
        read_line(line, listed, source.cite(line, heading))


def _merge(other: Listed, listed: Listed) -> None:
    listed.requirements += other.requirements
    listed.constraints += other.constraints
    listed.extras += other.extras
    listed.files += other.files
    listed.itself = listed.itself or other.itself


def _read_toml(tree: Tree, directory: str, source: Source, listed: Listed) -> None:
    try:
        data: dict[str, Any] = tomllib.loads(source.content)
    except tomllib.TOMLDecodeError:
        return
    if source.path.endswith("pyproject.toml"):
        data = data.get("tool", {}).get("tox", {}) if isinstance(data.get("tool"), Mapping) else {}
    legacy = data.get("legacy_tox_ini")
    if isinstance(legacy, str):
        _read_ini(tree, directory, source, "", listed, legacy)
    tables: dict[str, Any] = {"env_run_base": data.get("env_run_base", {})}
    tables |= data.get("env", {}) if isinstance(data.get("env"), Mapping) else {}
    for name, table in tables.items():
        if not isinstance(table, Mapping) or (name != "env_run_base" and OTHER_WORK.search(name)):
            continue
        for line in table.get("deps", ()):
            if isinstance(line, str):
                _dependency(tree, directory, source, line, name, listed)
        listed.extras += [
            source.cite(extra, name) for extra in table.get("extras", ()) if isinstance(extra, str)
        ]


def tox_groups(tree: Tree, directory: str = ".") -> tuple[str, ...]:
    """Names of PEP 735 groups that tox's test environments install."""
    found: list[str] = []
    for name in ("tox.ini", "pyproject.toml", "tox.toml"):
        source = _source(tree, directory, name)
        for match in re.finditer(r"(?m)^\s*dependency_groups\s*=\s*(.+)$", source.content if source else ""):
            found += re.findall(r"[\w.-]+", match.group(1))
    return tuple(dict.fromkeys(name for name in found if not OTHER_WORK.search(name)))
