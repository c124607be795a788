"""The one environment of ``tox`` that stands for the tests: its dependencies, variables and commands.

``envlist`` is expanded, the environment for the chosen interpreter that asks for nothing special is
taken, and lines with a factor condition (``py36: …``, ``django32-!mysql: …``) count when they hold for
it. Read from ``tox.ini``, ``setup.cfg`` (``[tox:tox]``), ``tox.toml`` and ``pyproject.toml``; tox is
never run.
"""

from __future__ import annotations

import configparser
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from envfactory.languages.python_rules.cited import Source
from envfactory.languages.python_rules.ini_files import read_ini
from envfactory.languages.python_rules.tox_names import chosen, expanded, factors_of

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

CONDITION = re.compile(r"^([!\w{},.*-]+(?:\s*,\s*[!\w{},.*-]+)*)\s*:(?:\s+|(?=[A-Za-z-]))(?!//)(\S.*)$")
REFERENCE = re.compile(r"\{\[([^\]]+)\]([\w-]+)\}")


@dataclass(frozen=True)
class Line:
    """One line of a list, with the factor condition before it."""

    text: str
    heading: str
    condition: str = ""


@dataclass
class ToxEnvironment:
    """What one environment has, its base's settings included."""

    source: Source
    name: str
    factors: frozenset[str]
    deps: list[Line] = field(default_factory=list)
    """Also lines whose condition does not hold; ``holds`` tells."""
    conda: list[str] = field(default_factory=list)
    """What a plug-in installs with conda."""
    extras: list[Line] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    directory: str = "."
    names: list[str] = field(default_factory=list)
    """All environments of the list."""

    def holds(self, condition: str) -> bool:
        """Whether the condition is true here; ``""`` always is."""
        return not condition or any(
            all(
                (part[1:] not in self.factors) if part.startswith("!") else part in self.factors
                for part in parts
            )
            for parts in (name.split("-") for name in expanded(condition))
        )


def read_tox_environment(tree: Tree, directory: str = ".", interpreter: str = "") -> ToxEnvironment | None:
    """The environment that tests on ``interpreter`` (``3.9``); ``None`` when there is no tox."""
    for name, prefix in (("tox.ini", ""), ("setup.cfg", "tox:")):
        source = _source(tree, directory, name)
        if source is not None:
            parser = read_ini(source.content)
            if parser.has_section(f"{prefix}tox") or any(
                name.startswith("testenv") and not prefix for name in parser.sections()
            ):
                return _from_ini(source, parser, prefix, interpreter)
    for name in ("pyproject.toml", "tox.toml"):
        source = _source(tree, directory, name)
        data = _table(source) if source else {}
        if source and isinstance(legacy := data.get("legacy_tox_ini"), str):
            return _from_ini(source, read_ini(legacy), "", interpreter)
        if source and data:
            return _from_toml(source, data, interpreter)
    return None


def _source(tree: Tree, directory: str, name: str) -> Source | None:
    path = posixpath.normpath(posixpath.join(directory, name))
    text = tree.text(path)
    return None if text is None else Source(path, text)


def _table(source: Source) -> dict[str, Any]:
    try:
        data: Any = tomllib.loads(source.content)
    except tomllib.TOMLDecodeError:
        return {}
    for key in ("tool", "tox") if source.path.endswith("pyproject.toml") else ():
        data = data.get(key) if isinstance(data, Mapping) else None
    return dict(data) if isinstance(data, Mapping) else {}


def _from_ini(
    source: Source, parser: configparser.RawConfigParser, prefix: str, interpreter: str
) -> ToxEnvironment:
    tox = f"{prefix}tox"
    listed = parser.get(tox, "envlist", fallback="") or parser.get(tox, "env_list", fallback="") or ""
    sections = {
        name: section
        for section in parser.sections()
        if section.startswith("testenv:")
        for name in expanded(section.partition(":")[2])
    }
    names = expanded(listed)
    name = chosen(names or [name for name in sections if re.search(r"test|unit|^py", name)], interpreter)
    found = ToxEnvironment(source, name, factors_of(name, interpreter), names=names)
    order = [
        section for section in (sections.get(name), "testenv") if section and parser.has_section(section)
    ]
    found.deps = _lines(parser, order, "deps")
    found.conda = [line.text for line in _lines(parser, order, "conda_deps") if found.holds(line.condition)]
    found.extras = [line for line in _lines(parser, order, "extras") if found.holds(line.condition)]
    groups = [line.text for line in _lines(parser, order, "dependency_groups") if found.holds(line.condition)]
    found.groups = re.findall(r"[\w.-]+", "\n".join(groups))
    found.commands = [line.text for line in _lines(parser, order, "commands") if found.holds(line.condition)]
    for option in ("setenv", "set_env"):
        found.env |= _settings(
            line.text for line in _lines(parser, order, option) if found.holds(line.condition)
        )
    places = [*_lines(parser, order, "changedir"), *_lines(parser, order, "change_dir")]
    found.directory = next((_place(line.text) for line in places if found.holds(line.condition)), ".")
    return found


def _lines(parser: configparser.RawConfigParser, order: list[str], option: str) -> list[Line]:
    """The option of the nearest section that has it, references to other sections replaced."""
    for section in order:
        if parser.has_option(section, option):
            return list(_expanded(parser, parser.get(section, option) or "", f"[{section}]"))
    return []


def _expanded(
    parser: configparser.RawConfigParser, text: str, heading: str, depth: int = 0
) -> Iterator[Line]:
    # A continuation belongs to its line: a command may span several.
    for raw in re.sub(r"\\\s*\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        match = CONDITION.match(line)
        plain = match is None or re.match(r"(git|hg|https?|file|svn)\b", line) is not None
        condition, text = ("", line) if plain or match is None else (match.group(1), match.group(2).strip())
        reference = REFERENCE.fullmatch(text)
        if reference and depth < 4:
            inner = parser.get(reference.group(1), reference.group(2), fallback="") or ""
            for found in _expanded(parser, inner, f"[{reference.group(1)}]", depth + 1):
                yield Line(found.text, found.heading, found.condition or condition)
        elif text:
            yield Line(text, heading, condition)


def _settings(lines: Iterator[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _place(text: str) -> str:
    text = re.sub(r"\{(?:toxinidir|tox_root)\}/?", "", text).strip()
    return "." if not text or "{" in text or text.startswith(("/", "~")) else posixpath.normpath(text)


def _from_toml(source: Source, data: dict[str, Any], interpreter: str) -> ToxEnvironment:
    listed = [item for item in data.get("env_list", ()) if isinstance(item, str)]
    tables = data.get("env") if isinstance(data.get("env"), Mapping) else {}
    name = chosen(
        listed or [key for key in tables or {} if re.search(r"test|unit|^py|^3\.", key)], interpreter
    )
    found = ToxEnvironment(source, name, factors_of(name, interpreter), names=listed)
    own = (tables or {}).get(name)
    base = data.get("env_run_base")
    merged: dict[str, Any] = {
        **(base if isinstance(base, Mapping) else {}),
        **(own if isinstance(own, Mapping) else {}),
    }
    for option, lines in (("deps", found.deps), ("extras", found.extras)):
        lines += [Line(item, name) for item in _strings(merged.get(option))]
    found.groups = _strings(merged.get("dependency_groups"))
    settings = merged.get("set_env", merged.get("setenv"))
    found.env = (
        {key: value for key, value in settings.items() if isinstance(value, str)}
        if isinstance(settings, Mapping)
        else {}
    )
    commands = merged.get("commands")
    found.commands = (
        [" ".join(_strings(command)) for command in commands if isinstance(command, list)]
        if isinstance(commands, list)
        else []
    )
    found.directory = _place(str(merged.get("change_dir", merged.get("changedir", "."))))
    return found


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
