"""Folds submodules into a tree as ordinary files, at the commits that the tree records.

Addresses come from a hostile file (``.gitmodules``), so only network addresses are followed, or
relative ones of a clone whose own origin is on the network.  They are fetched by ``git fetch``, which
applies the *user's* ``url.*.insteadOf``: that is how a local mirror serves them.  Never a recursive
clone, never a checkout, no hook, bounded in depth, number and time.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from pathlib import Path

from filelock import FileLock

from envfactory.errors import CloneError
from envfactory.git.process import run
from envfactory.git.records import GITLINK, Entry, FoldedTree
from envfactory.git.tree import parse_listing
from envfactory.git.view import add_objects

MAX_DEPTH = 4
MAX_SUBMODULES = 64
FETCH_SECONDS = 300.0
RETRY_SECONDS = 3600.0
"""An address that failed is not tried again for so long, unless git's configuration changes."""

_NETWORK = re.compile(r"(https?|ssh|git|git\+ssh)://[^/\s:@-][^\s]*|[\w.-]+@[\w.-]+:[^\s:][^\s]*", re.ASCII)


def address(url: str, origin: str) -> str | None:
    """The address to fetch from, or ``None`` when this one must not be followed.

    ``url`` is what ``.gitmodules`` says and ``origin`` where the superproject came from.
    """
    if url.startswith(("./", "../")):
        url = _joined(origin, url)
    return url if is_network(url) else None


def _joined(origin: str, url: str) -> str:
    """A relative address as git resolves it; '' when the origin is not on the network."""
    if not is_network(origin):
        return ""
    base, joint = origin.rstrip("/"), "/"
    while url.startswith(("./", "../")):
        step, _, url = url.partition("/")
        if step == "..":
            joint = "/" if "/" in base else ":"
            base = base.rpartition(joint)[0]
    return f"{base}{joint}{url}"


def is_network(url: str) -> bool:
    """True for http(s), ssh, git and ``user@host:path`` addresses without anything odd."""
    host = url.partition("://")[2] if "://" in url else url
    return _NETWORK.fullmatch(url) is not None and not host.startswith("-") and "::" not in url


class Submodules:
    """The submodules of one clone; remembers what it fetched and what it could not."""

    def __init__(self, view: Path, cache: Path, origin: str) -> None:
        self._view = view
        self._cache = cache / "submodules"
        self._origin = origin
        self._files: dict[tuple[str, str], dict[str, Entry] | str] = {}
        self._configured: str | None = None

    def fold(self, tree: str, entries: dict[str, Entry]) -> tuple[dict[str, Entry | None], FoldedTree]:
        """What to graft onto ``tree``, and the names of what was and was not folded."""
        grafts: dict[str, Entry | None] = {}
        folded: list[str] = []
        unreachable: list[str] = []
        waiting = [("", entries, self._origin, 0)]
        while waiting:
            prefix, files, origin, depth = waiting.pop()
            links = {path: entry.id for path, entry in files.items() if entry.mode == GITLINK}
            urls = self._urls(files) if links else {}
            for path, commit in links.items():
                grafts[prefix + path] = None
                url = address(urls.get(path, ""), origin)
                found = self._content(url, commit, len(folded) + len(unreachable), depth)
                if isinstance(found, str):
                    unreachable.append(f"{prefix}{path} ({found})")
                    continue
                folded.append(prefix + path)
                inner = f"{prefix}{path}/"
                grafts.update({inner + name: entry for name, entry in found.items()})
                if any(entry.mode == GITLINK for entry in found.values()):
                    waiting.append((inner, found, url or "", depth + 1))
        return grafts, FoldedTree(tree, tuple(sorted(folded)), tuple(sorted(unreachable)))

    def _urls(self, files: dict[str, Entry]) -> dict[str, str]:
        """Path -> url as ``.gitmodules`` of these files has it; git itself reads that file."""
        entry = files.get(".gitmodules")
        if entry is None:
            return {}
        listing = run(
            ["config", "--no-includes", "-z", f"--blob={entry.id}", "--list"],
            git_dir=str(self._view),
            check=False,
        )
        values: dict[str, dict[str, str]] = {}
        for item in os.fsdecode(listing).split("\0"):
            key, _, value = item.partition("\n")
            section, _, variable = key.rpartition(".")
            if section.startswith("submodule."):
                values.setdefault(section, {})[variable] = value
        return {
            item["path"].rstrip("/"): item["url"] for item in values.values() if {"path", "url"} <= set(item)
        }

    def _content(self, url: str | None, commit: str, number: int, depth: int) -> dict[str, Entry] | str:
        """Files of a submodule's commit, or why they cannot be had."""
        if url is None:
            return "no address that may be followed"
        if depth >= MAX_DEPTH or number >= MAX_SUBMODULES:
            return "nested too deep" if depth >= MAX_DEPTH else "too many submodules"
        if (url, commit) not in self._files:
            self._files[url, commit] = self._fetched(url, commit)
        return self._files[url, commit]

    def _fetched(self, url: str, commit: str) -> dict[str, Entry] | str:
        store = self._cache / hashlib.sha256(url.encode()).hexdigest()[:24]
        store.mkdir(parents=True, exist_ok=True)
        with FileLock(store / "envfactory.lock"):
            if not (store / "HEAD").is_file():
                run(["init", "--quiet", "--bare", "--template=", str(store)])
            reason = "" if _has(store, commit) else self._fetch(store, url, commit)
        if reason:
            return reason
        add_objects(self._view, store / "objects")
        return parse_listing(run(["ls-tree", "-r", "-z", "--full-tree", commit], git_dir=str(store)))

    def _fetch(self, store: Path, url: str, commit: str) -> str:
        """Fetch that commit alone, else everything; returns the reason when neither has it."""
        marker = store / "envfactory-unreachable"
        stamp = f"{self._configuration()} {commit}"
        if marker.is_file() and time.time() - marker.stat().st_mtime < RETRY_SECONDS:
            told, _, why = marker.read_text().partition("\n")
            if told == stamp:
                return why
        quiet = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance"]
        reason = "its commit is not there"
        for what in (["--depth=1", url, commit], [url, "+refs/*:refs/fetched/*"]):
            try:
                run([*quiet, *what], git_dir=str(store), timeout=FETCH_SECONDS)
            except CloneError as error:
                reason = "not reachable" if error.cause == "git_failed" else "fetching took too long"
            if _has(store, commit):
                return ""
        marker.write_text(f"{stamp}\n{reason}")
        return reason

    def _configuration(self) -> str:
        """Digest of what decides where an address leads."""
        if self._configured is None:
            rules = run(["config", "--get-regexp", "^(url|http|core.sshcommand)"], check=False)
            self._configured = hashlib.sha256(rules).hexdigest()[:16]
        return self._configured


def _has(store: Path, commit: str) -> bool:
    """True when the commit and its tree are in ``store``."""
    return run(["cat-file", "-t", f"{commit}^{{tree}}"], git_dir=str(store), check=False).strip() == b"tree"
