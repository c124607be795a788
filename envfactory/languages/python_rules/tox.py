"""What ``tox`` installs for tests: ``deps``, ``extras``, ``dependency_groups``, ``pip install`` commands.

Of the environment that ``tox_environments`` chooses. Where factors list several versions of one
distribution (``django32: Django>=3.2,<4.0``), none of them is meant for all: the distribution is asked
for by name, bounded by the newest version that is listed.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.conda_files import conda_requirements
from envfactory.languages.python_rules.names import normalise, parse
from envfactory.languages.python_rules.requirement_files import (
    INCLUDE,
    Listed,
    read_line,
    read_requirements,
    read_words,
)
from envfactory.languages.python_rules.shell_words import calls, pip_words
from envfactory.languages.python_rules.tox_environments import Line, ToxEnvironment, read_tox_environment
from envfactory.languages.python_rules.tox_names import OTHER_WORK

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

VERSIONED = re.compile(r"([a-z_]+?)[._]?v?\d[\d._]*[a-z]*")
"""A factor that names a version of something: ``django32``, ``dj4.2``, ``sqla20``."""
HERE = re.compile(r"\{(?:toxinidir|tox_root)\}/?")


def read_tox(tree: Tree, directory: str = ".", interpreter: str = "", *, bounds: bool = True) -> Listed:
    """What the tests' environment lists; empty when there is no tox.

    With ``bounds`` the newest version of a family of factors becomes a constraint.
    """
    listed = Listed()
    environment = read_tox_environment(tree, directory, interpreter)
    if environment is None:
        return listed
    families = _families(environment)
    for line in environment.deps:
        requirement = parse(line.text)
        name = normalise(requirement.name) if requirement else ""
        if name in families and line in families[name]:
            continue
        if environment.holds(line.condition):
            _dependency(tree, directory, environment, line, listed)
    for name, lines in families.items():
        first = parse(lines[0].text)
        cited = environment.source.cite(first.name if first else name, lines[0].heading, lines[0].text)
        listed.requirements.append(cited)
        if bounds and (bound := _bound(lines)):
            listed.constraints.append(cited.with_value(f"{cited.value}{bound}"))
    listed.requirements += conda_requirements(environment.source, environment.conda)
    for line in environment.extras:
        names = [name.strip() for name in re.split(r"[,\s]+", line.text)]
        plain = [name for name in names if re.fullmatch(r"[\w.-]+", name)]
        listed.extras += [environment.source.cite(name, line.heading, "extras") for name in plain]
    for command in environment.commands:
        for call in calls(HERE.sub("./", command)):
            cited = environment.source.cite(command, command)
            read_words(tree, directory, pip_words(call), listed, cited)
    return listed


def _families(environment: ToxEnvironment) -> dict[str, list[Line]]:
    """Distribution -> lines of factors that name versions of one thing, when there are several."""
    found: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in environment.deps:
        requirement = parse(line.text)
        factors = [part.lstrip("!") for part in re.split(r"[-,{}\s]+", line.condition) if part]
        for factor in factors:
            match = VERSIONED.fullmatch(factor)
            if requirement and match and match.group(1) not in {"py", "python", "pypy"}:
                found[normalise(requirement.name), match.group(1)].append(line)
    return {name: lines for (name, _), lines in found.items() if len({line.text for line in lines}) > 1}


def _bound(lines: list[Line]) -> str:
    """``<X`` above the newest of the versions that the lines name; empty when it is open."""
    best: tuple[Version, str] | None = None
    for requirement in filter(None, (parse(line.text) for line in lines)):
        for specifier in requirement.specifier:
            try:
                version = Version(specifier.version.removesuffix(".*"))
            except InvalidVersion:
                continue
            if best is None or version >= best[0]:
                best = (version, _upper(specifier.operator, specifier.version, version))
    return best[1] if best else ""


def _upper(operator: str, text: str, version: Version) -> str:
    if operator in {"<", "<="}:
        return f"{operator}{version}"
    if operator not in {"==", "~=", "==="}:
        return ""
    release = version.release
    # "==3.1.*", "~=3.1.0" and "==3.1.4" all speak of the 3.1 series; "==3.*" and "~=3.1" of the third.
    series = release[:-1] if operator == "~=" else release if text.endswith(".*") else release[:2]
    series = series or release[:1]
    return f"<{'.'.join(map(str, (*series[:-1], series[-1] + 1)))}"


def _dependency(tree: Tree, directory: str, environment: ToxEnvironment, line: Line, listed: Listed) -> None:
    text = HERE.sub("./", line.text)
    included = INCLUDE.match(text)
    if included:
        _merge(read_requirements(tree, posixpath.join(directory, included.group(1))), listed)
    elif "{" not in text and not text.startswith(("-c", "--constraint")):
        read_line(text, listed, _place(environment, line))


def _place(environment: ToxEnvironment, line: Line) -> Cited:
    return environment.source.cite(line.text, line.heading)


def _merge(other: Listed, listed: Listed) -> None:
    listed.requirements += other.requirements
    listed.constraints += other.constraints
    listed.extras += other.extras
    listed.files += other.files
    listed.itself = listed.itself or other.itself


def tox_groups(tree: Tree, directory: str = ".", interpreter: str = "") -> tuple[str, ...]:
    """Names of PEP 735 groups that tox's test environment installs."""
    environment = read_tox_environment(tree, directory, interpreter)
    names = environment.groups if environment else ()
    return tuple(dict.fromkeys(name for name in names if not OTHER_WORK.search(name)))
