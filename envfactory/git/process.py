"""Runs one git command with a clean environment and a time limit; knows nothing of repositories.

A user's own git configuration (``url.*.insteadOf``, proxies, certificates) is honoured on purpose:
it is how mirrors serve.  What could change *output* is passed explicitly by the callers.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from envfactory.errors import CloneError, PrerequisiteError

SECONDS = 600.0
"""No single git command of ours may take longer."""

_KEPT = ("GIT_CONFIG_", "GIT_SSL_", "GIT_SSH", "GIT_HTTP_", "GIT_PROXY_", "GIT_EXEC_PATH", "GIT_TRACE")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The process environment without what would point git at another repository."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT)
    }
    kept |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ATTR_NOSYSTEM": "1",
    }
    kept.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    return kept | dict(extra or {})


def command(arguments: Sequence[str], git_dir: str | None) -> list[str]:
    """The argument vector: hooks off, paths unquoted, this repository and no other."""
    fixed = ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false", "-c", "gc.auto=0"]
    return fixed + ([f"--git-dir={git_dir}"] if git_dir else []) + list(arguments)


def run(
    arguments: Sequence[str],
    *,
    git_dir: str | None = None,
    stdin: bytes | None = None,
    check: bool = True,
    env: Mapping[str, str] | None = None,
    timeout: float = SECONDS,
) -> bytes:
    """Standard output of ``git ARGUMENTS``.

    Raises ``CloneError`` (causes ``git_failed``, ``git_timeout``) unless ``check`` is false, and
    ``PrerequisiteError`` when there is no git at all.
    """
    process = start(arguments, git_dir=git_dir, env=env, errors=subprocess.PIPE)
    try:
        output, errors = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        stop(process)
        message = f"git {arguments[0]} took more than {timeout:.0f} seconds"
        raise CloneError(message, cause="git_timeout", retryable=True) from error
    except BaseException:
        stop(process)
        raise
    if check and process.returncode != 0:
        log = bytes(errors).decode(errors="replace").strip()[-4000:]
        last = log.splitlines()[-1] if log else f"exit status {process.returncode}"
        raise CloneError(f"git {arguments[0]}: {last}", cause="git_failed", log=log)
    return bytes(output)


def start(
    arguments: Sequence[str],
    *,
    git_dir: str | None,
    env: Mapping[str, str] | None = None,
    errors: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """A running git with pipes on both ends, in a session of its own so that ``stop`` reaches children."""
    try:
        return subprocess.Popen(
            command(arguments, git_dir),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(env),
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise PrerequisiteError("git is not installed", hint="apt-get install git") from error


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children now, and close its pipes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()
