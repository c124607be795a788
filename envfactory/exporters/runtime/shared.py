"""The test runner's tables of files that it shares with the program, inside a bundle's grader.

The rules are those of ``envfactory/grader/protected.py`` in the syntax of Python 3.6 (a test compares
both).  Standard library only; reads and writes nothing.
"""

import re
from typing import Any, Dict, Optional, Tuple

try:
    import tomllib
except ImportError:  # before Python 3.11 the splice is not read back
    tomllib = None  # type: ignore[assignment]

RUNNER_TABLES = {
    "pyproject.toml": re.compile(r"tool\.pytest(\..+)?"),
    "setup.cfg": re.compile(r"(tool:)?pytest"),
    "tox.ini": re.compile(r"(tool:)?pytest"),
}
TOML_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_\-.\"' \t]+?)\s*\]\]?\s*(#.*)?$")
INI_HEADER = re.compile(r"\s*\[([^\]]*)\]\s*([#;].*)?$")


def splice(path, mine, gold):
    # type: (str, Optional[bytes], bytes) -> bytes
    """``mine`` with the runner's tables of ``gold``; ``gold`` itself where that cannot be done."""
    name = path.rpartition("/")[2]
    if mine is None or mine == gold or name not in RUNNER_TABLES:
        return gold
    try:
        own, theirs = mine.decode("utf-8"), gold.decode("utf-8")
    except UnicodeDecodeError:
        return gold
    toml = name.endswith(".toml")
    header = TOML_HEADER if toml else INI_HEADER
    rest, ours = parted(own, header, RUNNER_TABLES[name])
    _, wanted = parted(theirs, header, RUNNER_TABLES[name])
    joined = own if ours == wanted else rest + ("" if not rest or rest.endswith("\n") else "\n") + wanted
    if toml and tomllib is not None and pytest_table(joined) != pytest_table(theirs):
        return gold
    return joined.encode("utf-8")


def parted(text, header, runner):
    # type: (str, Any, Any) -> Tuple[str, str]
    """The text without the runner's tables, and those tables."""
    parts = {True: [], False: []}  # type: Dict[bool, Any]
    is_runner = False
    for line in text.splitlines(True):
        found = header.match(line)
        if found:
            is_runner = runner.fullmatch(plain(found.group(1))) is not None
        parts[is_runner].append(line)
    return "".join(parts[False]), "".join(parts[True])


def plain(name):
    # type: (str) -> str
    return ".".join(part.strip().strip("\"'").strip() for part in name.strip().split("."))


def pytest_table(text):
    # type: (str) -> Any
    try:
        tool = tomllib.loads(text).get("tool", {})
    except ValueError:
        return "unreadable"
    return tool.get("pytest") if isinstance(tool, dict) else "unreadable"
