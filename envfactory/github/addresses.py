"""Where GitHub is: its API, its GraphQL endpoint and the server that clones come from.

The three variables are those that GitHub's own runners set, so that a GitHub Enterprise server or any
compatible one is named the same way everywhere:
https://docs.github.com/en/actions/reference/workflows-and-actions/variables.  Never talks to anybody.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from envfactory.errors import UsageError

_API, _SERVER = "https://api.github.com", "https://github.com"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Addresses:
    """Three addresses without a slash at their end."""

    api: str = _API
    graphql: str = f"{_API}/graphql"
    server: str = _SERVER

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Addresses:
        """``GITHUB_API_URL``, ``GITHUB_GRAPHQL_URL``, ``GITHUB_SERVER_URL``; what is not set follows the API.

        Raises ``UsageError`` for an address that is none, and for one that holds a password.
        """
        variables = os.environ if environ is None else environ
        api = _address(variables, "GITHUB_API_URL", ("http", "https")) or _API
        graphql = _address(variables, "GITHUB_GRAPHQL_URL", ("http", "https")) or _graphql_of(api)
        schemes = ("http", "https", "ssh", "git", "file")
        return cls(api, graphql, _address(variables, "GITHUB_SERVER_URL", schemes) or _server_of(api))

    @property
    def host(self) -> str:
        """A folder's name for what is kept of this server."""
        parts = urlsplit(self.api)
        return re.sub(r"[^\w.-]+", "_", parts.netloc + parts.path.rstrip("/"))

    def clone(self, repo: str) -> str:
        """The address that ``repo`` (``owner/name``) is cloned from."""
        return f"{self.server}/{repo}.git"


def confidential(url: str) -> bool:
    """Whether a token may travel to ``url``: encrypted, or without leaving this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _address(variables: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    value = variables.get(name, "").strip().rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in schemes or not (parts.hostname or parts.scheme == "file")):
        raise UsageError(f"{name} is no address: {value!r}", hint=f"it begins with {schemes[-1]}://")
    if parts.password:
        raise UsageError(f"{name} holds a password", hint="give the token in GITHUB_TOKEN")
    return value


def _graphql_of(api: str) -> str:
    """An Enterprise server has REST at ``/api/v3`` and GraphQL at ``/api/graphql``."""
    return f"{api.removesuffix('/v3')}/graphql"


def _server_of(api: str) -> str:
    parts = urlsplit(api)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
