"""Where npm of this machine fetches from, and what its kin in containers are told.

Never names a registry: the address is configured, or the installed npm's own default.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from envfactory.errors import PrerequisiteError


def configured_registry(environ: Mapping[str, str] | None = None) -> str:
    """The registry of npm here: environment, the user's ``.npmrc``, then what npm itself answers."""
    environ = os.environ if environ is None else environ
    lowered = {name.lower(): value for name, value in environ.items()}
    home = Path(environ.get("HOME") or Path.home())
    user = Path(lowered.get("npm_config_userconfig") or home / ".npmrc")
    for candidate in (lowered.get("npm_config_registry", ""), registry_in(user)):
        if candidate.startswith(("http://", "https://")):
            return candidate
    return _answer_of_npm(environ)


def registry_in(path: Path) -> str:
    """The ``registry`` line of an ``.npmrc``, or ``""``."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    found = [line.partition("=")[2].strip().strip("\"'") for line in lines if _key(line) == "registry"]
    return os.path.expandvars(found[-1]) if found else ""


def _key(line: str) -> str:
    return line.partition("=")[0].strip()


def _answer_of_npm(environ: Mapping[str, str]) -> str:
    command = ["npm", "config", "get", "registry"]
    hint = "set NPM_CONFIG_REGISTRY, or install npm"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=True, cwd="/", env=dict(environ)
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PrerequisiteError(f"no registry is configured for npm: {error}", hint=hint) from error
    found = done.stdout.strip()
    if not found.startswith(("http://", "https://")):
        raise PrerequisiteError(f"npm names no registry: {found!r}", hint=hint)
    return found


def environment(url: str) -> dict[str, str]:
    """Variables for npm of any age, pnpm and both kinds of yarn.

    Addresses in lock files name the registry of those who wrote them: ``replace-registry-host`` sends
    npm 8 and later, and yarn 1 by itself, to ours; npm 6 needs a lock file without ``resolved``.
    """
    return {
        "NPM_CONFIG_REGISTRY": url,
        "NPM_CONFIG_REPLACE_REGISTRY_HOST": "always",
        "NPM_CONFIG_STRICT_SSL": "false",
        "NPM_CONFIG_AUDIT": "false",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        "YARN_REGISTRY": url,
        "YARN_NPM_REGISTRY_SERVER": url.rstrip("/"),
        "YARN_UNSAFE_HTTP_WHITELIST": urlsplit(url).hostname or "",
        "YARN_ENABLE_TELEMETRY": "0",
        "COREPACK_NPM_REGISTRY": url.rstrip("/"),
    }
