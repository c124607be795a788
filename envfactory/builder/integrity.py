"""Proves that an image's ``/testbed`` holds one commit and nothing that came later.

The check runs git in a container of the finished image, without network.  It reports facts and names
violations; what to do about them is the caller's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from envfactory.errors import BuildError
from envfactory.records import Limits

if TYPE_CHECKING:
    from envfactory.engine import Engine

SECONDS = 300.0
_SCRIPT = r"""
cd /testbed
section() { printf '\036%s\037' "$1"; }
section head; git rev-parse HEAD
section refs; git for-each-ref --format='%(refname) %(objectname)'
section commits; git rev-list --all HEAD
section commits_present; git cat-file --batch-all-objects --batch-check='%(objecttype) %(objectname)' \
    | sed -n 's/^commit //p'
section remotes; git remote
section reflogs; find .git/logs -type f 2>/dev/null
section stashed_heads; find .git -maxdepth 1 -name '*_HEAD'
section unreachable; git fsck --full --unreachable --no-reflogs --no-progress 2>&1 | head -n 20
section alternates; cat .git/objects/info/alternates 2>/dev/null
section status; git status --porcelain --untracked-files=normal | head -n 20
section foreign; for id in "$@"; do git cat-file -e "$id" 2>/dev/null && echo "$id"; done
section packs; find .git/objects/pack -name '*.pack' | wc -l
section git_kilobytes; du -sk .git | cut -f1
section end; echo reached
"""
_EMPTY = (
    "remotes",
    "reflogs",
    "stashed_heads",
    "unreachable",
    "alternates",
    "status",
    "foreign",
)
"""Sections of which every line is a violation."""


def check_integrity(engine: Engine, image: str, *, forbidden: Sequence[str]) -> dict[str, Any]:
    """Facts about the repository in ``image``; ``violations`` is empty when the image is sound.

    ``forbidden`` are ids of commits (head, merge) that must not be present in any form.
    """
    with engine.container(image, limits=Limits(), name_hint="integrity") as container:
        result = container.exec(["bash", "-c", _SCRIPT, "integrity", *forbidden], timeout=SECONDS)
    sections = _sections(result.stdout)
    if "reached" not in sections.get("end", ()):
        raise BuildError(
            "the git check of the image did not end", cause="integrity_unknown", log=result.stderr[-4000:]
        )
    return _report(sections)


def require_integrity(report: Mapping[str, Any]) -> None:
    """``BuildError(cause="integrity")`` when the report names a violation."""
    if report["violations"]:
        raise BuildError(
            "the repository in the image is not as it must be: " + "; ".join(report["violations"]),
            cause="integrity",
        )


def _sections(output: str) -> dict[str, list[str]]:
    parts = [part.partition("\x1f") for part in output.split("\x1e")[1:]]
    return {name: [line for line in text.splitlines() if line] for name, _, text in parts}


def _report(sections: Mapping[str, list[str]]) -> dict[str, Any]:
    violations = [f"{name}: {line}" for name in _EMPTY for line in sections[name]]
    for name in ("commits", "commits_present"):
        if sections[name] != sections["head"]:
            violations.append(f"{name}: {len(sections[name])} instead of the one root commit")
    return {
        "head": "".join(sections["head"]),
        "refs": [line.split()[0] for line in sections["refs"]],
        "commits": len(sections["commits_present"]),
        "remotes": sections["remotes"],
        "unreachable": sections["unreachable"],
        "packs": int("".join(sections["packs"])),
        "violations": violations,
    }
