"""Which files of a project existed at a date: pure functions, no input or output.

A file is visible when it was uploaded at or before the cut-off.  Three exceptions, all named in what
is returned: build back-ends older than a floor cannot build with today's front ends, and some projects
older than one cannot be imported by any interpreter that environments have, so they are shown as of the
floor; a project whose files were all uploaded later (deleted and uploaded again) is shown with its
earliest files rather than not at all; and to worlds older than the oldest interpreter that environments
have, projects in C show the first version that was compiled for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from envfactory.timemachine.facts import File, Rule

_PEP517_SETTLED = datetime(2019, 12, 15, tzinfo=UTC)
"""setuptools before 40.8 lacks ``build_meta:__legacy__``; 42.0 is what builds old projects and still
has ``Feature`` and ``use_2to3`` for those of them that need these."""
_PEP660_SETTLED = datetime(2022, 3, 15, tzinfo=UTC)
"""flit-core 3.7 and poetry-core 1.0.8: the first that install in place; both still run on 3.6."""
_PYTEST_3 = datetime(2017, 3, 15, tzinfo=UTC)
"""pytest 3.0.7: the first line with the options and hooks that our collector needs, settled on Python 3.6."""
_DJANGO_1_8 = datetime(2015, 4, 5, tzinfo=UTC)
_SOUP_4_4 = datetime(2015, 7, 5, tzinfo=UTC)
"""The first that can be imported without ``html.parser.HTMLParseError``, which Python 3.5 removed
(https://docs.python.org/3.5/whatsnew/3.5.html#removed)."""
FLOORS: Mapping[str, datetime] = {
    "beautifulsoup4": _SOUP_4_4,
    "django": _DJANGO_1_8,
    "flit-core": _PEP660_SETTLED,
    "poetry-core": _PEP660_SETTLED,
    "pip": _PEP517_SETTLED,
    "py": _PYTEST_3,  # pytest 3.0.7 needs a newer one than the world before summer 2015 has
    "pytest": _PYTEST_3,
    "setuptools": _PEP517_SETTLED,
    "wheel": _PEP517_SETTLED,
}
_FIRST_WHEEL = re.compile(r"-(?:cp36-cp36m|cp3[2-6]-abi3)-manylinux\w+\.whl$")
_FIRST_WHEELS_UNTIL = datetime(2017, 8, 1, tzinfo=UTC)
"""Python 3.6 came in December 2016, and wheels of most projects in C within seven months.  What numpy, scipy
or cryptography released before compiles neither with it nor with a C library or OpenSSL of today."""
REUPLOAD_WINDOW = timedelta(days=7)
"""Who uploads a project again does all its versions within days."""


@dataclass(frozen=True)
class Dated:
    """The visible files and the rule that each of them is there by."""

    files: tuple[File, ...]
    rules: Mapping[str, Rule]
    """File name -> why it is there although not known to be older; files not named are there by date."""
    warning: str = ""

    def rule(self, filename: str) -> Rule:
        """The rule that a file is there by."""
        return self.rules.get(filename, "dated")


def effective_cutoff(project: str, cutoff: datetime) -> datetime:
    """The cut-off, not below the project's floor."""
    return max(cutoff, FLOORS.get(project, cutoff))


def visible(
    project: str, files: Sequence[File], cutoff: datetime, floors: Mapping[str, datetime] = FLOORS
) -> Dated:
    """The files of ``project`` as of ``cutoff``, or as of its floor where that is later."""
    limit = max(cutoff, floors.get(project, cutoff))
    dated = [file for file in files if file.upload_time is not None]
    chosen = [file for file in dated if _uploaded(file) <= limit]
    rules: dict[str, Rule] = {file.filename: "floor" for file in chosen if _uploaded(file) > cutoff}
    warning = ""
    missing = len(files) - len(dated)
    if missing:
        warning = f"{project}: {missing} of {len(files)} files without upload time, left out"
    if not chosen and dated:
        first = min(map(_uploaded, dated))
        chosen = [file for file in dated if _uploaded(file) <= first + REUPLOAD_WINDOW]
        rules = {file.filename: "earliest" for file in chosen}
        warning = (
            f"{project}: no file before {cutoff:%Y-%m-%d}, the earliest is of {first:%Y-%m-%d} and is shown"
        )
    for file in _first_wheels(dated, limit):
        if file not in chosen:
            chosen.append(file)
            rules[file.filename] = "wheel"
            warning = (
                f"{project}: {file.version} is of {_uploaded(file):%Y-%m-%d}, the first with wheels here"
            )
    return Dated(tuple(chosen), rules, warning)


def _first_wheels(files: Sequence[File], limit: datetime) -> list[File]:
    """All files of the first version with wheels for the oldest interpreter, if ``limit`` has none."""
    wheels = [file for file in files if _FIRST_WHEEL.search(file.filename)]
    first = min(wheels, key=_uploaded, default=None)
    if first is None or not limit < _uploaded(first) < _FIRST_WHEELS_UNTIL:
        return []
    known = _uploaded(first) + REUPLOAD_WINDOW
    return [file for file in files if file.version == first.version and _uploaded(file) <= known]


def undated(project: str, files: Sequence[File], reason: str) -> Dated:
    """All files, for a project whose dates cannot be believed: better too many than the wrong ones."""
    rules: dict[str, Rule] = {file.filename: "undated" for file in files}
    return Dated(tuple(files), rules, f"{project}: {reason}; all {len(files)} versions are shown")


def usable(files: Sequence[File], interpreter: str) -> list[File]:
    """Those that allow ``interpreter``, for clients too old to look at that themselves."""
    return [file for file in files if _allows(file.requires_python, interpreter)]


def _allows(requires_python: str, interpreter: str) -> bool:
    try:
        return SpecifierSet(requires_python).contains(interpreter, prereleases=True)
    except InvalidSpecifier:
        return True


def _uploaded(file: File) -> datetime:
    if file.upload_time is None:
        raise ValueError(f"{file.filename} has no upload time")
    return file.upload_time
