"""Which of several packages with a file of the asked name is meant.

In this order, each with its reason:

1. where the file lies, for what asks for it: a compiler finds ``usr/include/<name>`` by itself, a
   folder below it only with the project's help, and the less probable the deeper it is;
2. a ``-dev`` package for what is needed to build, any other for what is needed to run;
3. no port to another language (``librust-…``, ``libghc-…``): it brings files for its own compilers;
4. the wanted name as the package's name, else in it: Debian names packages after what they bring;
5. of several versions the one that Debian's unversioned package stands for;
6. of several flavours that for OpenSSL, which upstreams build against; Debian's own packages often
   may not, for the sake of their licences, so that counting them would mislead;
7. the package that most others of the archive depend on;
8. the shortest name, the highest version, the first in the alphabet: the answer is always the same.

A bare header name that many projects have below folders of their own (``config.h``) is nobody's: then
nothing is chosen.  Pure functions; what is asked and from where is ``lookup``'s business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from envfactory.debian.index import Candidate
from envfactory.debian.packages import versions

SOURCES_AT_MOST = 4
"""Header names below folders of more source packages than this name nothing in particular.
Among the headers of 90 common libraries none has more than three, ``config.h`` has over a hundred."""
DEEPEST_LOADED = 1
"""The loader looks in the library folder, alternatives link one folder below; plug-ins lie deeper."""

_MULTIARCH = re.compile(r"^(?:\w+-linux-gnu\w*)(?:/|$)")
_PORTS = frozenset(
    ("gnu-r", "golang", "haskell", "javascript", "lisp", "ocaml", "perl", "php", "raku", "ruby", "rust")
)
_LIBRARY_FOLDER = re.compile(r"^(?:usr/)?lib(?:/|$)")
_COMMAND_FOLDERS = {"usr/bin": 0, "bin": 0, "usr/sbin": 1, "sbin": 1}

Place = Callable[[str], int | None]
"""Directory -> rank, the smaller the better; ``None``: not a place for this kind of file."""


def include_place(prefix: str) -> Place:
    """Where ``#include <prefix/name>`` may be found; ``prefix`` is empty for a bare name."""

    def place(directory: str) -> int | None:
        if prefix and not f"/{directory}".endswith(f"/{prefix}"):
            return None
        root = directory.removesuffix(prefix).rstrip("/")
        if root.startswith("usr/include"):
            return _depth(root.removeprefix("usr/include").lstrip("/"))
        # A library's generated headers, or those of a language's run time.
        return 1 + root.count("/")

    return place


def library_place(directory: str) -> int | None:
    """Where the linker looks, or alternatives link from."""
    match = _LIBRARY_FOLDER.match(directory)
    return _depth(directory[match.end() :]) if match else None


def loaded_place(directory: str) -> int | None:
    """Where the loader looks."""
    depth = library_place(directory)
    return depth if depth is not None and depth <= DEEPEST_LOADED else None


def pkg_config_place(directory: str) -> int | None:
    """A ``pkgconfig`` folder, the nearer to the root the better."""
    return directory.count("/") if directory.endswith("/pkgconfig") else None


def command_place(directory: str) -> int | None:
    """On ``PATH``."""
    return _COMMAND_FOLDERS.get(directory)


def any_place(end: str) -> Place:
    """Any directory with this end."""

    def place(directory: str) -> int | None:
        return directory.count("/") if f"/{directory}".endswith(f"/{end}" if end else "") else None

    return place


def _depth(below: str) -> int:
    """Folders below the root, the architecture's own folder not counted."""
    rest = _MULTIARCH.sub("", below)
    return rest.count("/") + 1 if rest else 0


def choose(candidates: Iterable[Candidate], name: str, place: Place, *, development: bool) -> str:
    """The package that is meant, or ``""`` when no candidate lies where it is looked for."""
    placed = [(rank, item) for item in candidates if (rank := place(item.directory)) is not None]
    if not placed:
        return ""
    return min(placed, key=lambda pair: _rank(pair[0], pair[1], name, development))[1].package


def is_development(item: Candidate) -> bool:
    """Whether the package is there to build with."""
    return item.package.endswith("-dev") or item.section == "libdevel"


def anonymous(candidates: Iterable[Candidate], place: Place) -> bool:
    """Whether so many projects have the name at the best place that it means none of them."""
    placed = [(rank, item.source) for item in candidates if (rank := place(item.directory)) is not None]
    best = min((rank for rank, _ in placed), default=0)
    return best > 0 and len({source for rank, source in placed if rank == best}) > SOURCES_AT_MOST


def _rank(
    place: int, item: Candidate, name: str, development: bool
) -> tuple[int, bool, bool, int, bool, bool, int, int, tuple[int, ...], str]:
    return (
        place,
        is_development(item) != development,
        development and item.section in _PORTS,
        _distance(name, item.package),
        not item.standard,
        "openssl" not in item.package,
        -item.users,
        len(item.package),
        tuple(-number for number in versions(item.package)),
        item.package,
    )


def _distance(name: str, package: str) -> int:
    if name == package:
        return 0
    return 1 if _plain(name.partition(".")[0].removeprefix("lib")) in _plain(package) else 2


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
