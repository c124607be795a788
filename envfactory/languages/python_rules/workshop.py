"""The container in which a resolve is worked out: the source at ``/testbed``, the index, nothing else.

Runs commands and keeps their output in the log; decides nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from envfactory.errors import BuildError
from envfactory.languages.declaration import ResolveRequest
from envfactory.languages.python_rules.install import TESTBED, UV_ENV
from envfactory.records import Limits
from envfactory.timemachine import client_environment

if TYPE_CHECKING:
    from envfactory.engine import Container, ExecResult

WORK = "/tmp/resolve"
LIMITS = Limits(cpus=2.0, memory_mb=6144, pids=2048, disk_mb=8192)
COMMAND_SECONDS = 600.0


@dataclass
class Workshop:
    """A running container with the project in it."""

    container: Container
    request: ResolveRequest
    tag: str = ""
    """Nearest tag, where the source carries one."""

    @property
    def python(self) -> str:
        """The interpreter's path."""
        return self.request.toolchain.executable

    def index(self, cutoff: datetime | None = None) -> str:
        """Address of the index as of a date (default: the cut-off)."""
        return self.request.index.url("pypi", cutoff or self.request.cutoff, container_network="index")

    def run(
        self,
        command: str,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = WORK,
        cutoff: datetime | None = None,
        timeout: float = COMMAND_SECONDS,
    ) -> ExecResult:
        """A shell command with the index configured for uv and pip; never raises for its failure."""
        settings = {**UV_ENV, **client_environment(self.index(cutoff)), **(env or {})}
        result = self.container.exec(["bash", "-c", command], env=settings, cwd=cwd, timeout=timeout)
        self.note(
            f"$ {command}\n{result.stdout}{result.stderr}[exit {result.exit_code}, {result.seconds:.1f} s]"
        )
        return result

    def put(self, name: str, text: str) -> str:
        """Write a file of the work folder; answers with its path."""
        path = f"{WORK}/{name}"
        self.container.put({path: text.encode()})
        return path

    def note(self, text: str) -> None:
        """Append to the log."""
        self.request.log.parent.mkdir(parents=True, exist_ok=True)
        with self.request.log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(text.rstrip("\n") + "\n")


@contextmanager
def workshop(request: ResolveRequest, image: str) -> Iterator[Workshop]:
    """A workshop on ``image``; its container is gone afterwards."""
    with request.engine.container(
        image, network="index", limits=LIMITS, workdir="/", name_hint="resolve"
    ) as container:
        shop = Workshop(container, request)
        container.put({"/tmp/source.bundle": request.source.read_bytes(), f"{WORK}/.keep": b""})
        for path, text in request.index.client_setup("pypi", request.cutoff).files.items():
            container.exec(["bash", "-c", f"cat > {path}"], stdin=text.encode(), timeout=COMMAND_SECONDS)
        clone = f"git clone --quiet /tmp/source.bundle {shlex.quote(TESTBED)}"
        result = shop.run(clone, cwd="/")
        if result.exit_code != 0:
            raise BuildError(
                "the source bundle cannot be cloned", cause="source_broken", log=result.stderr[-2000:]
            )
        shop.tag = shop.run(f"git -C {TESTBED} tag").stdout.split("\n")[0].strip()
        yield shop
