"""Files into and out of a container as tar streams, owned by root, bounded in size.

Never follows a link, never unpacks onto the host.
"""

from __future__ import annotations

import io
import stat
import tarfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from envfactory.errors import TrialError

File = bytes | tuple[bytes, int]
"""Content, or content and mode; with the file type of a link (0o120000) the content is its target."""


def pack(files: Mapping[str, File], root: str) -> bytes:
    """A tar of ``files`` relative to ``/``; relative names are below ``root``."""
    buffer = io.BytesIO()
    now = int(time.time())  # not 0: build tools compare times, and zip files cannot hold 1970
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, value in files.items():
            content, mode = value if isinstance(value, tuple) else (value, 0o644)
            path = PurePosixPath("/", root, name)
            if ".." in path.parts:
                raise ValueError(f"a path inside a container may not hold '..': {name}")
            entry = tarfile.TarInfo(str(path).lstrip("/"))
            entry.mode = stat.S_IMODE(mode)
            entry.mtime = now
            if stat.S_ISLNK(mode):
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, content.decode(), 0o777
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def unpack_one(chunks: Iterable[bytes], path: str, max_bytes: int) -> bytes:
    """The one regular file that the engine sent for ``path``."""
    try:
        with tarfile.open(fileobj=_Stream(chunks), mode="r|") as tar:
            entry = tar.next()
            if entry is None or not entry.isreg():
                raise not_a_file(path)
            if entry.size > max_bytes:
                raise too_large(path, entry.size, max_bytes)
            source = tar.extractfile(entry)
            content = source.read(max_bytes + 1) if source else b""
            if len(content) != entry.size:
                raise tarfile.ReadError("file changed while it was read")
            return content
    except tarfile.TarError as error:
        raise TrialError(
            f"{path}: cannot be read from the container: {error}", cause="report_unreadable"
        ) from error


def not_a_file(path: str) -> TrialError:
    """A link, a directory or a device stands where a file was expected."""
    return TrialError(f"{path}: not a regular file in the container", cause="report_not_a_file")


def too_large(path: str, size: int, limit: int) -> TrialError:
    """More than the caller is ready to hold."""
    return TrialError(f"{path}: {size} bytes in the container, more than {limit}", cause="report_too_large")


class _Stream(io.RawIOBase):
    """A readable file over an iterator of chunks, so that nothing is held but one chunk."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts, missing = [], size if size >= 0 else 1 << 62
        while missing > 0:
            if not self._rest:
                self._rest = next(self._chunks, b"")
                if not self._rest:
                    break
            part, self._rest = self._rest[:missing], self._rest[missing:]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)
