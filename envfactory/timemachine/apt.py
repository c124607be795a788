"""Debian archives for containers without a network: a cache between apt and the host's mirrors.

Files are at ``mirror/<archive>/<path>``; an archive is known by a digest of its address, so that
nobody reaches any other host through us.  An archive keeps no history, so nothing is filtered by date:
packages are noted as ``undated``.  Signatures stay the archive's own; apt verifies them.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import quote, unquote

from envfactory.errors import UsageError
from envfactory.timemachine.apt_sources import Source, configured_sources, matched, parse
from envfactory.timemachine.facts import File
from envfactory.timemachine.protocol import Answer, Request, View
from envfactory.timemachine.stock import Stock
from envfactory.timemachine.upstream import Upstream

CONFIGURATION = "/tmp/envfactory-apt.conf"
SOURCES = "/tmp/envfactory-apt.list"
_HASHES = {"SHA512": "sha512", "SHA256": "sha256", "SHA1": "sha1"}
_SAFE = "/~+:@!$&'()*,;="


class Apt:
    """The archives that this machine's apt knows, and those that an image came with."""

    NAME = "apt"
    PLACES: Sequence[str] = ("mirror",)

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._archives: dict[str, Upstream] = {}
        self._lock = threading.Lock()
        self._host = parse(stock.upstream) if stock.upstream else configured_sources()
        for source in self._host:
            self._known(source.uri)

    def close(self) -> None:
        """Close the connections to the mirrors."""
        for archive in self._archives.values():
            archive.close()

    # -- clients -------------------------------------------------------------------------------

    @staticmethod
    def environment(url: str) -> Mapping[str, str]:
        """The variable that names the configuration of ``client_files``."""
        return {"APT_CONFIG": CONFIGURATION}

    def client_files(self, url: str, given: str) -> Mapping[str, str]:
        """Configuration and sources in the place of those of the image, which stay as they are.

        ``given`` is the text of the image's sources; without it the host's own are used.  Archives
        that the host has too are fetched from where the host fetches them.
        """
        wanted = matched(parse(given), self._host) if given else self._host
        if not wanted:
            raise UsageError("no apt sources are known, neither this machine's nor the image's")
        lines = [self._ours(source, url).line() for source in wanted]
        configuration = [
            f'Dir::Etc::sourcelist "{SOURCES}";',
            'Dir::Etc::sourceparts "/dev/null";',
            'Acquire::http::Proxy "DIRECT";',
            'Acquire::http::Timeout "300";',
            'Acquire::Languages "none";',
        ]
        if self._stock.offline or self._stock.replay:
            configuration.append('Acquire::Check-Valid-Until "false";')
        return {
            CONFIGURATION: "\n".join(configuration) + "\n",
            SOURCES: "\n".join(dict.fromkeys(lines)) + "\n",
        }

    def _ours(self, source: Source, url: str) -> Source:
        address = f"{url.rstrip('/')}/{self._known(source.uri)}"
        return Source(address, source.suite, source.components, source.options)

    def _known(self, uri: str) -> str:
        """The name of an archive in our addresses."""
        key = hashlib.sha256(uri.encode()).hexdigest()[:12]
        with self._lock:
            if key not in self._archives:
                self._archives[key] = Upstream(uri, "apt (/etc/apt/sources.list.d)")
        return key

    # -- requests ------------------------------------------------------------------------------

    def respond(self, view: View, request: Request) -> Answer:
        """Answer apt."""
        match request.parts:
            case ("mirror", key, *path) if path and not {"", ".", ".."} & set(path):
                archive = self._archives.get(key)
                if archive is None:
                    return Answer(404, b"no such archive: ask for client_files with the image's sources\n")
                if path[0] == "pool" or "by-hash" in path or path[-1].endswith(".deb"):
                    return self._file(view, archive, path, head=request.head)
                return self._page(archive, key, path)
        return Answer(404, b"no such address; files are under mirror/ARCHIVE/PATH\n")

    def _page(self, archive: Upstream, key: str, path: list[str]) -> Answer:
        """An index of a suite: what the mirror has now, since it must agree with the other files there."""
        place = quote("/".join(path), safe=_SAFE)
        fetch = None if self._stock.offline else partial(archive.page, place, "*/*")
        name = f"{key}+{quote(place, safe='')}"
        page = self._stock.cache.page(name, math.inf, fetch, volatile=self._stock.replay is None)
        if page is None or page.status != 200:
            return Answer(404, f"the archive has no {place}\n".encode())
        return Answer(200, page.body, "application/octet-stream")

    def _file(self, view: View, archive: Upstream, path: list[str], *, head: bool) -> Answer:
        """A file that never changes: a package, or an index under the hash of its content."""
        file = described(archive.index, path)
        replay, package = self._stock.replay, file.filename.endswith(".deb")
        if replay and package and not replay.lists(self.NAME, file.project, file.filename):
            return Answer(404, f"{file.filename} is not in the ledger\n".encode())
        upstream = None if self._stock.offline else archive
        # Whole before the first byte goes out: apt sends requests ahead and needs the length for that.
        length = self._stock.kept(file, upstream).stat().st_size
        if head:
            return Answer(200, b"", "application/octet-stream", length)
        if package:
            body = self._stock.served(file, upstream, view, "undated")
        else:
            body = self._stock.content(file, upstream)
        return Answer(200, body, "application/octet-stream", length)


def described(archive: str, path: list[str]) -> File:
    """A file of an archive by its path: ``pool/m/tree/tree_2.1-1_amd64.deb`` is version 2.1-1 of tree."""
    url = archive + quote("/".join(path), safe=_SAFE)
    filename = path[-1]
    checksum = ""
    if "by-hash" in path[:-1]:
        algorithm = _HASHES.get(path[-2], "")
        checksum = f"{algorithm}:{filename.lower()}" if algorithm else ""
    name, _, rest = filename.partition("_")
    version = unquote(rest.partition("_")[0])
    return File(name, version, filename, url, "", None, checksum=checksum)
