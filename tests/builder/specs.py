"""Specs, sources and stand-ins that the builder's tests share."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from envfactory.builder.context import source_digest
from envfactory.git import Clone
from envfactory.records import EnvironmentSpec, Toolchain

TOOLCHAIN = Toolchain(
    name="python",
    version="3.11",
    full_version="3.11.7",
    executable="/opt/python/3.11/bin/python3.11",
    provider="host",
    image="envfactory/python:3.11-0123456789ab",
)


def spec(**changes: Any) -> EnvironmentSpec:
    """A small spec; any field may be given."""
    fields: dict[str, Any] = {
        "language": "python",
        "toolchain": TOOLCHAIN,
        "test_command": ("python", "-m", "pytest"),
        "cutoff": datetime(2020, 1, 1, tzinfo=UTC),
        "repo": "owner/name",
        "base_commit": "1" * 40,
        "source_digest": "2" * 64,
    }
    return EnvironmentSpec(**fields | changes)


def repository(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A git repository with two commits; the first holds ``files``."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false"]
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".git/info/attributes").write_text("* -text\n")
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    subprocess.run([*git, "tag", "v1.2.0"], check=True)
    (folder / "later.txt").write_text("the fix\n")
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "the fix"], check=True)
    return folder


def bundle(folder: Path, destination: Path, cache: Path) -> tuple[str, str, str]:
    """Write the source bundle of the first commit: its digest, base and head commit ids."""
    with Clone.open(folder, repo="owner/name", cache=cache) as clone:
        base = clone.git("rev-parse", f"{clone.head}~1").decode().strip()
        clone.source_bundle(
            clone.tree(base).id,
            tag=clone.nearest_tag(base),
            message="Initial commit\n",
            destination=destination,
        )
        return source_digest(destination), base, clone.head
