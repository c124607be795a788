"""Which paths of a patch are protected, by glob patterns.

    conftest.py      no slash: any file of that name, or any file below a folder of that name
    tests/*.py       with a slash: the whole path; ``*`` also matches ``/``
    **/fixtures/*    a leading ``**/`` matches at the root, too
    /setup.cfg       a leading ``/``: the whole path, from the root
    !/docs/conftest.py  never protected, whatever else says so

Pure functions; nothing is read or changed here.  Standard library only, Python 3.6 syntax: this file is
shipped verbatim in every bundle.
"""

# ruff: noqa: UP006, UP035
import re
from fnmatch import fnmatchcase
from typing import Any, Iterable, List, Sequence, Tuple

NEVER_PATCHED = ("__pycache__", "*.pyc", "*.pyo")
"""Compiled files that an interpreter loads in place of their source, in every language's tasks."""

_RENAME = re.compile(r"^(?:rename|copy) (from|to) (.+?)\r?$", re.MULTILINE)
_OCTAL = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"v": b"\v", b"f": b"\f"}


def is_protected(path: str, patterns: Iterable[str]) -> bool:
    """Whether a graded patch must leave ``path`` alone."""
    protected = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if _matches(path, pattern[1:]):
                return False
        elif not protected:
            protected = _matches(path, pattern)
    return protected


def _matches(path: str, pattern: str) -> bool:
    if pattern.endswith("/**"):
        pattern = pattern[:-1]
    if pattern.startswith("/"):
        return fnmatchcase(path, pattern[1:])
    if "/" not in pattern:
        return any(fnmatchcase(part, pattern) for part in path.split("/"))
    if pattern.startswith("**/") and _matches(path, pattern[3:]):
        return True
    return fnmatchcase(path, pattern)


def exactly(path: str) -> str:
    """The pattern that matches ``path`` and nothing else."""
    return "/" + re.sub(r"([*?[])", r"[\1]", path)


def dropped_paths(touched: Sequence[str], patch: str, patterns: Sequence[str]) -> Tuple[str, ...]:
    """Those of ``touched`` (as git names them, new names of renames) that must not be applied."""
    sources = dict(_renames(patch))
    return tuple(
        path
        for path in touched
        if is_protected(path, patterns) or (path in sources and is_protected(sources[path], patterns))
    )


def _renames(patch: str) -> Iterable[Tuple[str, str]]:
    """(new name, old name) of every rename and copy in the patch's extended headers."""
    source = ""
    for side, name in _RENAME.findall(patch):
        if side == "from":
            source = unquoted(name)
        elif source:
            yield unquoted(name), source
            source = ""


def unquoted(name: str) -> str:
    """Undo git's C-style quoting of a path."""
    if not (len(name) > 1 and name.startswith('"') and name.endswith('"')):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape")
    return _OCTAL.sub(_unescape, raw).decode("utf-8", "surrogateescape")


def _unescape(found: Any) -> bytes:
    code: bytes = found.group(1)
    return bytes([int(code, 8) & 255]) if len(code) == 3 else _ESCAPES.get(code, code)


def exclusions(paths: Iterable[str]) -> List[str]:
    """Options of ``git apply`` that leave out exactly ``paths``."""
    return ["--exclude=" + re.sub(r"([*?\[\\])", r"\\\1", path) for path in paths]
