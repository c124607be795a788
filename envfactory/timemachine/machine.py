"""The time machine: package indexes of ours that show the world as of a date.

One server per process, cache shared by all processes.  What containers need to know is a plain
address; upstream, TLS and credentials stay on this side.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, Self
from urllib.parse import urlsplit

from envfactory.errors import UsageError
from envfactory.timemachine.cache import Cache
from envfactory.timemachine.ecosystems import ECOSYSTEMS
from envfactory.timemachine.facts import LedgerEntry, Release, format_date, releases
from envfactory.timemachine.ledger import Ledger, Replay
from envfactory.timemachine.protocol import Catalogue, ClientSetup, Ecosystem
from envfactory.timemachine.server import Listener
from envfactory.timemachine.stock import Stock

FIRST_PORT, PORTS = 20_000, 12_000
"""Below the range from which systems take ports for outgoing connections."""


class Gateways(Protocol):
    """What is asked of the engine: this machine's address on its networks."""

    def gateway(self, net: Literal["build", "index"] = "build") -> str:
        """The address."""


Network = Literal["index", "build"]


class TimeMachine:
    """Dated package indexes; listens between ``start`` and ``close`` (or in a ``with`` block).

    ``bind`` is this machine's address for build steps and, second, for containers of the index
    network; with one address both use it.  ``upstreams`` (ecosystem -> address) overrides what the
    clients of this machine are configured for.  ``replay`` is a ledger: then nothing but its files is shown.
    """

    def __init__(
        self,
        cache: Path,
        bind: Sequence[str],
        *,
        offline: bool = False,
        upstreams: Mapping[str, str] | None = None,
        replay: Iterable[LedgerEntry] | None = None,
    ) -> None:
        if not bind or any(address in ("", "0.0.0.0", "::") for address in bind):
            raise UsageError(
                "the package index needs addresses of container networks to listen on, not all of them"
            )
        self._addresses = {"build": bind[0], "index": bind[-1]}
        self._cache = cache.resolve()
        self._ledger = Ledger()
        listed = None if replay is None else Replay(replay)
        given = upstreams or {}
        self._ecosystems: Mapping[str, Ecosystem] = {
            name: opened(
                Stock(name, Cache(self._cache / name), self._ledger, offline, given.get(name, ""), listed)
            )
            for name, opened in ECOSYSTEMS.items()
        }
        self._listener: Listener | None = None

    @classmethod
    def for_engine(cls, engine: Gateways, cache: Path, *, offline: bool = False) -> Self:
        """One that the containers and build steps of ``engine`` reach."""
        return cls(cache, [engine.gateway("build"), engine.gateway("index")], offline=offline)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, port: int | None = None) -> Self:
        """Begin to listen; without ``port`` it depends on the cache's path: the same every time if free."""
        if self._listener is None:
            usual = FIRST_PORT + zlib.crc32(str(self._cache).encode()) % PORTS
            addresses = list(dict.fromkeys(self._addresses.values()))
            self._listener = Listener(
                addresses, usual if port is None else port, self._ecosystems, exact=port is not None
            )
        return self

    def close(self) -> None:
        """Stop listening and close the connections to the upstream."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for ecosystem in self._ecosystems.values():
            ecosystem.close()

    @property
    def ecosystems(self) -> tuple[str, ...]:
        """Names of the indexes that there are."""
        return tuple(self._ecosystems)

    def url(
        self, ecosystem: str, cutoff: datetime, *, container_network: Network = "index", token: str = ""
    ) -> str:
        """The index as of ``cutoff`` for a container; what is fetched with ``token`` has its own ledger."""
        if self._listener is None:
            raise UsageError("the package index is not running: use it in a with block or call start()")
        place = f"http://{self._addresses[container_network]}:{self._listener.port}"
        root = self._known(ecosystem).PLACES[0]
        return "/".join([place, ecosystem, format_date(cutoff), *([token] if token else []), root, ""])

    def client_setup(
        self,
        ecosystem: str,
        cutoff: datetime,
        *,
        container_network: Network = "index",
        token: str = "",
        given: str = "",
    ) -> ClientSetup:
        """Variables and files with which clients in a container use that index and nothing else.

        ``given`` is what they are configured for so far, where that matters: the text of the image's
        apt sources (the files of ``/etc/apt/sources.list*``, one after the other).
        """
        url = self.url(ecosystem, cutoff, container_network=container_network, token=token)
        known = self._known(ecosystem)
        return ClientSetup(known.environment(url), known.client_files(url, given))

    def releases(self, ecosystem: str, name: str, *, cutoff: datetime | None = None) -> list[Release]:
        """All that the upstream has of a project today (or knew after ``cutoff``); empty if unknown."""
        return releases(self._catalogue(ecosystem).files(name, cutoff) or ())

    def dated(self, ecosystem: str, name: str, cutoff: datetime) -> list[Release]:
        """What containers see of a project as of ``cutoff``; empty if there is no such project."""
        found = self._catalogue(ecosystem).dated(name, cutoff)
        return releases(found.files) if found else []

    def suspicious(self, ecosystem: str, name: str, cutoff: datetime) -> str:
        """Why the dates of a project deserve distrust (uploaded again, undated files), else ``""``."""
        found = self._catalogue(ecosystem).dated(name, cutoff)
        return found.warning if found else ""

    def effective_cutoff(self, ecosystem: str, name: str, cutoff: datetime) -> datetime:
        """The date as of which a project is shown: the cut-off, not below the project's floor."""
        return self._catalogue(ecosystem).effective_cutoff(name, cutoff)

    def ledger(self, token: str | None = None) -> list[LedgerEntry]:
        """What was handed out so far, to everybody or to one token; ``ledger.write`` keeps it."""
        return self._ledger.entries(token)

    def _known(self, ecosystem: str) -> Ecosystem:
        try:
            return self._ecosystems[ecosystem]
        except KeyError:
            raise UsageError(
                f"no package index for {ecosystem!r}; there is one for: {', '.join(self._ecosystems)}"
            ) from None

    def _catalogue(self, ecosystem: str) -> Catalogue:
        found = self._known(ecosystem)
        if not isinstance(found, Catalogue):
            raise UsageError(f"the index for {ecosystem!r} knows no projects, only files")
        return found


def client_environment(url: str) -> dict[str, str]:
    """Variables that make the clients of an ecosystem use its index at ``url`` and no other."""
    name = urlsplit(url).path.split("/")[1]
    if name not in ECOSYSTEMS:
        raise UsageError(f"not an address of a dated index: {url}")
    return dict(ECOSYSTEMS[name].environment(url))
