"""One layer of an image: scripts run in a hardened container, and what they leave is committed.

What a repository's build executes is as untrusted as its tests.  A builder's own steps know no limit
on processes or memory and, on engines before 23, no network but the default one; a container of ours
has limits, and sees the package index or nothing.  Decides nothing about what goes into a layer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from envfactory.builder.scripts import PLACE
from envfactory.builder.templates import dockerfile_quote
from envfactory.errors import BuildError, TrialError
from envfactory.records import Limits

if TYPE_CHECKING:
    from envfactory.engine import Container, Engine, ImageInfo

LIMITS = Limits(cpus=float(os.cpu_count() or 1), memory_mb=6144, pids=2048, disk_mb=16384)
"""What one build may use: compilers need more than tests do."""
TAIL = 16_000
TIDY_SECONDS = 300.0
_PROJECT_FAULTS = {"disk_limit": "build_step_failed"}


@dataclass(frozen=True)
class LayerRequest:
    """What to run on which image, and what the result is called."""

    base: str
    tag: str
    files: Mapping[str, bytes]
    """Name below ``PLACE`` -> content."""
    commands: Sequence[str]
    """Shell commands, run in order; the first that fails ends the build."""
    changes: Sequence[str] = ()
    """Dockerfile lines such as ``ENV``."""
    labels: Mapping[str, str] = field(default_factory=dict)
    passing: Mapping[str, bytes] = field(default_factory=dict)
    """Absolute path -> content of what only the commands see, such as the address of an index."""
    network: Literal["none", "index"] = "none"
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables of the commands; those of the image are in ``changes``."""


def add_layer(engine: Engine, request: LayerRequest, *, log: Path, timeout: float) -> ImageInfo:
    """Run, commit, tag.

    Raises ``BuildError`` with cause ``build_step_failed`` or ``build_timeout``, whose ``log`` is the end
    of the output, or with the engine's own causes.
    """
    try:
        with engine.container(
            request.base, limits=LIMITS, network=request.network, workdir="/", name_hint="build"
        ) as container:
            _bring(container, request)
            for command in request.commands:
                _run(container, request, command, log, timeout)
            container.exec(["rm", "-rf", PLACE, *request.passing], timeout=TIDY_SECONDS, cwd="/")
            return engine.commit(container, request.tag, labels=request.labels, changes=_config(request))
    except TrialError as error:
        cause = _PROJECT_FAULTS.get(error.cause, error.cause)
        raise BuildError(
            f"{request.tag}: {error}", cause=cause, retryable=error.retryable, log=str(error), hint=error.hint
        ) from error


def env_lines(env: Mapping[str, str]) -> list[str]:
    """``ENV`` lines in a fixed order."""
    return [f"ENV {name}={dockerfile_quote(value)}" for name, value in sorted(env.items())]


def _config(request: LayerRequest) -> list[str]:
    """The image contract, against what the container was started with."""
    fixed = ["WORKDIR /testbed", "USER root", "ENTRYPOINT []", 'CMD ["/bin/bash"]']
    return [*fixed, *request.changes]


def _bring(container: Container, request: LayerRequest) -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {
        f"{PLACE}/{name}": content for name, content in request.files.items()
    }
    files |= {path: (content, 0o644) for path, content in request.passing.items()}
    container.put(files)


def _run(container: Container, request: LayerRequest, command: str, log: Path, timeout: float) -> None:
    result = container.exec(
        ["bash", "-c", command], timeout=timeout, env=request.env, cwd="/", max_output=8 << 20
    )
    said = f"$ {command}\n{result.stdout}{result.stderr}"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{said.rstrip()}\n# exit code {result.exit_code}, {result.seconds:.1f} s\n")
    if result.timed_out:
        raise BuildError(
            f"{request.tag}: the build took longer than {timeout:.0f} s and was stopped; see {log}",
            cause="build_timeout",
            log=said[-TAIL:],
        )
    if result.exit_code != 0:
        raise BuildError(
            f"{request.tag}: a build step failed (exit code {result.exit_code}); see {log}",
            cause="build_step_failed",
            log=said[-TAIL:],
        )
