"""Unified diffs in git's form, made from texts.  Knows no attack."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable

from envfactory.attacks.attack import Target


def adding(path: str, text: str, mode: str = "100644") -> str:
    """A diff that creates ``path``; for a link (``120000``) ``text`` is its target."""
    lines = text.splitlines()
    head = f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
    body = "".join(f"+{line}\n" for line in lines)
    end = "" if text.endswith("\n") else "\\ No newline at end of file\n"
    return f"{head}@@ -0,0 +1,{len(lines)} @@\n{body}{end}"


def deleting(path: str, content: bytes, mode: str = "100644") -> str:
    """A diff that removes ``path``."""
    head = f"diff --git a/{path} b/{path}\ndeleted file mode {mode}\n--- a/{path}\n+++ /dev/null\n"
    return head + hunks(_text(content), "")


def changing(path: str, old: bytes, new: str) -> str:
    """A diff from ``old`` to ``new``."""
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n" + hunks(_text(old), new)


def renaming(old: str, new: str) -> str:
    """A diff that moves a file as it is."""
    return f"diff --git a/{old} b/{new}\nsimilarity index 100%\nrename from {old}\nrename to {new}\n"


def appending(target: Target, code: str) -> str | None:
    """A diff that adds ``code`` at the end of every Python file that the gold patch changes."""
    parts = []
    for path in target.sources:
        if path.endswith(".py") and not path.endswith("setup.py"):
            old = target.files[path]
            text = _text(old)
            glue = "" if not text or text.endswith("\n") else "\n"
            parts.append(changing(path, old, f"{text}{glue}\n\n{code}"))
    return "".join(parts) or None


def known(target: Target, code: str) -> str:
    """``code`` with the ids that must pass in place of ``IDS`` and their functions' names of ``NAMES``."""
    names = sorted({name.split("[")[0].rpartition("::")[2] for name in target.required})
    return code.replace("IDS", f"set({json.dumps(list(target.required))})").replace(
        "NAMES", f"set({json.dumps(names)})"
    )


def joined(parts: Iterable[str | None]) -> str | None:
    """Several diffs as one; ``None`` if there is none."""
    return "".join(part for part in parts if part) or None


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def hunks(old: str, new: str, context: int = 3) -> str:
    """The body of a diff from ``old`` to ``new`` with so many lines of context."""
    before, after = by_newline(old), by_newline(new)
    found = list(difflib.unified_diff(before, after, n=context))[2:]
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found
    )


def by_newline(text: str) -> list[str]:
    """Lines as git counts them: only a newline ends one."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
