"""Turns what Docker and its transport raise into our errors, by cause.

Causes: ``engine_unreachable`` and ``disk_full`` (both retryable), ``container_gone`` (retryable),
``engine_refused`` for everything else the engine says no to.  Never swallows anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3
from docker.errors import APIError, DockerException, NotFound

from envfactory.errors import FactoryError, StageError, TrialError

DOCTOR = "envfactory doctor"
DISK_FULL = ("no space left on device", "disk quota exceeded")
UNREACHABLE = (
    "cannot connect to the docker daemon",
    "error during connect",
    "failed to dial",
    "connection reset by peer",
    "transport is closing",
    "rpc error: code = unavailable",
)
GONE = ("container", "no such exec instance")
"""Of what the engine finds no longer: a command's record goes with its container."""
_TRANSPORT = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.JSONDecodeError,  # an empty answer, as about a container that is being removed
    urllib3.exceptions.HTTPError,
    ConnectionError,
    TimeoutError,
)


def cause_of_text(text: str) -> str | None:
    """``disk_full`` or ``engine_unreachable`` if engine or build output says so."""
    lowered = text.lower()
    if any(sign in lowered for sign in DISK_FULL):
        return "disk_full"
    if any(sign in lowered for sign in UNREACHABLE):
        return "engine_unreachable"
    return None


def fault(error: Exception, what: str, kind: type[StageError] = TrialError) -> StageError:
    """The error of ours that ``error`` means while doing ``what``."""
    if isinstance(error, _TRANSPORT):
        return unreachable(f"{what}: the Docker engine does not answer ({type(error).__name__})", kind)
    text = str(error.explanation or error) if isinstance(error, APIError) else str(error)
    cause = cause_of_text(text)
    if cause == "engine_unreachable":
        return unreachable(f"{what}: {text}", kind)
    if cause == "disk_full":
        return kind(f"{what}: {text}", cause=cause, retryable=True, hint="envfactory clean")
    if isinstance(error, NotFound) and any(sign in text.lower() for sign in GONE):
        return kind(f"{what}: {text}", cause="container_gone", retryable=True)
    if isinstance(error, APIError) and "is not running" in text:
        return kind(f"{what}: {text}", cause="container_gone", retryable=True)
    return kind(f"{what}: {text}", cause="engine_refused", retryable=_server_side(error))


def unreachable(message: str, kind: type[StageError] = TrialError) -> StageError:
    """The engine died, hangs or was stopped: the same call may work once it is back."""
    return kind(message, cause="engine_unreachable", retryable=True, hint=DOCTOR)


@contextmanager
def engine_errors(what: str, kind: type[StageError] = TrialError) -> Iterator[None]:
    """Everything that Docker raises inside leaves as ``kind`` with its cause."""
    try:
        yield
    except FactoryError:
        raise
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise fault(error, what, kind) from error


def _server_side(error: Exception) -> bool:
    return isinstance(error, APIError) and bool(error.is_server_error())
