"""Reading ``Contents-<architecture>``: a line per path, with the packages that bring it.

Only what a build or a test asks for by name is kept: headers, libraries, ``.pc`` files, commands,
CMake package files, introspection data; about one line in fifteen.  Flat memory: a line at a time.
"""

from __future__ import annotations

import gzip
import lzma
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

_KEPT = re.compile(
    rb"(?!usr/include/python|usr/lib/python|usr/lib/gcc-cross/|usr/lib/gcc/[^ ]*/plugin/|usr/lib/klibc/)"
    rb"(?:usr/include/"
    rb"|(?:usr/)?s?bin/[^/]+\s"
    rb"|usr/lib/[^ ]*/include/"
    rb"|(?:usr/)?lib/(?:[^ ]*/)?lib[^/ ]*\.(?:so[^/ ]*|a)\s"
    rb"|usr/(?:lib|share)/[^ ]*\.(?:pc|gir|typelib)\s"
    rb"|usr/[^ ]*(?:Config|-config)\.cmake\s)"
)
"""Python's own folders are left out: tasks have an interpreter of their own, with its own headers."""

_UNWANTED = re.compile(
    r"-(?:doc|docs|dbg|dbgsym|debug|examples?|demos?|cross|sources?)$"
    r"|-cross-|mingw|-(?:arm|mips|powerpc|ppc|riscv|s390|sparc|alpha|hppa|m68k|sh4|i686|aarch64)\w*-(?:linux|none)"
    r"|^lib(?:32|64|x32|n32)[a-z]"
    # Interpreters of ours come from elsewhere, and what runs on them from the dated package index.
    r"|^(?:lib)?(?:python|pypy)[\d.]*(?:-|$)"
)
_SECTIONS = frozenset({"debug", "python"})


class Row(NamedTuple):
    """One path and one package that brings it."""

    name: str
    directory: str
    package: str


def unwanted(package: str, section: str) -> bool:
    """Whether nobody who misses a file means this package: documentation, debugging, other machines."""
    return section.rpartition("/")[2] in _SECTIONS or _UNWANTED.search(package) is not None


def parse_contents(lines: Iterable[bytes]) -> Iterator[Row]:
    """Rows of the lines that are kept; anything else, a preamble included, is passed over."""
    for line in lines:
        if not _KEPT.match(line):
            continue
        path, _, location = line.rstrip().rpartition(b" ")
        directory, _, name = path.rstrip().decode("utf-8", "replace").rpartition("/")
        if not name:
            continue
        for place in location.decode("utf-8", "replace").split(","):
            section, _, package = place.rpartition("/")
            if package and not unwanted(package, section):
                yield Row(name, directory, package)


def open_compressed(path: Path, name: str) -> BinaryIO:
    """The file at ``path``, decompressed as the end of ``name`` says."""
    if name.endswith(".gz"):
        return cast("BinaryIO", gzip.open(path))
    return cast("BinaryIO", lzma.open(path)) if name.endswith(".xz") else path.open("rb")
