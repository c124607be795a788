"""The Python package index as of a date, for uv, pip of any age, poetry, pdm and easy_install.

Pages under ``simple/``, files under ``files/<project>/<sha256>/<name>`` with ``.metadata`` beside
each wheel.  Never serves a file whose bytes do not have the announced sha256.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from packaging.utils import canonicalize_name

from envfactory.errors import StageError
from envfactory.timemachine import dating, simple
from envfactory.timemachine.cache import CHUNK, Cache, Page
from envfactory.timemachine.facts import File, LedgerEntry, Release
from envfactory.timemachine.ledger import Ledger
from envfactory.timemachine.legacy import readable
from envfactory.timemachine.metadata import remote_metadata, wheel_metadata
from envfactory.timemachine.protocol import Answer, Request, View
from envfactory.timemachine.upstream import Answer as UpstreamAnswer
from envfactory.timemachine.upstream import Upstream

PARSED_PAGES = 256
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_BLIND_PIP = re.compile(r"\bpip/([0-8])\.\S* .*\"python\": ?\"(\d+\.\d+[\d.]*)")
_BLIND_SETUPTOOLS = re.compile(r"Python-urllib/(\d+\.\d+) (?:setuptools|distribute)/")
_FILE_HEADERS = {"Cache-Control": "max-age=31536000, immutable"}
_PAGE_HEADERS = {"Cache-Control": "max-age=600", "Vary": "Accept"}


class PyPI:
    """One upstream index and its cache; ``upstream`` is ``None`` when working offline."""

    NAME = "pypi"

    def __init__(self, upstream: Upstream | None, cache: Cache, ledger: Ledger) -> None:
        self._upstream, self._cache, self._ledger = upstream, cache, ledger
        self._parsed: dict[tuple[str, float], list[File]] = {}
        self._lock = threading.Lock()

    def root(self) -> Sequence[str]:
        """Where clients start."""
        return ("simple",)

    def close(self) -> None:
        """Close the connections to the upstream."""
        if self._upstream:
            self._upstream.close()

    # -- what exists ---------------------------------------------------------------------------

    def files(self, name: str, cutoff: datetime) -> list[File] | None:
        """All files of a project as known well enough to show ``cutoff``; ``None`` if there is none."""
        project = canonicalize_name(name)
        if not _NAME.fullmatch(project):
            return None
        upstream = self._upstream
        moment = dating.effective_cutoff(project, cutoff).timestamp()
        fetch = partial(upstream.page, project, simple.JSON_TYPE) if upstream else _nowhere
        page = self._cache.page(project, moment, fetch, offline=upstream is None)
        if page is None or page.status != 200:
            return None
        return self._parse(project, page)

    def _parse(self, project: str, page: Page) -> list[File]:
        key = (project, page.fetched)
        with self._lock:
            if key in self._parsed:
                return self._parsed[key]
        try:
            found = simple.parse(page.body, project, page.url)
        except (ValueError, KeyError, TypeError) as error:
            raise StageError(
                f"{page.url}: not a project page in JSON, so it has no upload times",
                cause="index_without_dates",
                hint="set PIP_INDEX_URL to an index that serves the JSON simple API",
            ) from error
        with self._lock:
            while len(self._parsed) >= PARSED_PAGES:
                self._parsed.pop(next(iter(self._parsed)))
            self._parsed[key] = found
        return found

    def dated(self, name: str, cutoff: datetime) -> dating.Dated | None:
        """What is shown of a project; ``None`` if there is no such project."""
        files = self.files(name, cutoff)
        return None if files is None else dating.visible(canonicalize_name(name), files, cutoff)

    # -- requests ------------------------------------------------------------------------------

    def respond(self, view: View, request: Request) -> Answer:
        """Answer a client."""
        match request.parts:
            case ("simple" | "simple", "") | ("simple",):
                # easy_install reads the list of all projects when one is missing; ours stays empty.
                return Answer(200, simple.render_html("simple index", ()), simple.HTML_TYPE)
            case ("simple", name, ""):
                return self._page(view, request, name)
            case ("simple", name):
                return Answer(301, b"", headers={"Location": f"{name}/"})
            case ("files", project, sha256, filename):
                return self._file(view, project, sha256, filename, request.head)
        return Answer(404, b"no such address; projects are under simple/NAME/\n")

    def _page(self, view: View, request: Request, name: str) -> Answer:
        dated = self.dated(name, view.cutoff)
        if dated is None:
            return Answer(
                404, f"no project {name}{'' if self._upstream else ' in the offline cache'}\n".encode()
            )
        files = list(dated.files)
        interpreter = blind_interpreter(request.agent)
        if interpreter:
            files = dating.usable(files, interpreter)
        project = canonicalize_name(name)
        if simple.JSON_TYPE in request.accept:
            body = simple.render_json(project, files, dated.warning)
            return Answer(200, body, simple.JSON_TYPE, headers=_PAGE_HEADERS)
        return Answer(200, simple.render_html(project, files), simple.HTML_TYPE, headers=_PAGE_HEADERS)

    def _file(self, view: View, project: str, sha256: str, filename: str, head: bool) -> Answer:
        wants_metadata = filename.endswith(".whl.metadata")
        wanted = filename.removesuffix(".metadata") if wants_metadata else filename
        dated = self.dated(project, view.cutoff)
        for file in dated.files if dated else ():
            if file.sha256 == sha256 and file.filename == wanted:
                break
        else:
            return Answer(404, f"{wanted} did not exist at that date\n".encode())
        if wants_metadata:
            return Answer(200, readable(self._metadata(file)), "binary/octet-stream", headers=_FILE_HEADERS)
        path = self._cache.file(file.sha256, file.filename)
        length = path.stat().st_size if path.exists() else file.size
        rule = (dated.rules if dated else {}).get(file.filename, "dated")
        body: bytes | Iterator[bytes] = b"" if head else self._served(file, view, rule)
        return Answer(200, body, "application/octet-stream", length, _FILE_HEADERS)

    def _served(self, file: File, view: View, rule: str) -> Iterator[bytes]:
        """The file, noted in the ledger just before its last piece goes out."""
        held: bytes | None = None
        for piece in self.content(file):
            if held is not None:
                yield held
            held = piece
        self._ledger.add(
            LedgerEntry(
                ecosystem=self.NAME,
                name=file.project,
                version=file.version,
                filename=file.filename,
                sha256=file.sha256,
                upload_time=file.upload_time,
                cutoff=view.cutoff,
                token=view.token,
                rule=rule,
            )
        )
        yield held or b""

    # -- bytes ---------------------------------------------------------------------------------

    def content(self, file: File) -> Iterator[bytes]:
        """A file's bytes, from the cache or through it."""
        path = self._cache.file(file.sha256, file.filename)
        if not path.exists():
            with self._cache.locked(f"file-{file.sha256}"):
                if not path.exists():
                    yield from self._fetched(file, path)
                    return
        yield from _read(path)

    def _fetched(self, file: File, path: Path) -> Iterator[bytes]:
        if self._upstream is None:
            raise StageError(f"{file.filename} is not in the offline cache", cause="index_offline")
        with self._upstream.download(file.url) as response:
            yield from self._cache.store(path, file.sha256, response.iter_content(CHUNK))

    def _metadata(self, file: File) -> bytes:
        path = self._cache.file(file.sha256, file.filename + ".metadata")
        with self._cache.locked(f"metadata-{file.sha256}"):
            if not path.exists():
                known = file.metadata_sha256.strip("-")
                for _ in self._cache.store(path, known, iter((self._found_metadata(file),))):
                    pass
        return path.read_bytes()

    def _found_metadata(self, file: File) -> bytes:
        """From the wheel if it is here, else what the upstream has beside it, else out of its wheel."""
        wheel = self._cache.file(file.sha256, file.filename)
        if self._upstream and not wheel.exists():
            if file.metadata_sha256:
                with self._upstream.download(file.url + ".metadata") as response:
                    return bytes(response.content)
            found = remote_metadata(self._upstream, file)
            if found is not None:
                return found
        for _ in self.content(file):
            pass
        with wheel.open("rb") as source:
            return wheel_metadata(source, file.filename)


def releases(files: Sequence[File]) -> list[Release]:
    """Files grouped by version, in the order of their first upload."""
    versions: dict[str, list[File]] = {}
    for file in files:
        versions.setdefault(file.version, []).append(file)
    return [Release(version, tuple(members)) for version, members in versions.items()]


def blind_interpreter(agent: str) -> str:
    """The Python version of a client that does not look at ``data-requires-python`` itself, else ``""``."""
    for pattern in (_BLIND_PIP, _BLIND_SETUPTOOLS):
        found = pattern.search(agent)
        if found:
            return found.group(found.lastindex or 1)
    return ""


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _nowhere(_: str) -> UpstreamAnswer:
    raise StageError("no upstream when offline", cause="index_offline")
