"""Reading ``Packages``: which packages there are, what they provide, and how many others build on them.

Flat memory but for one number per package.  Versions are not read: apt picks them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_FIELDS = (b"Package", b"Source", b"Section", b"Provides", b"Pre-Depends", b"Depends")
_VERSION = re.compile(r"\d+(?:\.\d+)*")


class Package(NamedTuple):
    """One package of the suite."""

    name: str
    section: str
    source: str
    provides: tuple[str, ...]


@dataclass
class Reader:
    """Passes packages on while counting who depends on whom."""

    users: Counter[str] = field(default_factory=Counter)
    """Package -> how many depend on it.  Of alternatives only the first counts: it is the default."""
    defaults: set[str] = field(default_factory=set)
    """Packages that an unversioned one of the same name stands for: ``tcl8.6-dev`` by ``tcl-dev``."""

    def read(self, lines: Iterable[bytes]) -> Iterator[Package]:
        """Every stanza of a ``Packages`` file."""
        stanza: dict[bytes, str] = {}
        for line in lines:
            if not line.strip():
                yield from self._end(stanza)
                stanza = {}
            elif not line.startswith((b" ", b"\t")):
                key, _, value = line.partition(b":")
                if key in _FIELDS:
                    stanza[key] = value.strip().decode("utf-8", "replace")
        yield from self._end(stanza)

    def _end(self, stanza: dict[bytes, str]) -> Iterator[Package]:
        name = stanza.get(b"Package", "")
        if not name:
            return
        needed = {item for key in (b"Pre-Depends", b"Depends") for item in names(stanza.get(key, ""))}
        self.users.update(needed)
        self.defaults.update(item for item in needed if item != name == stem(item))
        source = stanza.get(b"Source", name).partition(" ")[0]
        section = stanza.get(b"Section", "").rpartition("/")[2]
        yield Package(name, section, source, names(stanza.get(b"Provides", "")))


def names(relation: str) -> tuple[str, ...]:
    """The packages of a relation field, versions and later alternatives left out."""
    firsts = (item.partition("|")[0].strip() for item in relation.split(","))
    found = (re.split(r"[\s(:\[]", item, maxsplit=1)[0] for item in firsts)
    return tuple(name for name in found if name)


def stem(name: str) -> str:
    """The name without version numbers: equal for ``libicu67`` and ``libicu72``.

    The suffix ``t64`` marks libraries rebuilt for 64-bit times under the same name.
    """
    return _VERSION.sub("", name.removesuffix("t64"))


def versions(name: str) -> tuple[int, ...]:
    """The numbers in a name, for comparing names of one stem."""
    return tuple(int(part) for part in re.findall(r"\d+", name.removesuffix("t64")))
