"""Writes one tree as a ``git bundle`` with a single root commit, byte for byte the same every time.

The bundle is what ``/testbed`` is cloned from: it holds that commit's objects and nothing else, so no
later commit can be in an image by accident.  Nothing is reused from existing packs, whose layout
differs from clone to clone.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from envfactory.git.process import run

NAME = "envfactory"
EMAIL = "envfactory@localhost"
DATE = "2000-01-01T00:00:00 +0000"
BRANCH = "refs/heads/main"


def write_bundle(view: Path, tree: str, tag: str | None, message: str, destination: Path) -> str:
    """Write the bundle (whole or not at all) and return the id of its commit."""
    commit = root_commit(view, tree, message)
    names = run(["rev-list", "--objects", commit], git_dir=str(view))
    objects = b"".join(line + b"\n" for line in names.splitlines())
    options = "--stdout --quiet --threads=1 --no-reuse-delta --no-reuse-object --window=10 --depth=50"
    settings = ["-c", "pack.compression=6", "-c", "core.bigFileThreshold=512m", "-c", "pack.useSparse=false"]
    references = [BRANCH, *([f"refs/tags/{tag}"] if tag else []), "HEAD"]
    header = "# v2 git bundle\n" if len(commit) == 40 else "# v3 git bundle\n@object-format=sha256\n"
    header += "".join(f"{commit} {name}\n" for name in sorted(references)) + "\n"
    pack = run([*settings, "pack-objects", *options.split()], git_dir=str(view), stdin=objects)
    destination.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=destination.parent, prefix=f".{destination.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(header.encode())
        file.write(pack)
    Path(name).chmod(0o644)
    Path(name).replace(destination)
    return commit


def root_commit(view: Path, tree: str, message: str) -> str:
    """A parentless commit of ``tree`` by a fixed author at a fixed date."""
    people = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", NAME), ("EMAIL", EMAIL), ("DATE", DATE))
    }
    settings = ["-c", "i18n.commitEncoding=UTF-8", "-c", "commit.gpgSign=false"]
    return (
        run([*settings, "commit-tree", tree], git_dir=str(view), stdin=message.encode(), env=people)
        .decode()
        .strip()
    )
