"""What a failing build or test says about the system package it misses.

Logs are read for names (of a header, a library, a ``.pc`` file, a command); which package has that
name is the ``Lookup``'s knowledge, not this module's.  Installs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from envfactory.languages.declaration import Lookup

_NAME = r"[A-Za-z][\w.+-]*[\w+]"
_NOT_FOUND = r"(?i:could(?:n't| not)|can(?:no|'|’)t|unable to|failed to) (?:find|locate|load)"
_LIBRARY = r"(?:librar(?:y|ies)|headers?|development (?:files|headers|package)|dev(?:el)? (?:files|package))"

_TOOL = "executable|binary|program|command|compiler"
_SHELL = r"(?:sh|env|make)(?:\[\d+\])?: "

CERTAIN: tuple[tuple[str, str], ...] = (
    # compilers, linker, loader
    (r"fatal error: '?([\w./+-]+)'?(?:: No such file| file not found)", "header"),
    (r"(?<![\w./-])([\w/+-]+\.h(?:h|pp)?) (?:(?:was |could )?not (?:be )?found|is missing)", "header"),
    (rf"{_NOT_FOUND} (?:the )?[<'\"`]?([\w/+-]+\.h(?:h|pp)?)\b", "header"),
    (r"cannot find -l([\w+-][\w.+-]*)", "library"),
    (r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file", "shared"),
    (r"Namespace (\w+) not available for version ([\d.]+)", "typelib"),
    # pkg-config, autotools, meson, CMake
    (rf"Package '?({_NAME})'?(?:, required by '[^']*',)? (?:was )?not found", "pkg-config"),
    (rf"No package '({_NAME})' found", "pkg-config"),
    (rf"pkg-config --\S+ ['\"]?({_NAME})['\"]?[^\n]*(?:returned non-zero|exit(?:ed)? )", "pkg-config"),
    (rf"Package requirements \(({_NAME})", "pkg-config"),
    (rf"ERROR: Dependency [\"']({_NAME})[\"'] not found", "pkg-config"),
    (rf"CMake Error[^\n]*\n\s*Could NOT find ({_NAME})", "cmake"),
    (rf"package configuration file provided by\s+\"({_NAME})\"", "name"),
    (rf"Can't exec \"({_NAME})\": No such file", "command"),
    (rf"ERROR: Program '({_NAME})' not found", "command"),
    (r"possibly undefined macro: (?:AC_PROG_|AM_PROG_|LT_)(?:LIBTOOL|INIT)", "command libtoolize"),
    # shells and subprocess
    (rf"command '?({_NAME})'? (?:not found|failed: No such file)", "command"),
    (rf"unable to execute '?({_NAME})'?: No such file", "command"),
    (
        rf"{_SHELL}(?:(?:line )?\d+: )?[‘'\"]?({_NAME})[’'\"]?: (?:(?:command )?not found|No such file)",
        "command",
    ),
    (rf"which: no ({_NAME}) in", "command"),
    (r"([\w+-]+[_-]config) (?:executable )?(?:was )?not found", "command"),
    # compilers of other languages
    (r"(?i)(?:can't find|cannot find|requires?) (?:the )?Rust compiler", "command cargo"),
    (r"Cargo, the Rust package manager, is not installed|Is `(?:cargo|rustc)` installed", "command cargo"),
    (r"(?i)no Fortran compiler found|No CMAKE_Fortran_COMPILER could be found", "command gfortran"),
    (r"Unknown compiler\(s\): \[\['gfortran", "command gfortran"),
    # sentences of setup scripts
    (rf"headers or library files could not be found for ({_NAME})", "name"),
    (rf"\b({_NAME}) is required unless (?:explicitly )?disabled", "name"),
    (rf"the ({_NAME}) and ({_NAME}) development packages are installed", "name"),
    (r"(?i)\bno (lapack)/(blas) resources found|NotFoundError: no (blas|lapack)", "name"),
    (rf"Unable to load dependency ({_NAME})", "name"),
)
"""(pattern, kind): each group is a name of that kind; after a blank the name that the pattern means."""

LIKELY: tuple[tuple[str, str], ...] = (
    (rf"Could NOT find ({_NAME})", "cmake"),
    (rf"[Dd]ependency [\"']?({_NAME})[\"']? found: NO", "pkg-config"),
    (rf"Program [\"']?({_NAME})[\"']? found: NO", "command"),
    (
        rf"{_NOT_FOUND} (?:an? |the |any )?(?:local )?['\"`]?({_NAME})['\"`]? (?:{_LIBRARY}|installation)",
        "name",
    ),
    (rf"{_NOT_FOUND} ['\"`]?(?:the )?(lib[\w.+-]*\w)", "name"),
    (r"(?i)unable to find (lapack|blas)(?:/(blas|lapack))?", "name"),
    (r"(?i)\b(blas|lapack) (?:\([^)]*\) )?libraries not found", "name"),
    (r"(?m)\b([A-Z][A-Z]+\d*|lib\w+) (?:library |headers? )?(?:was |were )?not found(?:[.,!;]|$)", "name"),
    (r"Could not locate executable (gfortran)", "command"),
    (rf"(?:{_TOOL}) [`'\"]?({_NAME})[`'\"]? (?:was |is )?not (?:found|installed)", "command"),
    (rf"{_NOT_FOUND} (?:an? |the )?['\"`]?({_NAME})['\"`]? (?:{_TOOL})", "command"),
    (rf"(?:{_NOT_FOUND}|requires?) (?:the )?`?(cargo|rustc|cmake|swig|gfortran)\b", "command"),
    (rf"[`'\"]({_NAME})[`'\"] not found in (?:the )?(?:\$?path|\$?PATH)", "command"),
    (rf"failed to execute (?:PosixPath\()?'({_NAME})'", "command"),
    (r"No such file or directory: '([a-z][\w+-]*\w)'", "command"),
    (rf": (?:line )?\d+: ({_NAME}): (?:command )?not found|\b({_NAME}): command not found", "command"),
)
"""Said also of what a build can do without: read only where nothing certain is known."""

EVERYDAY = frozenset(
    (
        *("api", "app", "bar", "build", "data", "dir", "dist", "docs", "error", "example", "fake"),
        *("file", "foo", "hello", "http", "id", "input", "json", "key", "main", "module", "name"),
        *("not", "output", "package", "page", "path", "sample", "script", "src", "temp", "test"),
        *("tests", "unknown", "url", "user", "value", "version"),
    )
)
"""What tests call their own files and objects; some are names of commands or libraries too."""

SPELLINGS: tuple[tuple[str, str], ...] = (
    ("pkg-config", "{0}"),
    ("pkg-config", "{1}"),
    ("pkg-config", "lib{2}"),
    ("library", "{2}"),
    ("header", "{2}.h"),
    ("header", "{2}lib.h"),
    ("file", "{0}Config.cmake"),
    ("file", "{1}-config.cmake"),
)
"""How a library that is only named may be called: as it stands (0), in lower case (1), without lib (2)."""

NOT_WANTED = re.compile(
    # Ours come from elsewhere, and what runs on them from the dated package index.
    r"^(?:lib)?(?:python|pypy)[\d.]*(?:-|$)|^(?:cython|tox|virtualenv|twine)\d*$"
    # The base system has one, and chooses it.
    r"|^(?:gcc|g\+\+|cpp|clang|llvm|libc6|libstdc\+\+)[\d.-]*(?:-dev|-multilib)?$|^build-essential$"
    # Made for publishing documentation; hundreds of megabytes.
    r"|^(?:texlive|latexmk|doxygen|libreoffice)|-docs?$"
    # Browsers need a display and a driver of the same version.
    r"|^(?:firefox|chromium|google-chrome)|(?:gecko|chrome|chromium-)driver$"
    # Services need to be started, which an installation does not do.
    r"|^(?:postgresql|mongodb|redis|memcached|rabbitmq|elasticsearch|couchdb|cassandra|docker|containerd)"
    r"(?!.*(?:-client|-dev|-tools)\b)|-server(?:-[\d.]+)?$"
    # Tools of the machine that ran the tests.
    r"|^(?:apt|dpkg|snapd|sudo|systemd|linux|lsb-release|software-properties|debhelper|devscripts)(?:-|$)"
)
"""What maintainers install for their own test runs and these environments do without."""


def missing_packages(log: str, lookup: Lookup) -> list[tuple[str, str]]:
    """(package, words that ask for it) for everything the log misses and the lookup knows."""
    for symptoms in (CERTAIN, LIKELY):
        found: dict[str, str] = {}
        for pattern, kind in symptoms:
            for match in re.finditer(pattern, log):
                if symptoms is LIKELY and any(name and name.lower() in EVERYDAY for name in match.groups()):
                    continue
                for package in _packages(kind, match, lookup):
                    found.setdefault(package, " ".join(match.group(0).split()))
        if found:
            return list(found.items())
    return []


def _packages(kind: str, match: re.Match[str], lookup: Lookup) -> list[str]:
    kind, _, fixed = kind.partition(" ")
    names = [fixed] if fixed else [name for name in match.groups() if name]
    if kind == "typelib":
        return lookup("file", f"{names[0]}-{names[1]}.typelib").split()
    if kind == "cmake":  # also looks for programs in this way
        return [package for name in names for package in _named(name, lookup) or _program(name, lookup)]
    if kind in ("name", "pkg-config"):
        return [package for name in names for package in _named(name, lookup)]
    return [package for name in names for package in lookup(kind, name).split()]


def _named(name: str, lookup: Lookup) -> list[str]:
    lower = name.lower()
    for kind, spelling in SPELLINGS:
        packages = lookup(kind, spelling.format(name, lower, lower.removeprefix("lib"))).split()
        if packages:
            return packages
    return []


def _program(name: str, lookup: Lookup) -> list[str]:
    return lookup("command", name.lower()).split()


def wanted_packages(names: Iterable[str], lookup: Lookup) -> list[str]:
    """Of what maintainers install, what exists in the base system's archives and may help; sorted."""
    found = {lookup("package", name) for name in names if not NOT_WANTED.search(name)}
    return sorted(package for package in found if package and not NOT_WANTED.search(package))
