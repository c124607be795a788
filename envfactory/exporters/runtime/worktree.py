"""The repository inside a bundle's grader: the patch goes in, protected paths stay, files are placed.

Which paths are protected is said by ``protection.py`` beside it.  Standard library only, Python 3.6
syntax; runs git in the directory it is given, and never follows a symbolic link out of it.
"""

import os
import shutil
import subprocess
from fnmatch import fnmatchcase
from typing import FrozenSet, List, Optional, Sequence, Tuple

from protection import dropped_paths, exclusions, is_protected  # type: ignore[import-not-found]

GIT = ["git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]


def is_pristine(testbed, root):
    # type: (str, str) -> bool
    """Whether the tree is as the image holds it."""
    head = git(testbed, "rev-parse", "HEAD").strip()
    return head == root and not git(testbed, "status", "--porcelain").strip()


def apply(testbed, patch, patterns):
    # type: (str, bytes, Sequence[str]) -> Tuple[List[str], List[str]]
    """Apply a patch but for protected paths; (touched, left out).  Raises ``CalledProcessError``."""
    if not patch.endswith(b"\n"):
        patch += b"\n"
    options = ["--whitespace=nowarn", "-"]
    listed = git(testbed, "apply", "--numstat", "-z", *options, stdin=patch)
    touched = [entry.split("\t", 2)[2] for entry in listed.split("\0") if entry.count("\t") >= 2]
    left_out = dropped_paths(touched, patch.decode("utf-8", "surrogateescape"), patterns)
    git(testbed, "apply", *exclusions(left_out), *options, stdin=patch)
    return touched, list(left_out)


def restore(testbed, root, patterns):
    # type: (str, str, List[str]) -> Tuple[List[str], List[str]]
    """In a tree that was worked in: put protected paths back to commit ``root``; (changed, put back).

    Ignored files are removed only where a pattern names the file itself (``conftest.py``, ``*.pth``):
    those below a protected folder may be what the image was built with.
    """
    listed = git(testbed, "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", root)
    changed = [path for path in listed.split("\0") if path]
    restored = [path for path in changed if is_protected(path, patterns)]
    held = set(git(testbed, "ls-tree", "-r", "-z", "--name-only", "--full-tree", root).split("\0"))
    for path in restored:
        remove(os.path.join(testbed, path))
        if path in held:
            git(testbed, "checkout", "-f", root, "--", ":(literal)" + path)
    names = [pattern for pattern in patterns if "/" not in pattern.lstrip("/")]
    untold = git(testbed, "ls-files", "-o", "-z", "--exclude-standard").split("\0")
    extra = [path for path in untold if path and path not in held]
    ignored = git(testbed, "ls-files", "-o", "-z", "-i", "--exclude-standard").split("\0")
    new = [path for path in extra if is_protected(path, patterns)]
    new += [path for path in ignored if path and named(path, names) and is_protected(path, patterns)]
    for path in new:
        remove(os.path.join(testbed, path))
    return changed + extra, sorted(set(restored + new))


def named(path, names):
    # type: (str, List[str]) -> bool
    """Whether a pattern is for this very file, not for a folder above it."""
    return any(
        fnmatchcase(path if name.startswith("/") else os.path.basename(path), name.lstrip("/"))
        for name in names
    )


def untracked(testbed):
    # type: (str) -> FrozenSet[str]
    """Files that git does not hold, ignored ones too."""
    return frozenset(git(testbed, "ls-files", "-z", "--others").split("\0")) - {""}


def remove_planted(testbed, before, patterns):
    # type: (str, FrozenSet[str], List[str]) -> None
    """Remove what appeared at protected paths since ``untracked`` said ``before``."""
    for path in sorted(untracked(testbed) - before):
        if is_protected(path, patterns):
            remove(os.path.join(testbed, path))


def current(testbed, path, limit=1 << 20):
    # type: (str, str, int) -> Optional[bytes]
    """Content of a regular file of at most ``limit`` bytes; ``None`` for anything else."""
    whole = os.path.join(testbed, path)
    if os.path.islink(whole) or not os.path.isfile(whole) or os.path.getsize(whole) > limit:
        return None
    with open(whole, "rb") as file:
        return file.read()


def place(testbed, path, mode, data):
    # type: (str, str, str, Optional[bytes]) -> None
    """Put one file in place of whatever is there (``None``: nothing), never through a symbolic link."""
    clear_way(testbed, path)
    whole = os.path.join(testbed, path)
    if data is None:
        return
    if mode == "120000":
        os.symlink(data.decode("utf-8", "surrogateescape"), whole)
        return
    with open(whole, "wb") as file:
        file.write(data)
    os.chmod(whole, 0o755 if mode == "100755" else 0o644)


def clear_way(testbed, path):
    # type: (str, str) -> None
    """Remove what is at ``path``; make its parents real directories."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        parent = os.path.join(testbed, *parts[:depth])
        if os.path.islink(parent) or os.path.isfile(parent):
            os.unlink(parent)
        if not os.path.isdir(parent):
            os.mkdir(parent)
    remove(os.path.join(testbed, path))


def remove(path):
    # type: (str) -> None
    """One file or link; a folder in its place is the agent's and goes with all that is in it."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def git(testbed, *args, stdin=b""):
    # type: (str, *str, bytes) -> str
    """What git prints.  Raises ``CalledProcessError``."""
    done = subprocess.run(
        GIT + list(args), cwd=testbed, check=True, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    return done.stdout.decode("utf-8", "surrogateescape")
