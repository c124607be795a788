"""Who may call: whoever sends the token as ``Authorization: Bearer …``; everybody else gets 401.

Decides nothing else; the token is compared in constant time and never logged.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from envfactory.errors import UsageError

VARIABLE = "ENVFACTORY_SERVE_TOKEN"
SHORTEST = 16
_scheme = HTTPBearer(auto_error=False, description=f"The value of {VARIABLE}, or what `serve` printed.")


def required(token: str) -> Callable[..., None]:
    """A dependency that lets only those in who know ``token``."""

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]) -> None:
        sent = given.credentials if given is not None else ""
        if not secrets.compare_digest(sent.encode(), token.encode()):
            raise HTTPException(401, "a valid token is needed", {"WWW-Authenticate": "Bearer"})

    return check


def chosen(given: str, host: str) -> tuple[str, bool]:
    """The token to use, and whether it was made here; ``UsageError`` where one must be given.

    Beyond this machine only a token that somebody chose and keeps opens the service.
    """
    if given and len(given) < SHORTEST:
        raise UsageError(f"the token in {VARIABLE} is shorter than {SHORTEST} characters")
    if given:
        return given, False
    if not is_loopback(host):
        raise UsageError(
            f"{host} can be reached from other machines, and {VARIABLE} is not set",
            hint=f"set {VARIABLE}, or listen on 127.0.0.1",
        )
    return secrets.token_urlsafe(32), True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
