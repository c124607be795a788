"""A git directory of our own that reads a user's objects and never writes into the user's clone.

    <cache>/git/<digest of the clone's path>/
      HEAD config          minimal: none of the clone's configuration, hooks or attributes is in force
      packed-refs shallow  copied from the clone each time that it is opened
      objects/             what we make (folded trees, root commits)
      objects/info/alternates      the clone's objects, and those of fetched submodules

Because the view has no remote, a partial clone's missing blobs are simply missing: nothing is ever
fetched behind our back.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from filelock import FileLock

from envfactory.errors import CloneError
from envfactory.git.process import run


def open_view(git_dir: Path, common_dir: Path, cache: Path) -> Path:
    """Make or refresh the view of the repository whose git directory is given; returns its path."""
    objects = _ask(git_dir, "rev-parse", "--git-path", "objects")
    source = (git_dir / objects).resolve() if not Path(objects).is_absolute() else Path(objects)
    if not source.is_dir():
        source = common_dir / "objects"
    view = cache / "git" / hashlib.sha256(os.fsencode(source)).hexdigest()[:24]
    references = _packed_refs(git_dir)
    shallow = common_dir / "shallow"
    (view / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (view / "refs").mkdir(exist_ok=True)
    with FileLock(view / "envfactory.lock"):
        _write(view / "config", _config(_ask(git_dir, "rev-parse", "--show-object-format")))
        _write(view / "packed-refs", references)
        _write(view / "shallow", shallow.read_bytes() if shallow.is_file() else b"")
        _write(view / "HEAD", b"ref: refs/heads/envfactory-no-such-branch\n")
    add_objects(view, source)
    return view


def add_objects(view: Path, objects: Path) -> bool:
    """Let ``view`` read another object directory too; true when it could not before."""
    if "\n" in str(objects) or str(objects).startswith("#"):
        raise CloneError(f"git cannot name the directory {str(objects)!r}", cause="clone_path_unusable")
    alternates = view / "objects" / "info" / "alternates"
    line = _quoted(str(objects))
    with FileLock(view / "envfactory.lock"):
        present = alternates.read_text().splitlines() if alternates.is_file() else []
        if line in present:
            return False
        _write(alternates, "".join(f"{item}\n" for item in [*present, line]).encode())
    return True


def _quoted(path: str) -> str:
    """A path as ``info/alternates`` wants it: C-quoted when it begins with a quote."""
    if not path.startswith('"'):
        return path
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _config(object_format: str) -> bytes:
    if object_format == "sha1":
        return b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
    return (
        b"[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
        b"[extensions]\n\tobjectformat = " + object_format.encode() + b"\n"
    )


def _packed_refs(git_dir: Path) -> bytes:
    """All references of the clone in the format of ``packed-refs``, peeled tags included."""
    form = "%(objectname) %(refname)%00%(*objectname)"
    lines = [b"# pack-refs with: peeled fully-peeled sorted \n"]
    listing = run(["for-each-ref", "--sort=refname", f"--format={form}"], git_dir=str(git_dir))
    for line in listing.splitlines():
        name, _, peeled = line.partition(b"\0")
        lines.append(name + b"\n")
        if peeled:
            lines.append(b"^" + peeled + b"\n")
    return b"".join(lines)


def _ask(git_dir: Path, *arguments: str) -> str:
    return os.fsdecode(run(arguments, git_dir=str(git_dir)).removesuffix(b"\n"))


def _write(path: Path, content: bytes) -> None:
    """Replace a file at once; leave it alone when it already holds this, and empty means absent."""
    if not content:
        path.unlink(missing_ok=True)
        return
    if path.is_file() and path.read_bytes() == content:
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)
