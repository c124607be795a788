"""Asking a package archive over HTTP with this machine's own proxies and certificates.

A list is asked for conditionally; a file is good only with the announced size and sha256.  Knows no
address, keeps nothing, and never decides what to do when nobody answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests
import stamina

from envfactory.debian.releases import Listed, Release, parse_release
from envfactory.debian.sources import Source
from envfactory.errors import StageError

TIMEOUT = (15.0, 60.0)
"""Seconds to connect, and between two pieces of an answer."""
ATTEMPTS = 3
CHUNK = 1 << 18


class Mirror:
    """A session with any number of archives; a context manager."""

    def __init__(self) -> None:
        self._session = requests.Session()

    def __enter__(self) -> Mirror:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def release(self, address: str, sources: Iterable[Source], known: Release | None) -> Release:
        """The suite at ``address`` as it is today; ``known`` again when it has not changed.

        A suite that the archive does not have is empty.  Raises ``StageError`` when it does not answer.
        """
        headers = {}
        if known is not None and known.etag:
            headers["If-None-Match"] = known.etag
        if known is not None and known.modified:
            headers["If-Modified-Since"] = known.modified
        for name in ("InRelease", "Release"):
            url = f"{address}/{name}"
            with _explained(url), self._get(url, headers) as response:
                if response.status_code == 304 and known is not None:
                    return known
                if response.status_code == 200:
                    found = parse_release(response.text, address, sources)
                    etag, modified = (response.headers.get(key, "") for key in ("ETag", "Last-Modified"))
                    return found.model_copy(update={"etag": etag, "modified": modified})
                if response.status_code not in (404, 410):
                    raise StageError(f"{_shown(url)}: HTTP {response.status_code}", cause="archive_refused")
        return Release(address=address)

    def download(self, release: Release, file: Listed, target: Path) -> None:
        """Write ``file`` to ``target``.  Raises ``StageError`` unless it is what the release announced."""
        folder = file.path.rpartition("/")[0]
        urls = [f"{release.address}/{file.path}"]
        if release.by_hash:
            # Stays the announced file while the archive is being updated.
            urls.insert(0, f"{release.address}/{folder + '/' if folder else ''}by-hash/SHA256/{file.sha256}")
        for url in urls:
            with _explained(url), self._get(url, {"Accept-Encoding": "identity"}) as response:
                if response.status_code == 200:
                    _write(response, target)
                    if _matches(target, file):
                        return
                    target.unlink()
        raise StageError(
            f"{_shown(urls[-1])}: not there, or other bytes than the release announces",
            cause="archive_file_mismatch",
            retryable=True,
        )

    def _get(self, url: str, headers: dict[str, str]) -> requests.Response:
        for attempt in stamina.retry_context(on=_transient, attempts=ATTEMPTS, timeout=60, wait_max=10):
            with attempt:
                response = self._session.get(url, headers=headers, stream=True, timeout=TIMEOUT)
                if response.status_code == 429 or response.status_code >= 500:
                    response.close()
                    raise requests.HTTPError(f"HTTP {response.status_code}", response=response)
                return response
        raise AssertionError("unreachable: the last attempt raises")


def _write(response: requests.Response, target: Path) -> None:
    with target.open("wb") as file:
        for chunk in response.iter_content(CHUNK):
            file.write(chunk)


def _matches(path: Path, file: Listed) -> bool:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return path.stat().st_size == file.size and digest == file.sha256


def _transient(error: Exception) -> bool:
    if isinstance(error, requests.HTTPError):
        return True
    return isinstance(error, requests.ConnectionError | requests.Timeout) and not isinstance(
        error, requests.exceptions.SSLError
    )


def _shown(url: str) -> str:
    """Without credentials."""
    return urlsplit(url)._replace(netloc=urlsplit(url).hostname or "", query="").geturl()


@contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except (requests.RequestException, OSError) as error:
        raise StageError(
            f"the package archive does not answer: {_shown(url)}: {error}",
            cause="archive_unreachable",
            retryable=True,
            hint="check the apt sources of the base image and this machine's proxy, or work with --offline",
        ) from error
