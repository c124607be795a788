"""Differences of two trees: as a list of changes and as a patch that ``git apply`` reproduces exactly.

Whatever a user's configuration or a repository's ``.gitattributes`` say about diffs is overruled, so
that one pair of trees has one patch.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from envfactory.errors import CloneError
from envfactory.git.objects import Objects
from envfactory.git.process import run
from envfactory.git.records import ABSENT, GITLINK, Change

_EMPTY_TREES = {40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904"}
_SNIFFED = 8000
"""Git calls a file binary when there is a NUL within its first 8000 bytes (``xdiff-interface.c``)."""


def changes(view: Path, base: str, after: str) -> list[Change]:
    """Every path that differs, in git's order; renames are a removal and an addition."""
    raw = run(
        ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", base, after], git_dir=str(view)
    )
    fields = raw.split(b"\0")
    found = []
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old_id, new_id, status = head.decode().lstrip(":").split(" ")
        found.append(Change(os.fsdecode(path), status[0], old_mode, new_mode, old_id, new_id))
    return found


def patch(view: Path, objects: Objects, base: str, after: str) -> bytes:
    """``git diff --binary --full-index`` of two trees, always valid UTF-8.

    Text that is not UTF-8 is written as a binary hunk, since a patch has to travel as a JSON string.
    """
    whole = _whole_headers(_diff(view, base, after, ()))
    if _decodes(whole):
        return whole
    odd = [change.path for change in changes(view, base, after) if _odd(objects, change)]
    whole = _whole_headers(_diff(view, base, after, odd))
    if not _decodes(whole):
        raise CloneError("a path of this change is not UTF-8", cause="path_not_utf8")
    return whole


def _diff(view: Path, base: str, after: str, as_binary: Sequence[str]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="diff-", dir=view) as scratch:
        attributes = Path(scratch) / "attributes"
        attributes.write_bytes(b"".join(_pattern(path) + b" -diff\n" for path in as_binary))
        settings = ["-c", f"core.attributesFile={attributes}"]
        if len(base) in _EMPTY_TREES:
            settings += ["-c", f"attr.tree={_EMPTY_TREES[len(base)]}"]
        options = [
            "--binary --full-index --no-renames --no-ext-diff --no-textconv --no-color --no-relative -r -p",
            "--src-prefix=a/ --dst-prefix=b/ --unified=3 --inter-hunk-context=0 --diff-algorithm=myers",
            "--indent-heuristic --ignore-submodules=none --submodule=short -O/dev/null",
        ]
        flags = " ".join(options).split()
        return run([*settings, "diff-tree", *flags, base, after], git_dir=str(view))


def _whole_headers(text: bytes) -> bytes:
    """Hunk headers end in up to 80 *bytes* of context; drop a character that this cut in half."""
    if _decodes(text):
        return text
    lines = text.split(b"\n")
    return b"\n".join(
        line.decode(errors="ignore").encode() if line.startswith(b"@@ -") else line for line in lines
    )


def _pattern(path: str) -> bytes:
    """A gitattributes pattern for exactly this path, C-quoted."""
    escaped = "".join(f"\\{character}" if character in "\\*?[" else character for character in path)
    quoted = b"".join(
        b"\\%03o" % byte if byte < 32 or byte in b'"\\' or byte > 126 else bytes([byte])
        for byte in os.fsencode("/" + escaped)
    )
    return b'"' + quoted + b'"'


def _odd(objects: Objects, change: Change) -> bool:
    """Text, as git sees it, that is not UTF-8, on either side."""
    sides: Iterable[tuple[str, str]] = ((change.old_mode, change.old_id), (change.new_mode, change.new_id))
    for mode, name in sides:
        if mode not in {ABSENT, GITLINK}:
            content = objects.content(name) or b""
            if b"\0" not in content[:_SNIFFED] and not _decodes(content):
                return True
    return False


def _decodes(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
