"""Which files of a project existed at a date: pure functions, no input or output.

A file is visible when it was uploaded at or before the cut-off.  Two exceptions, both named in what
is returned: build back-ends older than a floor cannot build with today's front ends, so they are
shown as of the floor; and a project whose files were all uploaded later (deleted and uploaded again)
is shown with its earliest files rather than not at all.
"""

from __future__ import annotations

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
FLOORS: Mapping[str, datetime] = {
    "flit-core": _PEP660_SETTLED,
    "poetry-core": _PEP660_SETTLED,
    "pip": _PEP517_SETTLED,
    "py": _PYTEST_3,  # pytest 3.0.7 needs a newer one than the world before summer 2015 has
    "pytest": _PYTEST_3,
    "setuptools": _PEP517_SETTLED,
    "wheel": _PEP517_SETTLED,
}
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
    return Dated(tuple(chosen), rules, warning)


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
