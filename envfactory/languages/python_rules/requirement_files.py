"""Requirements files as pip reads them: nested files, constraints, editable lines, continuation lines.

Given a tree and a path it answers with cited requirements, the extras of the project itself that are
asked for (``-e .[test]``), and constraints.  Options about indexes are ignored: the index is ours.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.names import parse, released_name

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

SELF = re.compile(r"^(?:-e|--editable)?[\s=]*(?:file:)?(?:\.{1,2}/?)+(?:\[([^\]]*)\])?\s*(?:;.*)?$")
INCLUDE = re.compile(r"^(?:-r|--requirement)[\s=]*(\S+)")
CONSTRAINT = re.compile(r"^(?:-c|--constraint)[\s=]*(\S+)")
EDITABLE = re.compile(r"^(?:-e|--editable)[\s=]+")
OPTION_TAIL = re.compile(r"\s+(?:--hash|--config-settings|--global-option|--install-option).*$")


@dataclass
class Listed:
    """What a requirements file asks for."""

    requirements: list[Cited] = field(default_factory=list)
    constraints: list[Cited] = field(default_factory=list)
    extras: list[Cited] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    itself: bool = False
    """The file installs the project."""


def read_requirements(tree: Tree, path: str) -> Listed:
    """Follow ``path`` and all that it includes; a file that is absent or included twice is skipped."""
    listed = Listed()
    _read(tree, posixpath.normpath(path), listed, constraint=False)
    return listed


def read_line(text: str, listed: Listed, cited: Cited) -> None:
    """Sort one line (as it may also stand in ``tox.ini``) into ``listed``."""
    text = OPTION_TAIL.sub("", text).strip()
    own = SELF.match(text)
    if own:
        listed.itself = True
        listed.extras += [
            cited.with_value(name.strip()) for name in (own.group(1) or "").split(",") if name.strip()
        ]
        return
    text = EDITABLE.sub("", text)
    released = released_name(text)
    if released is not None:
        listed.requirements.append(cited.with_value(released))
    elif (requirement := parse(text)) is not None:
        listed.requirements.append(cited.with_value(str(requirement)))


VALUED = frozenset(
    {"-c", "--constraint", "--group", "-i", "--index-url", "--extra-index-url", "-f", "--find-links"}
)
"""Options of ``pip install`` that take a value of no interest here."""


def read_words(tree: Tree, directory: str, words: Sequence[str], listed: Listed, cited: Cited) -> None:
    """Sort the arguments of one ``pip install`` into ``listed``; what holds a variable is left out."""
    position = 0
    while position < len(words):
        word, following = words[position], words[position + 1 : position + 2]
        inner = INCLUDE.match(word)
        if word in {"-r", "--requirement"} or inner:
            path = inner.group(1) if inner else "".join(following)
            included = read_requirements(tree, posixpath.join(directory, path))
            listed.requirements += included.requirements
            listed.constraints += included.constraints
            listed.extras += included.extras
            position += not inner
        elif word in VALUED:
            position += 1
        elif word in {"-e", "--editable"}:
            read_line(f"-e {''.join(following)}", listed, cited)
            position += 1
        elif not word.startswith("-") and not re.search(r"[${}]|\.whl\b", word):
            read_line(word, listed, cited)
        position += 1


def _read(tree: Tree, path: str, listed: Listed, *, constraint: bool) -> None:
    if path in listed.files or path.startswith(".."):
        return
    text = tree.text(path)
    if text is None:
        return
    listed.files.append(path)
    folder = posixpath.dirname(path)
    for number, line in logical_lines(text):
        cited = Cited(line, path, number, line)
        if match := INCLUDE.match(line):
            _read(
                tree,
                posixpath.normpath(posixpath.join(folder, match.group(1))),
                listed,
                constraint=constraint,
            )
        elif match := CONSTRAINT.match(line):
            _read(tree, posixpath.normpath(posixpath.join(folder, match.group(1))), listed, constraint=True)
        elif constraint:
            requirement = parse(OPTION_TAIL.sub("", line))
            if requirement is not None and not requirement.url:
                listed.constraints.append(cited.with_value(str(requirement)))
        else:
            read_line(line, listed, cited)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line that says something, comments gone, continuations joined."""
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        whole = (pending + line).strip()
        if whole:
            yield start, whole
        pending, start = "", 0
