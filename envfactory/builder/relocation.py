"""Copies an installed CPython so that it runs from another directory of another system.

A self-contained prefix (pyenv, python-build-standalone) is copied without what no task needs, its
libraries are found relative to themselves, and its old path is replaced in text files.  The original
is only read.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from envfactory.errors import BuildError, PrerequisiteError

KEPT_TESTS = ("__init__.py", "support")
"""Of ``test``: some projects' own tests import ``test.support``."""
DROPPED = frozenset({"__pycache__", "idlelib", "turtledemo", "idle_test"})
ELF = b"\x7fELF"


def relocate(prefix: Path, destination: Path, target: str) -> None:
    """Write to ``destination`` a copy of ``prefix`` that works once it stands at ``target`` (absolute)."""
    for part in ("bin", "include", "lib"):
        shutil.copytree(prefix / part, destination / part, symlinks=True, ignore=_ignored)
    for packages in destination.glob("lib/python3.*/site-packages"):
        packages.mkdir(exist_ok=True)
    libraries: dict[str, list[Path]] = {}
    for path in _files(destination):
        data = path.read_bytes()
        for old in {str(prefix), str(prefix.resolve())}:
            if old.encode() not in data:
                continue
            if data.startswith(ELF):
                origin = os.path.relpath(destination / "lib", path.parent)
                libraries.setdefault(f"$ORIGIN/{origin}", []).append(path)
                break
            if b"\0" not in data:
                data = data.replace(old.encode(), target.encode())
                path.write_bytes(data)
    for origin, paths in sorted(libraries.items()):
        _set_rpath(origin, paths)


def _ignored(directory: str, names: list[str]) -> set[str]:
    path = Path(directory)
    if path.name == "bin":
        return {name for name in names if not re.fullmatch(r"python[\d.]*m?(-config)?", name)}
    if path.name == "site-packages":
        return set(names)
    if path.name == "test" and re.fullmatch(r"python3\.\d+", path.parent.name):
        return set(names) - set(KEPT_TESTS)
    dropped = set(DROPPED & set(names))
    if not re.fullmatch(r"python3\.\d+", path.name):
        dropped |= {"test", "tests"} & set(names)
    return dropped | {name for name in names if name.endswith((".a", ".o"))}


def _files(root: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(root):
        for name in names:
            path = Path(directory, name)
            if not path.is_symlink():
                yield path


def _set_rpath(origin: str, paths: list[Path]) -> None:
    program = shutil.which("patchelf")
    if program is None:
        raise PrerequisiteError(
            "patchelf, which makes an interpreter of this machine relocatable, is not installed",
            hint="apt-get install patchelf",
        )
    for path in paths:
        path.chmod(path.stat().st_mode | 0o200)
    done = subprocess.run(
        [program, "--set-rpath", origin, *map(str, sorted(paths))],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(
            f"patchelf: {done.stderr.strip()[:300]}", cause="patchelf_failed", log=done.stderr[-4000:]
        )
