"""The signed list of a suite's files: name, size and sha256 of each.

What the list says is what downloads are checked against.  The signature itself is not checked here:
what is learned from the files is a package's *name*, and apt checks the signature when it installs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from envfactory.debian.sources import Source
from envfactory.records import Record

_ENTRY = re.compile(r"^ ([0-9a-f]{64})\s+(\d+)\s+(\S+)$")
ORDER = {"Contents": (".gz", ".xz"), "Packages": (".xz", ".gz")}
"""Which compression is taken, the preferred first."""
EMPTY = 32
"""Bytes of an empty file in the longer of these compressions."""


class Listed(Record):
    """One file of a suite."""

    path: str
    """Relative to the release."""
    sha256: str
    size: int


class Release(Record):
    """What is kept of a suite's list: the files that are asked for, and what makes a question conditional."""

    address: str
    by_hash: bool = False
    etag: str = ""
    modified: str = ""
    files: tuple[Listed, ...] = ()


def parse_release(text: str, address: str, sources: Iterable[Source]) -> Release:
    """The indexes of ``sources`` among the files of ``InRelease`` (or ``Release``) text.

    Nothing is taken of a suite without contents: it is an overlay of newer versions of the same
    packages (security updates), and changes every day.
    """
    files = _files(text)
    wanted: dict[str, Listed] = {}
    for source in sources:
        contents, packages = (_first(files, names) for names in _names(source))
        if any(file.size > EMPTY for file in contents):
            wanted |= {file.path: file for file in (*contents, *(packages if _own(text, source) else ()))}
    by_hash = _field(text, "Acquire-By-Hash").lower() == "yes"
    return Release(address=address, by_hash=by_hash, files=tuple(wanted[path] for path in sorted(wanted)))


def _own(text: str, source: Source) -> bool:
    """Whether the source's packages are in a list of their own.

    Most archives repeat those for all architectures in each architecture's list, and say so; the list
    of theirs is then kept for nobody, and may be out of date.
    """
    if source.architecture != "all":
        return True
    shared = "Packages" in _field(text, "No-Support-for-Architecture-all").split()
    return not shared and "all" in _field(text, "Architectures").split()


def _first(files: Mapping[str, Listed], names: Iterable[Iterable[str]]) -> list[Listed]:
    found = (next((files[name] for name in stems if name in files), None) for stems in names)
    return [file for file in found if file is not None]


def _field(text: str, name: str) -> str:
    match = re.search(rf"(?mi)^{name}:[ \t]*(.*?)\s*$", text)
    return match.group(1) if match else ""


def _files(text: str) -> Mapping[str, Listed]:
    found: dict[str, Listed] = {}
    inside = False
    for line in text.splitlines():
        if not line.startswith(" "):
            inside = line.strip() == "SHA256:"
        elif inside and (match := _ENTRY.match(line.rstrip())):
            sha256, size, path = match.groups()
            found[path] = Listed(path=path, sha256=sha256, size=int(size))
    return found


def _names(source: Source) -> tuple[list[list[str]], list[list[str]]]:
    """Of contents and of packages: for each index its possible names, the preferred first.

    The contents of packages for all architectures are in a file of their own since Debian 11;
    archives that keep one list for all components have it at the top.
    """
    component, architecture = source.component, source.architecture
    own = [f"{component}/Contents-{architecture}", f"Contents-{architecture}"]
    common = [f"{component}/Contents-all", "Contents-all"]
    packages = [f"{component}/binary-{architecture}/Packages{end}" for end in ORDER["Packages"]]
    contents = [[f"{stem}{end}" for stem in stems for end in ORDER["Contents"]] for stems in (own, common)]
    return contents, [packages]


def digest(releases: Iterable[Release], version: int) -> str:
    """Identity of an index built in layout ``version`` from these releases."""
    lines = [f"layout {version}"]
    for release in releases:
        lines += sorted(f"{file.sha256} {file.path}" for file in release.files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
