"""Where a CPython comes from: registry, uv, this machine's pyenv, a Debian suite.

A provider is a function from a version such as ``3.8`` to a ``Recipe``, or ``Unavailable`` with the
reason; it answers fast, and says nothing about whether the recipe's image can be built.  To add one,
write the function and name it in ``PROVIDERS``.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.bases import PULL_SECONDS, SUITE

if TYPE_CHECKING:
    from envfactory.engine import Engine

DOWNLOAD_SECONDS = 300.0
SUITES = {"3.9": "bullseye", "3.11": "bookworm", "3.13": "trixie"}
"""Debian's own Python of each suite that the mirror still carries."""


class Unavailable(Exception):
    """This provider cannot give this version; ``lasting``: nor any other in this process."""

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.lasting = lasting


@dataclass(frozen=True)
class Recipe:
    """How to make the toolchain image."""

    suite: str = SUITE
    tree: Path | None = None
    """Installed interpreter on the host, to be relocated into the image."""
    official: str = ""
    """Registry image to copy the interpreter from."""


Provider = Callable[["Engine", str, Path], Recipe]


def registry(engine: Engine, version: str, cache: Path) -> Recipe:
    """The official image of the same suite."""
    official = f"python:{version}-slim-{SUITE}"
    if engine.image(official) is None and not engine.pull(official, timeout=PULL_SECONDS):
        raise Unavailable(f"no registry serves {official}")
    return Recipe(official=official)


def uv(engine: Engine, version: str, cache: Path) -> Recipe:
    """python-build-standalone, which uv downloads."""
    import uv as package

    directory = cache / "interpreters"
    directory.mkdir(parents=True, exist_ok=True)
    command = [
        package.find_uv_bin(),
        "python",
        "install",
        "--no-config",
        "--install-dir",
        str(directory),
        "--no-bin",
    ]
    environment = {**os.environ, "UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "30"}
    try:
        done = subprocess.run(
            [*command, f"cpython-{version}"],
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable("uv: the download did not end", lasting=True) from None
    if done.returncode != 0:
        unreachable = "Failed to download" in done.stderr or "Request failed" in done.stderr
        raise Unavailable(f"uv: {_last_line(done.stderr)}", lasting=unreachable)
    trees = sorted(directory.glob(f"cpython-{version}.*/bin/python{version}"))
    if not trees:
        raise Unavailable(f"uv installed no {version}")
    return Recipe(tree=trees[-1].parent.parent)


def host(engine: Engine, version: str, cache: Path) -> Recipe:
    """The newest patch release that pyenv built on this machine."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [path for path in root.glob(f"{version}.*") if re.fullmatch(r"[\d.]+", path.name)]
    found = [path for path in found if (path / "bin" / f"python{version}").exists()]
    if not found:
        raise Unavailable(f"pyenv has no {version}")
    newest = max(found, key=lambda path: [int(part) for part in path.name.split(".")])
    return Recipe(tree=newest)


def suite(engine: Engine, version: str, cache: Path) -> Recipe:
    """Debian's own."""
    if version not in SUITES:
        raise Unavailable(f"no Debian suite has {version}")
    return Recipe(suite=SUITES[version])


PROVIDERS: dict[str, Provider] = {"registry": registry, "uv": uv, "host": host, "suite": suite}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no output"
