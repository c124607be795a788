"""A person's shell in a container of ours; never used by the factory itself."""

from __future__ import annotations

import subprocess

from envfactory.engine.cli import clients
from envfactory.engine.owner import labels
from envfactory.errors import PrerequisiteError


def interactive_shell(image: str) -> int:
    """Run bash in a fresh container with this terminal, network off; returns its exit code."""
    client = next(clients(), None)
    if client is None:
        raise PrerequisiteError("there is no docker command on this machine", hint="envfactory doctor")
    marks = [f"--label={name}={value}" for name, value in labels().items()]
    argv = [str(client), "run", "--rm", "-it", "--init", "--network=none", *marks, image, "bash", "-l"]
    return subprocess.call(argv)
