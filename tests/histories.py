"""Writes tiny real git repositories for tests: one call, one commit, deterministic dates."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_START = 1_600_000_000
Content = str | bytes | None


class History:
    """A work tree that grows; every commit is a minute after the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tick = 0
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", "--template=")

    def git(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes | None = None) -> str:
        base = {"PATH": os.environ["PATH"], "HOME": str(self.path.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        people = {
            f"GIT_{role}_{field}": f"{role.lower()}{end}"
            for role in ("AUTHOR", "COMMITTER")
            for field, end in (("NAME", ""), ("EMAIL", "@example.org"))
        }
        settings = ["-c", "protocol.file.allow=always", "-c", "core.autocrlf=false"]
        done = subprocess.run(
            ["git", *settings, *arguments],
            cwd=self.path,
            env=base | people | dict(env or {}),
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode(errors="replace").strip()

    def dates(self, *, authored: int | None = None) -> dict[str, str]:
        self._tick += 60
        now = _START + self._tick
        return {"GIT_AUTHOR_DATE": f"{authored or now} +0200", "GIT_COMMITTER_DATE": f"{now} +0000"}

    def write(self, files: Mapping[str, Content]) -> None:
        for name, content in files.items():
            path = self.path / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(
        self, message: str, files: Mapping[str, Content], *, committer: str = "", authored: int | None = None
    ) -> str:
        self.write(files)
        self.git("add", "--all", "--force")
        names = {"GIT_COMMITTER_NAME": committer} if committer else {}
        self.git(
            "commit", "--quiet", "--allow-empty", "-m", message, env=self.dates(authored=authored) | names
        )
        return self.head()

    def branch(self, name: str, start: str = "main") -> None:
        self.git("checkout", "--quiet", "-b", name, start)

    def switch(self, name: str) -> None:
        self.git("checkout", "--quiet", name)

    def merge(self, name: str, message: str) -> str:
        self.git("merge", "--quiet", "--no-ff", "-m", message, name, env=self.dates())
        return self.head()

    def cherry_pick(self, commit: str, message: str = "") -> str:
        self.git(
            "cherry-pick",
            "--allow-empty",
            commit,
            env={"GIT_COMMITTER_DATE": self.dates()["GIT_COMMITTER_DATE"]},
        )
        if message:
            self.git(
                "commit",
                "--quiet",
                "--amend",
                "-m",
                message,
                env={"GIT_COMMITTER_DATE": self.dates()["GIT_COMMITTER_DATE"]},
            )
        return self.head()

    def reference(self, number: int, commit: str) -> None:
        self.git("update-ref", f"refs/pull/{number}/head", commit)

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def tree(self, commit: str) -> str:
        return self.git("rev-parse", f"{commit}^{{tree}}")


PROJECT: dict[str, Content] = {
    "pyproject.toml": '[project]\nname = "pack"\nversion = "1.0"\nlicense = "MIT"\n'
    '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
    "src/pack/__init__.py": "",
    "src/pack/core.py": "def double(x):\n    return x + x\n",
    "tests/test_core.py": "from pack.core import double\n\n\ndef test_double():\n    assert double(2) == 4\n",
    "README.md": "# pack\n",
}
"""A Python project with one module and one test."""


def project(path: Path) -> History:
    """A history whose first commit is ``PROJECT``."""
    history = History(path)
    history.commit("Start", PROJECT)
    return history
