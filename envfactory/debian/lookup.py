"""The question that repairs ask: which package brings this header, library or command, or exists at all.

Answers come from the index of the base image's own archives.  What the image has already is never an
answer, since installing it would change nothing.  Without an index there is no answer; a repair that
cannot be made is no fault of the task.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.debian import choice
from envfactory.debian.catalogue import open_index
from envfactory.debian.contents import unwanted
from envfactory.debian.index import Index
from envfactory.debian.packages import versions
from envfactory.debian.sources import System, image_system
from envfactory.errors import FactoryError

if TYPE_CHECKING:
    from envfactory.engine import Engine

log = logging.getLogger(__name__)

ALTERNATIVES = {
    **dict.fromkeys(("compare", "convert", "identify", "mogrify", "montage"), "imagemagick"),
    **dict.fromkeys(("f77", "f95"), "gfortran"),
    **dict.fromkeys(("jar", "javac", "javadoc"), "default-jdk-headless"),
    "java": "default-jre-headless",
    "ksh": "ksh",
    "nc": "netcat-openbsd",
    "php": "php-cli",
    "vi": "vim-tiny",
    "vim": "vim",
    "yacc": "bison",
}
"""Commands that ``update-alternatives`` links when a package is installed: no archive lists the link."""
TOGETHER = {
    "autoreconf": ("autoconf", "automake", "libtool"),  # runs the tools of all three
    "gpg": ("gnupg",),  # makes no key without its agent
    "psql": ("postgresql-client",),  # the listed file is a wrapper without the program
    "tex": ("texlive-base",),  # has no format to run without these
}
"""Commands that are useless with the one package that has the file."""


class PackageLookup:
    """A ``Lookup`` (see ``envfactory.languages.declaration``); callable from any number of threads."""

    def __init__(self, system: Callable[[], System], cache: Path, *, offline: bool = False) -> None:
        self._system, self._cache, self._offline = system, cache, offline
        self._lock = threading.Lock()
        self._found: tuple[Index, System] | None = None
        self._asked = False

    def __call__(self, kind: str, name: str) -> str:
        """Packages to install, separated by blanks, or ``""``."""
        find = FINDERS.get(kind)
        known = self._opened() if find is not None and name else None
        if known is None or find is None:
            return ""
        index, system = known
        if kind == "package":
            name = _native(name, system)
        try:
            packages = find(index, name).split() if name else []
        except FactoryError as error:
            log.warning("no system package can be looked up: %s", error)
            return ""
        return " ".join(package for package in packages if package not in system.installed)

    def _opened(self) -> tuple[Index, System] | None:
        with self._lock:
            if not self._asked:
                self._asked = True
                try:
                    system = self._system()
                    index = open_index(system.sources, self._cache, offline=self._offline)
                    self._found = index, system
                except (FactoryError, OSError) as error:
                    log.warning("no system package can be looked up: %s", error)
            return self._found


def image_lookup(
    engine: Engine, image: Callable[[], str], cache: Path, *, offline: bool = False
) -> PackageLookup:
    """A lookup in the archives of the image that ``image`` names when the first question comes."""
    return PackageLookup(lambda: image_system(engine, image()), cache, offline=offline)


def _native(name: str, system: System) -> str:
    """The name without the version that a command line may give; ``""`` when for another architecture."""
    name, _, architecture = name.partition("=")[0].partition(":")
    return name if architecture in {"", "any", *(item.architecture for item in system.sources)} else ""


def header(index: Index, name: str) -> str:
    """As in ``#include <name>``."""
    prefix, _, last = name.rpartition("/")
    candidates, place = index.candidates(last), choice.include_place(prefix)
    if not prefix and choice.anonymous(candidates, place):
        return ""
    return choice.choose(candidates, last, place, development=True)


def library(index: Index, name: str) -> str:
    """As in ``-lname``; the shared one before the static one.

    Only of development packages (Debian policy, 8.4): others have plug-ins under such names.
    """
    for end in (".so", ".a"):
        file = f"lib{name}{end}"
        candidates = filter(choice.is_development, index.candidates(file))
        found = choice.choose(candidates, file, choice.library_place, development=True)
        if found:
            return found
    return ""


def shared(index: Index, name: str) -> str:
    """A file that the loader misses, such as ``libGL.so.1``: that version and no other.

    A name without version is what a build asks for.
    """
    found = choice.choose(index.candidates(name), name, choice.loaded_place, development=False)
    return found or (library(index, name[3:-3]) if re.fullmatch(r"lib.+\.so", name) else "")


def pkg_config(index: Index, name: str) -> str:
    """As in ``pkg-config name``."""
    return choice.choose(index.candidates(f"{name}.pc"), name, choice.pkg_config_place, development=True)


def command(index: Index, name: str) -> str:
    """A program on ``PATH``."""
    named = TOGETHER.get(name) or ((ALTERNATIVES[name],) if name in ALTERNATIVES else ())
    if named:
        return " ".join(package for package in named if index.exists(package))
    # pg_config, curl-config: tell builds where headers are, and are useless without these.
    builds = name.endswith(("-config", "_config"))
    return choice.choose(index.candidates(name), name, choice.command_place, development=builds)


def file(index: Index, name: str) -> str:
    """Any kept path with this end."""
    prefix, _, last = name.rpartition("/")
    return choice.choose(index.candidates(last), last, choice.any_place(prefix), development=True)


def package(index: Index, name: str) -> str:
    """The package itself, or what Debian has in its place: its default, a provider, another version."""
    if unwanted(name, ""):
        return ""
    for found in (name, f"default-{name}"):
        if index.exists(found):
            return found
    # A lower number is no later version but another thing: libpcre2 is not the new libpcre3.
    later = (
        other for other in index.namesakes(name) if not versions(other) or versions(other) > versions(name)
    )
    others = index.providers(name) or list(later)
    return max(others, key=partial(_newest, len(versions(name))), default="")


def _newest(numbers: int, name: str) -> tuple[bool, tuple[int, ...], str]:
    """An unversioned name is kept up to date by Debian itself; then the highest version."""
    found = versions(name)
    return not found and numbers > 0, found, name


FINDERS: dict[str, Callable[[Index, str], str]] = {
    "header": header,
    "library": library,
    "shared": shared,
    "pkg-config": pkg_config,
    "command": command,
    "file": file,
    "package": package,
}
"""By the kinds of a ``Lookup``."""
