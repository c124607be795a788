"""Finds a docker command line that can build with BuildKit; the SDK for Python cannot.

Clients since 23 need the buildx plugin for BuildKit, older ones carry it.  Machines often have
several clients, so every one on PATH and in the usual folders is asked.  Never builds anything.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

USUAL_FOLDERS = ("/usr/bin", "/usr/local/bin", "/bin", "/snap/bin", "/opt/homebrew/bin", "/opt/docker/bin")
EMBEDDED_BUILDKIT_BELOW = 23


@dataclass(frozen=True)
class Builder:
    """A command that builds with BuildKit: ``argv`` up to and with ``build``, and what it needs set."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    name: str


@cache
def find_builder() -> Builder | None:
    """The best builder of this machine, asked once per process; ``None`` when there is none."""
    found_clients = list(clients())
    for path in found_clients:
        version = _answer(path, "buildx", "version")
        if version:
            found = re.search(r"v?(\d+\.\d+[\w.+-]*)", version.partition(" ")[2])
            name = f"buildx {found.group(1) if found else version} via {path}"
            return Builder((str(path), "buildx", "build", "--load"), (), name)
    for path in found_clients:
        found = re.search(r"version (\d+)\.([\w.+~-]+)", _answer(path, "--version"))
        if found and int(found.group(1)) < EMBEDDED_BUILDKIT_BELOW:
            name = f"DOCKER_BUILDKIT via {path} {found.group(1)}.{found.group(2)}"
            return Builder((str(path), "build"), (("DOCKER_BUILDKIT", "1"),), name)
    return None


def clients() -> Iterator[Path]:
    """Every docker command of this machine, those on PATH first."""
    """Every docker command line of this machine, those on PATH first."""
    seen: set[Path] = set()
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), *USUAL_FOLDERS]:
        path = Path(folder or ".") / "docker"
        if path.is_file() and os.access(path, os.X_OK) and path.resolve() not in seen:
            seen.add(path.resolve())
            yield path


def _answer(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [path, *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
