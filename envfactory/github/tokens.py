"""Tokens for GitHub: read from the environment or the ``gh`` client, and shown to nobody.

A token is a ``SecretStr``: its text form is asterisks, so that no log, report or traceback can hold
it.  Never reads one from a file or a command line, and never writes one anywhere.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from envfactory.errors import UsageError
from envfactory.github.addresses import Addresses, confidential

VARIABLES = ("GITHUB_TOKENS", "GITHUB_TOKEN", "GH_TOKEN")
"""All are read; each may hold several tokens with commas or spaces between them."""
_TOKEN = re.compile(r"[\x21-\x7e]{1,2000}")
_GH_SECONDS = 10


def read_tokens(addresses: Addresses, environ: Mapping[str, str] | None = None) -> tuple[SecretStr, ...]:
    """The tokens in the order of ``VARIABLES``, else what ``gh auth token`` says; () when there is none.

    Raises ``UsageError`` for what cannot be a token, and when it would travel unencrypted.
    """
    variables = os.environ if environ is None else environ
    words = [word for name in VARIABLES for word in re.split(r"[\s,]+", variables.get(name, "")) if word]
    found = list(dict.fromkeys(words)) or _of_client(addresses, variables)
    if any(not _TOKEN.fullmatch(word) for word in found):
        raise UsageError("a GitHub token holds characters that no token has", hint="check GITHUB_TOKEN")
    for url in (addresses.api, addresses.graphql):
        if found and not confidential(url):
            raise UsageError(
                f"the token would travel to {url} unencrypted",
                hint="give an https address, or unset the token",
            )
    return tuple(SecretStr(word) for word in found)


def git_environment(
    addresses: Addresses, token: SecretStr | None, environ: Mapping[str, str]
) -> dict[str, str]:
    """Variables under which git, and nothing else, shows ``token`` to the server that clones come from.

    The header is configured for that server alone, beside what ``environ`` configures already: neither a
    command line nor a configuration file holds it.
    """
    if token is None or not confidential(addresses.server):
        return {}
    position = int(environ.get("GIT_CONFIG_COUNT") or 0)
    basic = base64.b64encode(f"x-access-token:{token.get_secret_value()}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": str(position + 1),
        f"GIT_CONFIG_KEY_{position}": f"http.{addresses.server}/.extraHeader",
        f"GIT_CONFIG_VALUE_{position}": f"Authorization: Basic {basic}",
    }


def _of_client(addresses: Addresses, environ: Mapping[str, str]) -> list[str]:
    """What GitHub's own command-line client is logged in with, where it is installed."""
    client = shutil.which("gh", path=environ.get("PATH"))
    host = urlsplit(addresses.server).hostname
    if client is None or not host:
        return []
    command = [client, "auth", "token", "--hostname", host]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_GH_SECONDS, check=False, env=dict(environ)
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.split() if done.returncode == 0 else []
