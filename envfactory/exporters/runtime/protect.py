"""Protected paths inside a bundle's grader: the patch's changes to them do not count.

The rules are those of ``envfactory/trials/protection.py`` in the syntax of Python 3.6 (a test compares
both).  Standard library only; runs git in the directory it is given and nothing else.
"""

import os
import re
import subprocess
from fnmatch import fnmatchcase
from typing import Any, Dict, List, Tuple

RENAME = re.compile(r"^(?:rename|copy) (from|to) (.+?)\r?$", re.MULTILINE)
QUOTED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"v": b"\v", b"f": b"\f"}
GIT = ["git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]


def is_protected(path, patterns):
    # type: (str, List[str]) -> bool
    """Whether a graded patch must leave ``path`` alone; ``!pattern`` makes exceptions."""
    if any(pattern.startswith("!") and matches(path, pattern[1:]) for pattern in patterns):
        return False
    return any(matches(path, pattern) for pattern in patterns if not pattern.startswith("!"))


def matches(path, pattern):
    # type: (str, str) -> bool
    if pattern.endswith("/**"):
        pattern = pattern[:-1]
    if pattern.startswith("/"):
        return fnmatchcase(path, pattern[1:])
    if "/" not in pattern:
        return any(fnmatchcase(part, pattern) for part in path.split("/"))
    if pattern.startswith("**/") and matches(path, pattern[3:]):
        return True
    return fnmatchcase(path, pattern)


def dropped_paths(touched, patch, patterns):
    # type: (List[str], str, List[str]) -> List[str]
    """Those of ``touched`` that must not be applied."""
    sources = renames(patch)
    return [
        path
        for path in touched
        if is_protected(path, patterns) or (path in sources and is_protected(sources[path], patterns))
    ]


def renames(patch):
    # type: (str) -> Dict[str, str]
    """New name -> old name of every rename and copy."""
    found = {}  # type: Dict[str, str]
    source = ""
    for side, name in RENAME.findall(patch):
        if side == "from":
            source = unquoted(name)
        elif source:
            found[unquoted(name)] = source
            source = ""
    return found


def unquoted(name):
    # type: (str) -> str
    """Undo git's C-style quoting of a path."""
    if not (len(name) > 1 and name.startswith('"') and name.endswith('"')):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape")
    return QUOTED.sub(_unescape, raw).decode("utf-8", "surrogateescape")


def _unescape(found):
    # type: (Any) -> bytes
    code = found.group(1)
    return bytes([int(code, 8) & 255]) if len(code) == 3 else bytes(ESCAPES.get(code, code))


# -- acting on a work tree -----------------------------------------------------------------------


def apply(testbed, path, patterns):
    # type: (str, str, List[str]) -> Tuple[List[str], List[str]]
    """Apply the patch file but for protected paths; (touched, left out).  Raises ``CalledProcessError``."""
    with open(path, "rb") as file:
        patch = file.read().decode("utf-8", "surrogateescape")
    listed = git(testbed, "apply", "--numstat", "-z", path)
    touched = [entry.split("\t", 2)[2] for entry in listed.split("\0") if entry.count("\t") >= 2]
    left_out = dropped_paths(touched, patch, patterns)
    exclude = ["--exclude=" + re.sub(r"([*?\[\\])", r"\\\1", name) for name in left_out]
    if len(left_out) < len(touched):
        git(testbed, "apply", "--whitespace=nowarn", *exclude, path)
    return touched, left_out


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
    extra = git(testbed, "ls-files", "-o", "-z", "--exclude-standard").split("\0")
    ignored = git(testbed, "ls-files", "-o", "-z", "-i", "--exclude-standard").split("\0")
    new = [path for path in extra if path and path not in held and is_protected(path, patterns)]
    new += [path for path in ignored if path and named(path, names) and is_protected(path, patterns)]
    for path in new:
        remove(os.path.join(testbed, path))
    return changed, sorted(set(restored + new))


def named(path, names):
    # type: (str, List[str]) -> bool
    """Whether a pattern is for this very file, not for a folder above it."""
    return any(
        fnmatchcase(path if name.startswith("/") else os.path.basename(path), name.lstrip("/"))
        for name in names
    )


def remove(path):
    # type: (str) -> None
    """One file or link; a folder in its place is the agent's and goes with all that is in it."""
    if os.path.isdir(path) and not os.path.islink(path):
        for folder, folders, files in os.walk(path, topdown=False):
            for name in files:
                os.unlink(os.path.join(folder, name))
            for name in folders:
                inner = os.path.join(folder, name)
                (os.unlink if os.path.islink(inner) else os.rmdir)(inner)
        os.rmdir(path)
    elif os.path.lexists(path):
        os.unlink(path)


def git(testbed, *args):
    # type: (str, *str) -> str
    done = subprocess.run(
        GIT + list(args), cwd=testbed, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    return done.stdout.decode("utf-8", "surrogateescape")
