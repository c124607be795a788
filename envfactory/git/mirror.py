"""Keeps a bare mirror of a repository on a server: branches and tags, whole or without file contents.

A mirror appears under its name when it is complete.  Credentials come as environment variables for git
and are never written into its configuration.  Nothing here knows what a pull request is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from filelock import FileLock

from envfactory.errors import CloneError
from envfactory.git.process import run

FETCH_SECONDS = 4 * 3600.0
"""The largest public repositories take hours on a slow line."""
_QUIET = ("--quiet", "--no-auto-maintenance", "--no-recurse-submodules")
_REFERENCES = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class Mirror:
    """The mirror at ``path`` of the repository at ``url``."""

    def __init__(self, path: Path, url: str, credentials: Mapping[str, str]) -> None:
        self.path, self.url = path, url
        self._credentials = dict(credentials)

    @property
    def exists(self) -> bool:
        """True once it was fetched as a whole."""
        return (self.path / "HEAD").is_file()

    def has(self, commit: str) -> bool:
        """True when that commit is here."""
        if not self.exists:
            return False
        # Asked for what it lacks a partial clone would go and fetch it.
        alone = {"GIT_ALLOW_PROTOCOL": "none"}
        kind = run(["cat-file", "-t", commit], git_dir=str(self.path), check=False, env=alone)
        return kind.strip() == b"commit"

    def update(self, *, partial: bool) -> None:
        """Fetch what is new, or everything; ``partial`` leaves file contents on the server.

        Raises ``CloneError`` (cause ``clone_refused``) when the server does not give it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.path}.lock"):
            if self.exists:
                self._fetch(self.path)
                return
            incomplete = self.path.with_name(f"{self.path.name}.incomplete")
            shutil.rmtree(incomplete, ignore_errors=True)
            run(["init", "--quiet", "--bare", "--template=", str(incomplete)])
            settings = {"remote.origin.url": self.url}
            if partial:
                settings |= {
                    "remote.origin.promisor": "true",
                    "remote.origin.partialclonefilter": "blob:none",
                }
            for key, value in settings.items():
                run(["config", key, value], git_dir=str(incomplete))
            self._fetch(incomplete)
            incomplete.rename(self.path)

    def fill(self, contents: Iterable[str]) -> None:
        """Fetch these file contents (blob ids) in one transfer; for partial mirrors."""
        wanted = "".join(f"{name}\n" for name in contents).encode()
        if not wanted:
            return
        # The form in which git itself fetches what a partial clone lacks, for many objects at once.
        options = ["--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin"]
        with FileLock(f"{self.path}.lock"):
            self._remote(
                self.path,
                "-c",
                "fetch.negotiationAlgorithm=noop",
                "fetch",
                *_QUIET,
                *options,
                "origin",
                stdin=wanted,
            )

    def _fetch(self, where: Path) -> None:
        self._remote(
            where, "fetch", *_QUIET, "--prune", "--force", "--no-write-fetch-head", "origin", *_REFERENCES
        )
        head = self._remote(where, "ls-remote", "--symref", "origin", "HEAD").decode(errors="replace")
        name = head.removeprefix("ref: ").split("\t")[0] if head.startswith("ref: ") else ""
        if name.startswith("refs/heads/"):
            run(["symbolic-ref", "HEAD", name], git_dir=str(where))

    def _remote(self, where: Path, *words: str, stdin: bytes | None = None) -> bytes:
        """A git command that talks to the server, with the credentials for it."""
        try:
            return run(words, git_dir=str(where), stdin=stdin, env=self._credentials, timeout=FETCH_SECONDS)
        except CloneError as error:
            if error.cause == "git_timeout":
                raise
            raise CloneError(
                f"cannot fetch the code from {self.url}: {error}",
                cause="clone_refused",
                retryable=True,
                log=error.log,
                hint="check GITHUB_SERVER_URL, and that the token may read the repository's contents",
            ) from error
