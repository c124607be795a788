"""The real index: where it is according to the clients of this machine, and how to ask it.

TLS, proxies and credentials are used here, on the host, and go no further.  Never names a host
itself: the address is configured, or the installed client's own default.
"""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests
import stamina
import uv
from requests.adapters import HTTPAdapter

from envfactory.errors import PrerequisiteError, StageError

CONNECT_SECONDS, READ_SECONDS = 15.0, 60.0
ATTEMPTS = 4
_ENVIRONMENT = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")


@dataclass(frozen=True)
class Answer:
    """What the upstream said; ``status`` 304 means that the copy with that ``etag`` is current."""

    status: int
    body: bytes
    etag: str
    url: str


class Upstream:
    """One index, asked by any number of threads; ``client`` is whose configuration named it."""

    def __init__(self, index: str, client: str = "pip or uv (pip config list)") -> None:
        self.index = index.rstrip("/") + "/"
        self._hint = f"check the index address of {client}, or work with --offline"
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=8, pool_maxsize=32))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def page(self, path: str, accept: str, etag: str = "") -> Answer:
        """What is at ``path``.  Raises ``StageError`` when the upstream cannot be reached after retries."""
        headers = {"Accept": accept, **({"If-None-Match": etag} if etag else {})}
        url = self.index + path
        with _explained(url, self._hint):
            response = self._get(url, headers)
            with response:
                return Answer(
                    response.status_code, response.content, response.headers.get("ETag", ""), response.url
                )

    @contextmanager
    def download(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[requests.Response]:
        """A file as a stream.  Raises ``StageError`` when it cannot be had."""
        with _explained(url, self._hint):
            # Files are hashed as they are stored: no transparent decompression.
            response = self._get(url, {"Accept-Encoding": "identity", **(headers or {})})
            with response:
                if response.status_code >= 400:
                    raise StageError(f"{url}: HTTP {response.status_code}", cause="index_file_missing")
                yield response

    def _get(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        for attempt in stamina.retry_context(on=_transient, attempts=ATTEMPTS, timeout=60, wait_max=10):
            with attempt:
                response = self._session.get(
                    url,
                    headers=dict(headers),
                    stream=True,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    auth=self._auth(url),
                )
                if response.status_code == 429 or response.status_code >= 500:
                    response.close()
                    raise requests.HTTPError(f"HTTP {response.status_code}", response=response)
                return response
        raise AssertionError("unreachable: the last attempt raises")

    def _auth(self, url: str) -> tuple[str, str] | None:
        """Credentials of the index for files that it stores on the same host."""
        index, target = urlsplit(self.index), urlsplit(url)
        if (
            index.username
            and not target.username
            and (index.scheme, index.hostname) == (target.scheme, target.hostname)
        ):
            return unquote(index.username), unquote(index.password or "")
        return None


def _transient(error: Exception) -> bool:
    if isinstance(error, requests.HTTPError):
        return True
    return isinstance(error, requests.ConnectionError | requests.Timeout) and not isinstance(
        error, requests.exceptions.SSLError
    )


@contextmanager
def _explained(url: str, hint: str) -> Iterator[None]:
    shown = urlsplit(url)._replace(netloc=urlsplit(url).hostname or "", query="").geturl()
    try:
        yield
    except (requests.RequestException, OSError) as error:
        raise StageError(
            f"the package index does not answer: {shown}: {error}",
            cause="index_unreachable",
            retryable=True,
            hint=hint,
        ) from error


def configured_index(environ: Mapping[str, str] | None = None) -> str:
    """The index that pip or uv of this machine would use: environment, pip's files, uv's own answer."""
    environ = os.environ if environ is None else environ
    candidates = [environ.get(name, "") for name in _ENVIRONMENT]
    candidates += [_pip_file(path) for path in _pip_files(environ)]
    for candidate in candidates:
        if candidate.startswith(("http://", "https://")):
            return candidate
    return _uv_default()


def _pip_files(environ: Mapping[str, str]) -> list[Path]:
    """Those that pip reads, the last word first."""
    home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    named = environ.get("PIP_CONFIG_FILE")
    files = [Path(sys.prefix) / "pip.conf", config / "pip/pip.conf", home / ".pip/pip.conf"]
    return [*([Path(named)] if named else []), *files, Path("/etc/pip.conf"), Path("/etc/xdg/pip/pip.conf")]


def _pip_file(path: Path) -> str:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path)
    except (configparser.Error, UnicodeDecodeError):
        return ""
    for section in ("install", "global"):
        for key in ("index-url", "index_url"):
            if parser.has_option(section, key):
                return parser.get(section, key).strip()
    return ""


def _uv_default() -> str:
    """uv says what it would use, its configuration files considered."""
    command = [
        uv.find_uv_bin(),
        "pip",
        "compile",
        "--emit-index-url",
        "--offline",
        "--no-header",
        "--quiet",
        "-",
    ]
    try:
        done = subprocess.run(
            command, input="", capture_output=True, text=True, timeout=60, check=True, cwd="/"
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PrerequisiteError(
            f"uv does not run: {error}", hint="pip install --force-reinstall uv"
        ) from error
    for line in done.stdout.splitlines():
        option, _, address = line.partition(" ")
        if option == "--index-url" and address.startswith("http"):
            return address.strip()
    raise PrerequisiteError("neither pip nor uv has a package index configured", hint="set PIP_INDEX_URL")
