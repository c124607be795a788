"""From ``name==version`` to a lock with hashes and upload times, as the index showed them at a date.

Every file that was there at the date may be picked by the installer; files of the same version that
were uploaded later are not in the lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from packaging.version import InvalidVersion, Version

from envfactory.errors import BuildError
from envfactory.records import LockedDependency

if TYPE_CHECKING:
    from envfactory.timemachine import Release, TimeMachine


def lock(
    index: TimeMachine, pins: Mapping[str, str], cutoff: datetime, role: Literal["runtime", "build"]
) -> tuple[LockedDependency, ...]:
    """Locked dependencies sorted by name; raises ``BuildError`` for a pin that the index does not have."""
    return tuple(_locked(index, name, pins[name], cutoff, role) for name in sorted(pins))


def _locked(
    index: TimeMachine, name: str, version: str, cutoff: datetime, role: Literal["runtime", "build"]
) -> LockedDependency:
    release = find(index.dated("pypi", name, cutoff), version) or find(index.releases("pypi", name), version)
    if release is None or not release.files:
        raise BuildError(f"the index has no {name} {version}", cause="lock_incomplete")
    times = [file.upload_time for file in release.files if file.upload_time is not None]
    hashes = tuple(sorted({file.sha256 for file in release.files if file.sha256}))
    return LockedDependency(
        name=name, version=version, sha256=hashes, upload_time=max(times, default=None), role=role
    )


def find(releases: list[Release], version: str) -> Release | None:
    """The release of that version, however it is spelled."""
    wanted = _canonical(version)
    return next((release for release in releases if _canonical(release.version) == wanted), None)


def _canonical(version: str) -> Version | str:
    try:
        return Version(version)
    except InvalidVersion:
        return version


def render(dependencies: tuple[LockedDependency, ...]) -> str:
    """The text of a requirements file with hashes; empty when there is nothing."""
    blocks = []
    for item in dependencies:
        hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in item.sha256)
        blocks.append(f"{item.name}=={item.version}{hashes}\n")
    return "".join(blocks)
