"""Local mirrors in the place of their addresses, for the repositories of a list and for their submodules.

A folder of mirrors holds ``owner+name/repo`` or ``owner/name``, each a work tree or a bare repository.
Git's own ``url.*.insteadOf`` maps the addresses, handed over in the environment, so that no
configuration file is written.  Nothing is fetched.  A repository that moved to another owner is read
from the mirror of its new home, as a hosting site redirects the old address.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ADDRESSES = ("https://github.com/", "git://github.com/", "git@github.com:", "ssh://git@github.com/")


def is_repository(path: Path) -> bool:
    """Whether ``path`` is a bare repository or the top of a work tree."""
    return (path / ".git").exists() or ((path / "objects").is_dir() and (path / "HEAD").is_file())


def find_mirrors(folder: Path) -> dict[str, Path]:
    """``owner/name`` -> repository, in the order of their names."""
    found: dict[str, Path] = {}
    for entry in sorted(path for path in folder.iterdir() if path.is_dir()):
        owner, plus, name = entry.name.partition("+")
        if plus:
            if is_repository(entry / "repo"):
                found[f"{owner}/{name}"] = (entry / "repo").absolute()
            continue
        for path in sorted(path for path in entry.iterdir() if path.is_dir()):
            if is_repository(path):
                found[f"{entry.name}/{path.name.removesuffix('.git')}"] = path.absolute()
    return found


def git_environment(mirrors: Mapping[str, Path]) -> dict[str, str]:
    """Environment variables under which git reads the mirrors instead of their addresses.

    Settings that the environment holds already stay in front.
    """
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    settings = [("protocol.file.allow", "always")]
    for repo in mirrors:
        path = home(repo, mirrors)
        # The longest prefix wins: without its own row, ".git" would end up behind the path of the mirror.
        for suffix in ("", ".git"):
            settings += [(f"url.{path}.insteadOf", f"{address}{repo}{suffix}") for address in ADDRESSES]
    variables = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings, start=first):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def home(repo: str, mirrors: Mapping[str, Path]) -> Path:
    """The mirror to read ``repo`` from: one of the same name that goes on where it ends, else its own."""
    name = repo.partition("/")[2]
    own = mirrors[repo]
    newest = git_output(own, "rev-parse", "--verify", "--quiet", "HEAD")
    for other, path in mirrors.items():
        if other != repo and other.partition("/")[2] == name and newest:
            later = git_output(path, "rev-parse", "--verify", "--quiet", "HEAD")
            if later != newest and git_output(path, "merge-base", newest, "HEAD") == newest:
                return path
    return own


def git_output(repository: Path, *words: str) -> str:
    """What git prints; '' when it fails."""
    done = subprocess.run(["git", "-C", str(repository), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
