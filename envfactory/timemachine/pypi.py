"""The Python package index as of a date, for uv, pip of any age, poetry, pdm and easy_install.

Pages under ``simple/``, files under ``files/<project>/<sha256>/<name>`` with ``.metadata`` beside
each wheel.  Never serves a file whose bytes do not have the announced sha256.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from envfactory.errors import StageError
from envfactory.timemachine import dating, simple
from envfactory.timemachine.cache import Page
from envfactory.timemachine.facts import File
from envfactory.timemachine.legacy import readable
from envfactory.timemachine.metadata import remote_metadata, wheel_metadata
from envfactory.timemachine.protocol import Answer, Request, View
from envfactory.timemachine.stock import Stock
from envfactory.timemachine.upstream import Upstream, configured_index

PARSED_PAGES = 256
YARDSTICK = "pip"
"""A project that every index has."""
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_BLIND_PIP = re.compile(r"\bpip/([0-8])\.\S* .*\"python\": ?\"(\d+\.\d+[\d.]*)")
_BLIND_SETUPTOOLS = re.compile(
    r"Python-urllib/(\d+\.\d+) (?:setuptools|distribute)/|(?:^|\s)setuptools/\S+ Python-urllib/(\d+\.\d+)"
)
_FILE_HEADERS = {"Cache-Control": "max-age=31536000, immutable"}
_PAGE_HEADERS = {"Cache-Control": "max-age=600", "Vary": "Accept"}


class PyPI:
    """One upstream index and its cache."""

    NAME = "pypi"
    PLACES: Sequence[str] = ("simple", "files")

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._upstream = None if stock.offline else Upstream(stock.upstream or configured_index())
        self._parsed: dict[tuple[str, float], list[File]] = {}
        self._lock = threading.Lock()

    @staticmethod
    def environment(url: str) -> Mapping[str, str]:
        """Variables for uv and pip (also a child pip that ignores flags)."""
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

    def client_files(self, url: str, given: str) -> Mapping[str, str]:
        """For the easy_install that a ``setup.py`` of old starts by itself, which knows no variable."""
        return {"~/.pydistutils.cfg": f"[easy_install]\nindex_url = {url}\n"}

    def close(self) -> None:
        """Close the connections to the upstream."""
        if self._upstream:
            self._upstream.close()

    # -- what exists ---------------------------------------------------------------------------

    def files(self, name: str, cutoff: datetime | None) -> list[File] | None:
        """All files of a project as known well enough to show ``cutoff``; ``None`` if there is none."""
        project = canonicalize_name(name)
        if not _NAME.fullmatch(project):
            return None
        replay = self._stock.replay
        if replay:
            return replay.files(self.NAME, project, self._known(project, None) or ()) or None
        return self._known(project, cutoff)

    def _known(self, project: str, cutoff: datetime | None) -> list[File] | None:
        moment = self.effective_cutoff(project, cutoff).timestamp() if cutoff else math.inf
        fetch = partial(self._upstream.page, f"{project}/", simple.JSON_TYPE) if self._upstream else None
        page = self._stock.cache.page(project, moment, fetch)
        return self._parse(project, page) if page and page.status == 200 else None

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
        files, project = self.files(name, cutoff), canonicalize_name(name)
        if files is None:
            return None
        replay = self._stock.replay
        if replay:
            listed = replay.entries(self.NAME, project)
            return dating.Dated(tuple(files), {name: entry.rule for name, entry in listed.items()})
        undated = files and all(file.upload_time is None for file in files)
        if undated and self._upstream and not self._tells_times(cutoff):
            raise StageError(
                f"{project}: the index tells no upload time of any of its {len(files)} files",
                cause="index_without_dates",
                hint="set PIP_INDEX_URL to an index whose JSON pages have upload times",
            )
        return dating.visible(project, files, cutoff)

    def _tells_times(self, cutoff: datetime) -> bool:
        """Whether this index knows upload times at all; single projects may lack them anywhere."""
        return any(file.upload_time for file in self._known(YARDSTICK, cutoff) or ())

    def effective_cutoff(self, name: str, cutoff: datetime) -> datetime:
        """The cut-off, not below the project's floor."""
        return dating.effective_cutoff(canonicalize_name(name), cutoff)

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
        body = simple.render_html(project, files, dated.warning)
        return Answer(200, body, simple.HTML_TYPE, headers=_PAGE_HEADERS)

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
        path = self._stock.path(file)
        length = path.stat().st_size if path.exists() else file.size
        body: bytes | Iterator[bytes] = b""
        if not head:
            rule = dated.rule(file.filename) if dated else "dated"
            body = self._stock.served(file, self._upstream, view, rule)
        return Answer(200, body, "application/octet-stream", length, _FILE_HEADERS)

    # -- bytes ---------------------------------------------------------------------------------

    def _metadata(self, file: File) -> bytes:
        cache = self._stock.cache
        path = cache.file(file.sha256, file.filename + ".metadata")
        with cache.locked(f"metadata-{file.sha256}"):
            if not path.exists():
                known = file.metadata_sha256.strip("-")
                announced = ("sha256", known) if known else ("", "")
                for _ in cache.store(path, announced, iter((self._found_metadata(file),))):
                    pass
        return path.read_bytes()

    def _found_metadata(self, file: File) -> bytes:
        """From the wheel if it is here, else what the upstream has beside it, else out of its wheel."""
        if self._upstream and file.url and not self._stock.path(file).exists():
            if file.metadata_sha256:
                with self._upstream.download(file.url + ".metadata") as response:
                    return bytes(response.content)
            found = remote_metadata(self._upstream, file)
            if found is not None:
                return found
        with self._stock.kept(file, self._upstream).open("rb") as source:
            return wheel_metadata(source, file.filename)


def blind_interpreter(agent: str) -> str:
    """The Python version of a client that does not look at ``data-requires-python`` itself, else ``""``."""
    for pattern in (_BLIND_PIP, _BLIND_SETUPTOOLS):
        found = pattern.search(agent)
        if found:
            return found.group(found.lastindex or 1)
    return ""
