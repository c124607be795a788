"""The test runner's part of files that it shares with the program: kept as it was in the gold run.

``pyproject.toml`` and the like hold dependencies, which a patch may change, beside the runner's options,
which it may not.  ``splice`` puts the gold run's tables into the patch's file.  Whole files and
folders are protected by pattern, see ``envfactory.trials.protection``.  Nothing is read or written here.
Standard library only, Python 3.6 syntax: this file is shipped verbatim in every bundle.
"""

# ruff: noqa: UP006, UP035, UP045
import re
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Pattern, Tuple

try:
    import tomllib
except ImportError:  # in a bundle, before Python 3.11: there a splice is not read back
    tomllib = None  # type: ignore[assignment]

RUNNER_TABLES: Mapping[str, Pattern[str]] = {
    "pyproject.toml": re.compile(r"tool\.pytest(\..+)?"),
    "setup.cfg": re.compile(r"(tool:)?pytest"),
    "tox.ini": re.compile(r"(tool:)?pytest"),
}
"""Name of a shared file -> names of its tables that belong to the runner (pytest's documentation,
"Configuration file formats")."""

_TOML_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_\-.\"' \t]+?)\s*\]\]?\s*(#.*)?$")
_INI_HEADER = re.compile(r"\s*\[([^\]]*)\]\s*([#;].*)?$")


def is_shared(path: str) -> bool:
    """Whether files of this name belong to program and runner both."""
    return path.rpartition("/")[2] in RUNNER_TABLES


def splice(path: str, mine: Optional[bytes], gold: bytes) -> bytes:
    """``mine`` with the runner's tables of ``gold``; ``gold`` itself where that cannot be done."""
    if mine is None or mine == gold:
        return gold
    name = path.rpartition("/")[2]
    own, theirs = _text(mine), _text(gold)
    if own is None or theirs is None or name not in RUNNER_TABLES:
        return gold
    header = _TOML_HEADER if name.endswith(".toml") else _INI_HEADER
    rest, ours = _parted(own, header, RUNNER_TABLES[name])
    _, wanted = _parted(theirs, header, RUNNER_TABLES[name])
    joined = own if ours == wanted else _joined(rest, wanted)
    if name.endswith(".toml") and tomllib is not None and _pytest_table(joined) != _pytest_table(theirs):
        return gold
    return joined.encode("utf-8")


def _text(content: bytes) -> Optional[str]:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _parted(text: str, header: Pattern[str], runner: Pattern[str]) -> Tuple[str, str]:
    """The text without the runner's tables, and those tables."""
    parts: Dict[bool, List[str]] = {True: [], False: []}
    is_runner = False
    for line in text.splitlines(keepends=True):
        found = header.match(line)
        if found:
            is_runner = runner.fullmatch(_plain(found.group(1))) is not None
        parts[is_runner].append(line)
    return "".join(parts[False]), "".join(parts[True])


def _plain(name: str) -> str:
    return ".".join(part.strip().strip("\"'").strip() for part in name.strip().split("."))


def _joined(rest: str, tables: str) -> str:
    gap = "" if not rest or rest.endswith("\n") else "\n"
    return f"{rest}{gap}{tables}"


def _pytest_table(text: str) -> Any:
    try:
        tool = tomllib.loads(text).get("tool", {})
    except ValueError:
        return "unreadable"
    return tool.get("pytest") if isinstance(tool, dict) else "unreadable"


def shared_paths(exists: Callable[[str], bool], modules: Iterable[str]) -> List[str]:
    """Shared files that the runner may read for ``modules``: in their folders and all above."""
    folders = {""}
    for module in modules:
        parts = module.split("/")[:-1]
        folders |= {"/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1)}
    candidates = (f"{folder}{name}" for folder in sorted(folders) for name in RUNNER_TABLES)
    return [path for path in candidates if exists(path)]
