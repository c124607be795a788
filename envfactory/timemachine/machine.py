"""The time machine: package indexes of ours that show the world as of a date.

One server per process, cache shared by all processes.  What containers need to know is a plain
address; upstream, TLS and credentials stay on this side.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol, Self
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from envfactory.errors import UsageError
from envfactory.timemachine import dating
from envfactory.timemachine.cache import Cache
from envfactory.timemachine.facts import LedgerEntry, Release, format_date
from envfactory.timemachine.ledger import Ledger
from envfactory.timemachine.protocol import Ecosystem
from envfactory.timemachine.pypi import PyPI, releases
from envfactory.timemachine.server import Listener
from envfactory.timemachine.upstream import Upstream, configured_index

FIRST_PORT, PORTS = 20_000, 12_000
"""Below the range from which systems take ports for outgoing connections."""


class Gateways(Protocol):
    """What is asked of the engine: this machine's address on its networks."""

    def gateway(self, net: Literal["build", "index"] = "build") -> str:
        """The address."""


class TimeMachine:
    """Dated package indexes; listens between ``start`` and ``close`` (or in a ``with`` block).

    ``bind`` is this machine's address for build steps and, second, for containers of the index
    network; with one address both use it.  ``upstream`` overrides what pip or uv are configured for.
    """

    def __init__(
        self, cache: Path, bind: Sequence[str], *, offline: bool = False, upstream: str = ""
    ) -> None:
        if not bind or any(address in ("", "0.0.0.0", "::") for address in bind):
            raise UsageError(
                "the package index needs addresses of container networks to listen on, not all of them"
            )
        self._addresses = {"build": bind[0], "index": bind[-1]}
        self._cache = cache.resolve()
        self._ledger = Ledger()
        source = None if offline else Upstream(upstream or configured_index())
        self._pypi = PyPI(source, Cache(self._cache / PyPI.NAME), self._ledger)
        self._ecosystems: Mapping[str, Ecosystem] = {PyPI.NAME: self._pypi}
        self._listener: Listener | None = None

    @classmethod
    def for_engine(cls, engine: Gateways, cache: Path, *, offline: bool = False) -> Self:
        """One that the containers and build steps of ``engine`` reach."""
        return cls(cache, [engine.gateway("build"), engine.gateway("index")], offline=offline)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        """Begin to listen; the port depends on the cache's path, so that it is the same every time."""
        if self._listener is None:
            port = FIRST_PORT + zlib.crc32(str(self._cache).encode()) % PORTS
            addresses = list(dict.fromkeys(self._addresses.values()))
            self._listener = Listener(addresses, port, self._ecosystems)
        return self

    def close(self) -> None:
        """Stop listening and close the connections to the upstream."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for ecosystem in self._ecosystems.values():
            ecosystem.close()

    def url(
        self,
        ecosystem: str,
        cutoff: datetime,
        *,
        container_network: Literal["index", "build"] = "index",
        token: str = "",
    ) -> str:
        """The index as of ``cutoff`` for a container; what is fetched with ``token`` has its own ledger."""
        if self._listener is None:
            raise UsageError("the package index is not running: use it in a with block or call start()")
        place = f"http://{self._addresses[container_network]}:{self._listener.port}"
        root = self._known(ecosystem).root()
        return "/".join([place, ecosystem, format_date(cutoff), *([token] if token else []), *root, ""])

    def releases(self, ecosystem: str, name: str, *, cutoff: datetime | None = None) -> list[Release]:
        """All that the upstream has of a project today (or knew after ``cutoff``); empty if unknown."""
        self._known(ecosystem)
        return releases(self._pypi.files(name, cutoff or datetime.now(UTC)) or ())

    def dated(self, ecosystem: str, name: str, cutoff: datetime) -> list[Release]:
        """What containers see of a project as of ``cutoff``; empty if there is no such project."""
        self._known(ecosystem)
        found = self._pypi.dated(name, cutoff)
        return releases(found.files) if found else []

    def suspicious(self, ecosystem: str, name: str, cutoff: datetime) -> str:
        """Why the dates of a project deserve distrust (uploaded again, undated files), else ``""``."""
        self._known(ecosystem)
        found = self._pypi.dated(name, cutoff)
        return found.warning if found else ""

    def effective_cutoff(self, ecosystem: str, name: str, cutoff: datetime) -> datetime:
        """The date as of which a project is shown: the cut-off, not below the floor of build back-ends."""
        self._known(ecosystem)
        return dating.effective_cutoff(canonicalize_name(name), cutoff)

    def ledger(self, token: str | None = None) -> list[LedgerEntry]:
        """What was handed out so far, to everybody or to one token."""
        return self._ledger.entries(token)

    def _known(self, ecosystem: str) -> Ecosystem:
        try:
            return self._ecosystems[ecosystem]
        except KeyError:
            raise UsageError(
                f"no package index for {ecosystem!r}; there is one for: {', '.join(self._ecosystems)}"
            ) from None


def client_environment(url: str) -> dict[str, str]:
    """Variables that make uv and pip (also a child pip that ignores flags) use the index at ``url`` only."""
    host = urlsplit(url).hostname or ""
    return {
        "PIP_INDEX_URL": url,
        "PIP_TRUSTED_HOST": host,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_CONFIG_FILE": "/dev/null",
        "UV_DEFAULT_INDEX": url,
        "UV_INSECURE_HOST": host,
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
