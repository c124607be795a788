"""The npm registry as of a date, for npm, yarn and pnpm.

Documents are at ``registry/<name>``, files at ``registry/<name>/-/<file>`` where lock files expect
them.  Never serves a file whose bytes do not have the announced hash; never hides versions by a date
that cannot be that of their publication.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any
from urllib.parse import quote

from envfactory.errors import StageError
from envfactory.timemachine import dating, npm_config, packument
from envfactory.timemachine.cache import Page
from envfactory.timemachine.facts import File
from envfactory.timemachine.protocol import Answer, Request, View
from envfactory.timemachine.stock import Stock
from envfactory.timemachine.upstream import Upstream

PARSED_DOCUMENTS = 32
YARDSTICK = "npm"
"""A package that every registry has, with hundreds of versions: an index that dates it by ingestion does
so with all."""
_NAME = re.compile(r"(@[a-z0-9~._-]+/)?[A-Za-z0-9~._!'()*-]+", re.IGNORECASE)
_JSON_TYPE = "application/json"


class NPM:
    """One upstream registry and its cache."""

    NAME = "npm"
    PLACES: Sequence[str] = ("registry",)

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._parsed: dict[tuple[str, float], dict[str, Any]] = {}
        self._lock = threading.Lock()

    @cached_property
    def _upstream(self) -> Upstream | None:
        """Looked up on first use: without tasks in JavaScript no npm is needed here."""
        if self._stock.offline:
            return None
        return Upstream(self._stock.upstream or npm_config.configured_registry(), "npm (npm config list)")

    @staticmethod
    def environment(url: str) -> Mapping[str, str]:
        """Variables for npm, yarn and pnpm."""
        return npm_config.environment(url)

    def client_files(self, url: str, given: str) -> Mapping[str, str]:
        """None: variables are enough."""
        return {}

    def close(self) -> None:
        """Close the connections to the upstream."""
        upstream = self.__dict__.get("_upstream")
        if upstream:
            upstream.close()

    # -- what exists ---------------------------------------------------------------------------

    def files(self, name: str, cutoff: datetime | None) -> list[File] | None:
        """All files of a project as known well enough to show ``cutoff``; ``None`` if there is none."""
        found = self._document(name, cutoff)
        return None if found is None else found[1]

    def dated(self, name: str, cutoff: datetime) -> dating.Dated | None:
        """What is shown of a project; ``None`` if there is no such project."""
        found = self._document(name, cutoff)
        return None if found is None else self._dated(name, found[1], cutoff)

    def effective_cutoff(self, name: str, cutoff: datetime) -> datetime:
        """The cut-off: no project has a floor."""
        return cutoff

    def _dated(self, name: str, files: list[File], cutoff: datetime) -> dating.Dated:
        replay = self._stock.replay
        if replay:
            listed = replay.entries(self.NAME, name)
            return dating.Dated(tuple(files), {name: entry.rule for name, entry in listed.items()})
        if not any(file.upload_time for file in files):
            return dating.undated(name, files, "no version has a date of publication")
        believable = packument.believable(files)
        if believable is False:
            return dating.undated(name, files, "the dates contradict the order of the versions")
        if believable is None and name != YARDSTICK and not self._index_believable():
            return dating.undated(name, files, "this registry's dates are not those of publication")
        return dating.visible(name, files, cutoff, floors={})

    def _index_believable(self) -> bool:
        known = self._document(YARDSTICK, None)
        return known is None or packument.believable(known[1]) is not False

    def _document(self, name: str, cutoff: datetime | None) -> tuple[dict[str, Any], list[File]] | None:
        if not _NAME.fullmatch(name) or name.startswith("."):
            return None
        replay, upstream = self._stock.replay, self._upstream
        place = quote(name, safe="@")
        moment = cutoff.timestamp() if cutoff and not replay else math.inf
        fetch = partial(upstream.page, place, _JSON_TYPE) if upstream else None
        page = self._stock.cache.page(place, moment, fetch)
        if page is None or page.status != 200:
            return None
        document = self._parse(name, page)
        files = packument.files(document, name, page.url)
        if replay:
            files = [file for file in files if replay.lists(self.NAME, file.project, file.filename)]
        return document, files

    def _parse(self, name: str, page: Page) -> dict[str, Any]:
        key = (name, page.fetched)
        with self._lock:
            if key in self._parsed:
                return self._parsed[key]
        try:
            found = json.loads(page.body)
            packument.files(found, name, page.url)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StageError(
                f"{page.url}: not a document of a registry: {error}",
                cause="index_without_dates",
                hint="set NPM_CONFIG_REGISTRY to a registry for npm",
            ) from error
        with self._lock:
            while len(self._parsed) >= PARSED_DOCUMENTS:
                self._parsed.pop(next(iter(self._parsed)))
            self._parsed[key] = {"name": name, **found}
            return self._parsed[key]

    # -- requests ------------------------------------------------------------------------------

    def respond(self, view: View, request: Request) -> Answer:
        """Answer a client."""
        match request.parts:
            case ("registry", *parts) if "-" in parts[1:]:
                at = parts.index("-", 1)
                return self._file(view, "/".join(parts[:at]), parts[-1], head=request.head)
            case ("registry", name) | ("registry", name, "") if name:
                return self._page(view, request, name)
            case ("registry", scope, name) if scope.startswith("@"):
                return self._page(view, request, f"{scope}/{name}")
            case ("registry", name, wanted) | ("registry", name, wanted, ""):
                return self._version(view, request, name, wanted)
            case ("registry", scope, name, wanted) if scope.startswith("@"):
                return self._version(view, request, f"{scope}/{name}", wanted)
        return Answer(404, b'{"error": "no such address; projects are under registry/NAME"}', _JSON_TYPE)

    def _page(self, view: View, request: Request, name: str) -> Answer:
        abbreviated = packument.ABBREVIATED in request.accept
        found = self._shown(view, request, name, abbreviated)
        if found is None:
            where = "" if self._upstream else " in the offline cache"
            return _missing(f"no project {name} as of {view.cutoff:%Y-%m-%d}{where}")
        page, warning = found
        headers = {"Cache-Control": "max-age=300", "Vary": "Accept"}
        if warning:
            headers["Warning"] = f'199 - "{_plain(warning)}"'
        kind = packument.ABBREVIATED if abbreviated else _JSON_TYPE
        return Answer(200, json.dumps(page, separators=(",", ":")).encode(), kind, headers=headers)

    def _version(self, view: View, request: Request, name: str, wanted: str) -> Answer:
        found = self._shown(view, request, name, abbreviated=False)
        page = found[0] if found else {"dist-tags": {}, "versions": {}}
        about = page["versions"].get(page["dist-tags"].get(wanted, wanted))
        if about is None:
            return _missing(f"no version {wanted} of {name} as of {view.cutoff:%Y-%m-%d}")
        return Answer(200, json.dumps(about).encode(), _JSON_TYPE)

    def _shown(
        self, view: View, request: Request, name: str, abbreviated: bool
    ) -> tuple[dict[str, Any], str] | None:
        found = self._document(name, view.cutoff)
        if found is None:
            return None
        dated = self._dated(name, found[1], view.cutoff)
        base = f"{request.base}/{self.PLACES[0]}"
        page = packument.render(found[0], dated.files, base, abbreviated=abbreviated)
        return (page, dated.warning) if dated.files else None

    def _file(self, view: View, name: str, filename: str, *, head: bool) -> Answer:
        dated = self.dated(name, view.cutoff)
        file = next((file for file in dated.files if file.filename == filename), None) if dated else None
        if dated is None or file is None:
            return _missing(f"{filename} did not exist as of {view.cutoff:%Y-%m-%d}")
        path = self._stock.path(file)
        length = path.stat().st_size if path.exists() else None
        body: bytes | Iterator[bytes] = b""
        if not head:
            body = self._stock.served(file, self._upstream, view, dated.rule(filename))
        headers = {"Cache-Control": "max-age=31536000, immutable"}
        return Answer(200, body, "application/octet-stream", length, headers)


def _missing(reason: str) -> Answer:
    return Answer(404, json.dumps({"error": reason}).encode(), _JSON_TYPE)


def _plain(text: str) -> str:
    return text.replace('"', "'").encode("ascii", "replace").decode()
