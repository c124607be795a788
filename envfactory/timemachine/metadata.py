"""A wheel's METADATA without the wheel: a few ranges of the upstream's file instead of all of it.

With it a resolver tries fifty versions for kilobytes.  Never runs anything of the wheel.
"""

from __future__ import annotations

import io
import zipfile

from envfactory.errors import StageError
from envfactory.timemachine.facts import File
from envfactory.timemachine.upstream import Upstream

BLOCK = 1 << 16
LARGEST = 16 << 20


def remote_metadata(upstream: Upstream, file: File) -> bytes | None:
    """METADATA of a wheel at the upstream; ``None`` when that does not answer ranges."""
    if file.size is None:
        return None
    try:
        return wheel_metadata(_Remote(upstream, file.url, file.size), file.filename)
    except _NoRangesError:
        return None


def wheel_metadata(source: io.RawIOBase | io.BufferedIOBase, filename: str) -> bytes:
    """METADATA of the wheel in ``source``.  ``StageError`` when it has none or more than one."""
    try:
        with zipfile.ZipFile(source) as archive:
            return _only_metadata(archive, filename)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise StageError(f"{filename}: not a readable wheel: {error}", cause="index_bad_wheel") from error


def _only_metadata(archive: zipfile.ZipFile, filename: str) -> bytes:
    names = [
        info
        for info in archive.infolist()
        if info.filename.count("/") == 1 and info.filename.endswith(".dist-info/METADATA")
    ]
    expected = filename.split("-")[0].lower().replace("_", "-").replace(".", "-")
    if len(names) > 1:
        names = [
            info
            for info in names
            if info.filename.split("-")[0].lower().replace("_", "-").replace(".", "-") == expected
        ]
    if len(names) != 1 or names[0].file_size > LARGEST:
        raise StageError(f"{filename}: {len(names)} METADATA files in the wheel", cause="index_bad_wheel")
    return archive.read(names[0])


class _NoRangesError(Exception):
    """The server sends whole files only."""


class _Remote(io.RawIOBase):
    """A remote file that reads only the blocks that are asked for; its end comes first and in one go."""

    def __init__(self, upstream: Upstream, url: str, size: int) -> None:
        self._upstream, self._url, self._size = upstream, url, size
        self._position = 0
        self._blocks: list[tuple[int, bytes]] = []
        self._fetch(max(size - 2 * BLOCK, 0), size)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("seek before the start")
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        start = self._position
        end = self._size if size < 0 else min(start + size, self._size)
        if end <= start:
            return b""
        data = self._held(start, end)
        if data is None:
            self._fetch(start, min(max(end, start + BLOCK), self._size))
            data = self._held(start, end) or b""
        self._position += len(data)
        return data

    def _held(self, start: int, end: int) -> bytes | None:
        for offset, block in self._blocks:
            if offset <= start and end <= offset + len(block):
                return block[start - offset : end - offset]
        return None

    def _fetch(self, start: int, end: int) -> None:
        with self._upstream.download(self._url, {"Range": f"bytes={start}-{end - 1}"}) as response:
            if response.status_code != 206:
                raise _NoRangesError
            self._blocks.append((start, response.content))
