"""One image build: the docker command line in its own process group, its output in a log file.

Secrets travel as files that only this build sees and are gone afterwards.  Never pulls or pushes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from envfactory.engine import faults, owner
from envfactory.engine.cli import find_builder
from envfactory.engine.disk import free_bytes
from envfactory.errors import BuildError, PrerequisiteError

TAIL_BYTES = 16_000
LOOK_EVERY = 0.2
DISK_FLOOR = 1 << 30
"""A build that leaves less than this on the engine's disk is stopped: the engine itself needs room."""


@dataclass(frozen=True)
class BuildRequest:
    """What to build and within which bounds."""

    context: Path
    tag: str
    log: Path
    timeout: float
    dockerfile: str = "Dockerfile"
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = "default"


def run_build(request: BuildRequest, *, host: str, root: str) -> None:
    """Build it on the engine at ``host``, whose layers are stored at ``root``, or raise ``BuildError``."""
    builder = find_builder()
    if builder is None:
        raise PrerequisiteError(
            "no docker command on this machine can build with BuildKit",
            hint="install Docker's buildx plugin (package docker-buildx-plugin or docker-buildx)",
        )
    request.log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **dict(builder.env), "DOCKER_HOST": host, "BUILDKIT_PROGRESS": "plain"}
    environment.pop("DOCKER_CONTEXT", None)
    with tempfile.TemporaryDirectory(prefix="envfactory-secrets-") as folder, request.log.open("ab") as log:
        argv = [*builder.argv, *_arguments(request, Path(folder))]
        start = log.tell()
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            verdict = _wait(process, request.timeout, root)
        finally:
            _end(process)
    if verdict or process.returncode:
        raise _error(request, verdict, process.returncode, _tail(request.log, start))


def _arguments(request: BuildRequest, folder: Path) -> Sequence[str]:
    arguments = ["--progress=plain", f"--tag={request.tag}", f"--file={request.context / request.dockerfile}"]
    for name, value in {owner.LABEL: "1", **request.labels}.items():
        arguments.append(f"--label={name}={value}")
    for name, value in request.build_args.items():
        arguments.append(f"--build-arg={name}={value}")
    for name, content in request.secrets.items():
        path = folder / str(len(arguments))
        path.touch(mode=0o600)
        path.write_bytes(content)
        arguments.append(f"--secret=id={name},src={path}")
    if request.network != "default":
        arguments.append(f"--network={request.network}")
    return [*arguments, str(request.context)]


def _wait(process: subprocess.Popen[bytes], timeout: float, root: str) -> str:
    """``""`` when the build ended by itself, else the cause for which it must be stopped."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            process.wait(LOOK_EVERY)
            return ""
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                return "build_timeout"
            free = free_bytes(root)
            if free is not None and free < DISK_FLOOR:
                return "disk_full"


def _end(process: subprocess.Popen[bytes]) -> None:
    """BuildKit stops the running step when its client goes away."""
    for sign, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 30.0)):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, sign)
            process.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _tail(log: Path, start: int) -> str:
    with log.open("rb") as source:
        size = source.seek(0, os.SEEK_END)
        source.seek(max(start, size - TAIL_BYTES))
        return source.read().decode("utf-8", "replace")


def _error(request: BuildRequest, verdict: str, code: int | None, tail: str) -> BuildError:
    cause = verdict or faults.cause_of_text(tail) or "build_step_failed"
    says = {
        "build_timeout": f"the build took longer than {request.timeout:.0f} s and was stopped",
        "disk_full": "the engine's disk is full",
        "engine_unreachable": "the Docker engine went away during the build",
        "build_step_failed": f"a build step failed (docker exit code {code})",
    }[cause]
    hints = {"disk_full": "envfactory clean", "engine_unreachable": faults.DOCTOR}
    return BuildError(
        f"{request.tag}: {says}; see {request.log}",
        cause=cause,
        retryable=cause in hints,
        log=tail,
        hint=hints.get(cause, ""),
    )
