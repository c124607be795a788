"""Which package archives a system installs from, as its own apt says; and what it has installed.

apt is asked, not its files: it knows every notation of its sources, variables and architectures, and
prints what an update would fetch without fetching it.  No address is known here.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envfactory.errors import StageError
from envfactory.records import Limits

if TYPE_CHECKING:
    from envfactory.engine import Engine

APT = ("apt-get", "--print-uris", "update")
DPKG = ("dpkg-query", "--show", "--showformat", "${db:Status-Abbrev} ${Package}\\n")
SECONDS = 60.0
_LISTED = re.compile(
    r"^'(https?://[^'\s]+?)/dists/([^'\s]+)/([^/'\s]+)/binary-([^/'\s]+)/Packages(?:\.\w+)?'", re.MULTILINE
)


@dataclass(frozen=True, order=True)
class Source:
    """One component of one suite of an archive, for one architecture."""

    address: str
    """Of the archive: what comes before ``/dists/``."""
    suite: str
    component: str
    architecture: str

    @property
    def release(self) -> str:
        """Address of the folder with the suite's signed list of files."""
        return f"{self.address}/dists/{self.suite}"


@dataclass(frozen=True)
class System:
    """What an installation can install and has installed."""

    sources: tuple[Source, ...]
    installed: frozenset[str] = frozenset()


def parse_sources(printed: str) -> tuple[Source, ...]:
    """Sources in the output of ``apt-get --print-uris update``; archives that are no http are left out."""
    return tuple(sorted({Source(*parts) for parts in _LISTED.findall(printed)}))


def image_system(engine: Engine, image: str) -> System:
    """The sources of ``image``, asked in a container without network.

    Where the image has none (its apt was cleaned out), those of this machine.
    """
    with engine.container(image, limits=Limits(), workdir="/", name_hint="apt") as container:
        printed = container.exec(APT, timeout=SECONDS)
        shown = container.exec(DPKG, timeout=SECONDS)
    installed = (line.partition(" ") for line in shown.stdout.splitlines())
    sources = parse_sources(printed.stdout)
    return System(
        sources=sources or host_sources(),
        installed=frozenset(name.strip() for state, _, name in installed if state.startswith("ii")),
    )


def host_sources() -> tuple[Source, ...]:
    """The sources of this machine.  Raises ``StageError`` when it has no apt or apt names none."""
    try:
        done = subprocess.run(APT, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise _no_sources(str(error)) from error
    found = parse_sources(done.stdout)
    if not found:
        raise _no_sources(done.stderr.strip()[-300:])
    return found


def _no_sources(why: str) -> StageError:
    return StageError(
        f"neither the base image nor this machine names a package archive: {why}",
        cause="no_package_archive",
        hint="add the archive's address to the apt sources of the base image",
    )
