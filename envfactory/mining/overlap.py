"""Which tasks are also in a benchmark: by pull request, by base commit or by the change itself.

Rows are SWE-bench-shaped mappings of either side.  A repository that was renamed or transferred keeps its
commits, so the base commit finds what names miss; the normalised patch finds what was re-based or copied.
Pure: reads no file.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_NUMBER = re.compile(r"-(\d+)$")
_NAME = re.compile(r"(?P<owner>.+?)__(?P<name>.+)-\d+$")
_URL = re.compile(r"/(?P<repo>[\w.-]+/[\w.-]+)/pull/(?P<number>\d+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FILE = re.compile(r"^diff --git ", re.MULTILINE)
_LEAST = 40
"""Characters of changed code, blanks apart, below which two changes may be equal by chance."""
_NUMBERS = ("pull_number", "pr_number", "number")
_PATCHES = ("patch", "gold_patch", "fix_patch")

PULL_REQUEST, BASE_COMMIT, PATCH = "pull_request", "base_commit", "patch"


class Keys(NamedTuple):
    """What identifies one row; empty where the row does not tell."""

    instance_id: str
    pull_request: tuple[str, int] | None
    """(``owner/name`` in lower case, number)."""
    base_commit: str
    patch: frozenset[str]
    """Digest of each changed file's normalised change."""


class Match(NamedTuple):
    """One row of a benchmark that is the same task, and by what it was found."""

    benchmark: str
    instance_id: str
    by: tuple[str, ...]


class Benchmark:
    """The keys of one benchmark's rows, for looking up."""

    def __init__(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self.name = name
        self.keys = [keys(row) for row in rows]
        self._pulls: dict[tuple[str, int], list[int]] = defaultdict(list)
        self._commits: dict[str, list[int]] = defaultdict(list)
        self._files: dict[str, list[int]] = defaultdict(list)
        for position, key in enumerate(self.keys):
            if key.pull_request is not None:
                self._pulls[key.pull_request].append(position)
            if key.base_commit:
                self._commits[key.base_commit].append(position)
            for digest in key.patch:
                self._files[digest].append(position)

    def __len__(self) -> int:
        return len(self.keys)

    def usable(self) -> bool:
        """Has any row something to look for."""
        return bool(self._pulls or self._commits or self._files)

    def matches(self, row: Keys) -> list[Match]:
        """The rows that are the task of ``row``, in the benchmark's order."""
        by: dict[int, list[str]] = defaultdict(list)
        if row.pull_request is not None:
            for position in self._pulls.get(row.pull_request, ()):
                by[position].append(PULL_REQUEST)
        for position in self._commits.get(row.base_commit, ()) if row.base_commit else ():
            by[position].append(BASE_COMMIT)
        for position in self._same_patch(row.patch):
            by[position].append(PATCH)
        return [
            Match(self.name, self.keys[position].instance_id, tuple(by[position])) for position in sorted(by)
        ]

    def _same_patch(self, digests: frozenset[str]) -> set[int]:
        """Rows that change every file of ours in the same way; theirs may hold more (a changelog, say)."""
        found = [set(self._files.get(digest, ())) for digest in digests]
        return set.intersection(*found) if found else set()


def keys(row: Mapping[str, Any]) -> Keys:
    """Read the keys of a row of ours, of SWE-bench or of a relative of it."""
    instance_id = str(row.get("instance_id") or "")
    base = row.get("base_commit") or row.get("base_sha") or row.get("base") or ""
    if isinstance(base, Mapping):  # Multi-SWE-bench
        base = base.get("sha") or ""
    commit = str(base).strip().lower()
    text = next((str(row[name]) for name in _PATCHES if row.get(name)), "")
    return Keys(
        instance_id=instance_id,
        pull_request=_pull_request(row, instance_id),
        base_commit=commit if _COMMIT.fullmatch(commit) else "",
        patch=patch_digests(text),
    )


def patch_digests(patch: str) -> frozenset[str]:
    """sha256 of every file's normalised change; empty for a change too small to be recognised.

    Normalised are: no line numbers, no context, no object ids, no blanks, no blank lines; what stays is
    the path and the removed and added lines in order.
    """
    found, size = set(), 0
    for section in _FILE.split(patch if _FILE.search(patch) else f"diff --git {patch}")[1:]:
        path, lines = _changed(section)
        if lines:
            size += sum(len(line) - 1 for line in lines)
            found.add(hashlib.sha256("\n".join([path, *lines]).encode()).hexdigest())
    return frozenset(found) if size >= _LEAST else frozenset()


def _changed(section: str) -> tuple[str, list[str]]:
    """(path, changed lines without blanks) of one file's part of a patch."""
    path, lines, inside = "", [], False
    for line in section.split("\n"):
        if line.startswith("@@"):
            inside = True
        elif not inside and line.startswith(("--- ", "+++ ")):
            named = line[4:].split("\t")[0].strip().strip('"')
            path = path if named == "/dev/null" else re.sub(r"^[ab]/", "", named)
        elif inside and line.startswith(("+", "-")):
            bare = "".join(line[1:].split())
            lines += [line[0] + bare] if bare else []
    return path, lines


def _pull_request(row: Mapping[str, Any], instance_id: str) -> tuple[str, int] | None:
    named = _NAME.fullmatch(instance_id)
    repo = str(row.get("repo") or "")
    if "/" not in repo and row.get("org"):
        repo = f"{row['org']}/{repo}"
    if "/" not in repo and named:
        repo = f"{named['owner']}/{named['name']}"
    told = next((row[name] for name in _NUMBERS if str(row.get(name) or "").isdigit()), None)
    ending = _NUMBER.search(instance_id)
    if told is None and ending and named:
        told = ending[1]
    for name in ("pr_url", "pull_request_url", "html_url", "url"):
        found = _URL.search(str(row.get(name) or ""))
        if found and (told is None or not repo):
            repo, told = found["repo"], found["number"]
    return (repo.lower(), int(told)) if "/" in repo and told is not None else None
