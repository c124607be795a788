"""The index for a set of sources: found in the user's cache, or made from what the archive says today.

    <cache>/debian/<digest of the sources>.json   what was asked last, and when
    <cache>/debian/<digest of the files>.sqlite   the index; never changed once it is there

One process makes an index while others wait.  When the archive does not answer, the index of an
earlier day is better than none.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from envfactory.debian.index import LAYOUT, Index, Part, build
from envfactory.debian.mirror import Mirror
from envfactory.debian.releases import Release, digest
from envfactory.debian.sources import Source
from envfactory.errors import StageError
from envfactory.records import Record, canonical_json
from envfactory.workspace import write_atomic

log = logging.getLogger(__name__)

DAY = 86_400.0
"""A release is not asked for again within a day; a stable suite changes every few months."""


class _Known(Record):
    """What was asked last."""

    asked: float
    index: str
    releases: tuple[Release, ...]


def open_index(sources: Sequence[Source], cache: Path, *, offline: bool = False) -> Index:
    """The index of ``sources``, which are not empty.

    Raises ``StageError`` when there is none in the cache and the archive does not answer (or may not
    be asked).
    """
    folder = cache / "debian"
    folder.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(canonical_json([LAYOUT, *map(repr, sorted(sources))])).hexdigest()[:32]
    state = folder / f"{key}.json"
    with FileLock(folder / f"{key}.lock"):
        known = _read(state)
        path = folder / f"{known.index}.sqlite" if known is not None else None
        present = Index(path) if path is not None and path.is_file() else None
        if known is not None and present is not None and (offline or time.time() - known.asked < DAY):
            return present
        if offline:
            raise StageError(
                "the index of Debian's files is not in the cache, and this run is offline",
                cause="archive_offline",
                hint="run once without --offline",
            )
        try:
            return _refreshed(sources, state, known)
        except StageError as error:
            if present is None:
                raise
            log.warning("%s; using the index made earlier", error)
            return present


def _refreshed(sources: Sequence[Source], state: Path, known: _Known | None) -> Index:
    before = {release.address: release for release in known.releases} if known else {}
    with Mirror() as mirror:
        releases = _releases(mirror, sources, before)
        if not any("Contents-" in file.path for release in releases for file in release.files):
            raise StageError("the archive publishes no Contents files", cause="archive_without_contents")
        name = digest(releases, LAYOUT)
        path = state.parent / f"{name}.sqlite"
        if not path.is_file():
            with tempfile.TemporaryDirectory(prefix=".", suffix=".download", dir=state.parent) as folder:
                build(path, _downloads(mirror, releases, Path(folder)))
    write_atomic(state, _Known(asked=time.time(), index=name, releases=releases).model_dump_json())
    return Index(path)


def _releases(
    mirror: Mirror, sources: Sequence[Source], before: Mapping[str, Release]
) -> tuple[Release, ...]:
    by_address: dict[str, list[Source]] = {}
    for source in sorted(sources):
        by_address.setdefault(source.release, []).append(source)
    return tuple(mirror.release(address, items, before.get(address)) for address, items in by_address.items())


def _downloads(mirror: Mirror, releases: Sequence[Release], folder: Path) -> Iterator[Part]:
    """One at a time: each is removed when the next is asked for."""
    for release in releases:
        for file in release.files:
            target = folder / "part"
            mirror.download(release, file, target)
            yield Part(target, file.path)
            target.unlink()


def _read(path: Path) -> _Known | None:
    try:
        return _Known.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
