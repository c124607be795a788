"""Says with which tokens GitHub would be asked and, if wanted, what is left of its limits.

Without ``ask`` nobody is asked anything; with it one call is made, which counts against no limit:
https://docs.github.com/en/rest/rate-limit/rate-limit.  Never shows a token.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from envfactory.github.addresses import Addresses
from envfactory.github.client import Client
from envfactory.github.tokens import read_tokens

RESOURCES = ("core", "graphql", "search")
"""Limits of the calls that miners make."""


def quota(cache: Path, *, ask: bool, environ: Mapping[str, str] | None = None) -> str:
    """One line.  Raises ``UsageError`` for a variable that cannot be used, and what ``Client.get`` raises."""
    variables = os.environ if environ is None else environ
    addresses = Addresses.from_environment(variables)
    tokens = read_tokens(addresses, variables)
    found = f"{len(tokens)} token{'s' * (len(tokens) != 1)}" if tokens else "no token: 60 calls an hour"
    if not ask:
        return found
    with Client(addresses, tokens, cache / "github" / addresses.host, max_wait=0.0) as client:
        answer = client.get("/rate_limit")
    return f"{found}; {_left(answer or {}) or 'the server tells no limits'}"


def _left(answer: Mapping[str, Any]) -> str:
    known = answer.get("resources") or {}
    return ", ".join(
        f"{name} {known[name]['remaining']:,} of {known[name]['limit']:,} left"
        for name in RESOURCES
        if name in known
    )
