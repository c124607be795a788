"""C that maintainers make of Cython by hand: the build lists ``x.c``, the repository holds ``x.pyx`` alone.

Most call ``cythonize`` in ``setup.py``; some translate with a line of their Makefile or of continuous
integration before they build.  Which of both it is shows when a build lacks the file, so the commands are
read here, with the maintainers' options, and repairs try them.  Nothing is run here.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence

from envfactory.languages.python_rules.ci_workflows import Job
from envfactory.languages.python_rules.install import ENVIRONMENT
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.shell_words import calls

_LANGUAGE = re.compile(r"-[23]|--3str|-\+|--cplus")
_VALUED = frozenset({"-I", "--include-dir", "-X", "--directive"})
_HEADER = re.compile(r"\A(?:\s*#.*\n)*?\s*#\s*distutils:\s*language\s*=\s*c\+\+")


def translations(project: Project, jobs: Sequence[Job]) -> tuple[str, ...]:
    """A shell command, to be run in the project's folder, for every Cython module without its C."""
    options = _options(project, jobs)
    prefix = "" if project.directory == "." else f"{project.directory}/"
    found = []
    for path in sorted(project.tree.paths()):
        stem, suffix = posixpath.splitext(path)
        if suffix != ".pyx" or not path.startswith(prefix):
            continue
        said = _HEADER.match(project.tree.text(path) or "") is not None
        plus = said or not {"-+", "--cplus"}.isdisjoint(options)
        made = stem + (".cpp" if plus else ".c")
        if not project.tree.exists(made):
            words = [*options, *(["--cplus"] if said else []), "-o", made[len(prefix) :], path[len(prefix) :]]
            found.append(f"{ENVIRONMENT}/bin/python -m cython {shlex.join(words)}")
    return tuple(found)


def made_by(command: str) -> str:
    """The file that a command of ``translations`` makes."""
    words = shlex.split(command)
    return words[words.index("-o") + 1]


def _options(project: Project, jobs: Sequence[Job]) -> list[str]:
    """Language, directives and folders of the maintainers' first call of Cython; none: as Cython decides."""
    makefile = project.source("Makefile")
    scripts = [makefile.content] if makefile else []
    for script in (*scripts, *(step.script for job in jobs for step in job.steps)):
        for call in calls(script):
            words = [word.lstrip("@") for word in call.words]
            for position, word in enumerate(words):
                if word.lower() == "cython" and (position == 0 or words[position - 1] == "-m"):
                    return list(_kept(words[position + 1 :]))
    return []


def _kept(words: Sequence[str]) -> Iterator[str]:
    for position, word in enumerate(words):
        if _LANGUAGE.fullmatch(word):
            yield word
        elif word in _VALUED and position + 1 < len(words) and "$" not in words[position + 1]:
            yield from (word, words[position + 1])
