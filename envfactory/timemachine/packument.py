"""Reads and writes the documents of the npm registry: all versions of a package, filtered and dated.

Pure functions.  Semantic versions order the versions; they also tell whether the dates can be
believed.  What a version says about itself is kept, only the address of its file is ours.
https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import Any
from urllib.parse import quote, urljoin

from envfactory.timemachine.facts import File

ABBREVIATED = "application/vnd.npm.install-v1+json"
FEWEST_PAIRS = 5
"""Fewer versions than that say nothing about how an index dates."""
SUSPICIOUS_SHARE = 0.1
"""A maintained line now and then gets a release late; dates of ingestion are in no order at all."""

Key = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]
_SEMVER = re.compile(r"[v=\s]*(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_STRENGTH = ("sha512", "sha384", "sha256", "sha1")
_INSTALL_FIELDS = frozenset(
    [
        *("name", "version", "deprecated", "dist", "bin", "directories", "engines", "os", "cpu", "libc"),
        *("dependencies", "optionalDependencies", "devDependencies", "bundleDependencies"),
        *("bundledDependencies", "peerDependencies", "peerDependenciesMeta", "acceptDependencies"),
        *("funding", "_hasShrinkwrap", "hasInstallScript"),
    ]
)
"""What npm's abbreviated form keeps of a version."""


def files(document: Mapping[str, Any], project: str, base: str) -> list[File]:
    """A file per version; those without a hash cannot be verified and are left out."""
    times = document.get("time") or {}
    found = []
    for version, about in (document.get("versions") or {}).items():
        dist = about.get("dist") or {}
        checksum = strongest(str(dist.get("integrity") or ""), str(dist.get("shasum") or ""))
        if not checksum or not dist.get("tarball"):
            continue
        found.append(
            File(
                project=project,
                version=version,
                filename=f"{project.rpartition('/')[2]}-{version}.tgz",
                url=urljoin(base, str(dist["tarball"])),
                sha256="",
                upload_time=_moment(times.get(version)),
                checksum=checksum,
            )
        )
    return found


def strongest(integrity: str, shasum: str) -> str:
    """``algorithm:hex`` of the best hash among a subresource integrity and a plain SHA-1; or ``""``."""
    hashes = {"sha1": shasum.lower()} if re.fullmatch(r"[0-9a-fA-F]{40}", shasum) else {}
    for item in integrity.split():
        algorithm, _, value = item.partition("?")[0].partition("-")
        try:
            hashes[algorithm] = base64.b64decode(value, validate=True).hex()
        except (binascii.Error, ValueError):
            continue
    return next((f"{name}:{hashes[name]}" for name in _STRENGTH if hashes.get(name)), "")


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def order(version: str) -> Key | None:
    """What semantic versions are sorted by; ``None`` for a text that is none."""
    match = _SEMVER.fullmatch(version)
    if match is None:
        return None
    parts = (match[4] or "").split(".") if match[4] else []
    identifiers = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
    return int(match[1]), int(match[2]), int(match[3]), not parts, identifiers


def backwards(found: Iterable[File]) -> tuple[int, int]:
    """How many pairs of neighbouring versions there are, and how many of them are dated backwards.

    Compared are the patches of a minor line, the minors of a major and the majors, each by its first
    release: a line that is maintained beside newer ones is no contradiction.
    """
    dated = sorted(
        (key, file.upload_time)
        for file in found
        if file.upload_time and (key := order(file.version)) and key[3]
    )
    pairs = wrong = 0
    lines = [list(group) for _, group in groupby(dated, lambda item: item[0][:2])]
    majors = [[group[0] for group in groups] for _, groups in groupby(lines, lambda line: line[0][0][0])]
    firsts = [major[0] for major in majors]
    for series in (*lines, *majors, firsts):
        for (_, one), (_, other) in pairwise(series):
            pairs += 1
            wrong += other < one
    return pairs, wrong


def believable(found: Iterable[File]) -> bool | None:
    """Whether the dates can be those of publication; ``None`` where too few versions tell."""
    pairs, wrong = backwards(found)
    if wrong > SUSPICIOUS_SHARE * pairs:
        return False
    return None if pairs < FEWEST_PAIRS else True


def tags(document: Mapping[str, Any], shown: Collection[str]) -> dict[str, str]:
    """The tags that lead to a version shown; ``latest`` as it was: else the highest release shown."""
    found = {name: version for name, version in (document.get("dist-tags") or {}).items() if version in shown}
    if "latest" not in found and shown:
        ranked = sorted(shown, key=lambda version: order(version) or (-1, 0, 0, False, ()))
        releases = [version for version in ranked if (key := order(version)) and key[3]]
        found["latest"] = (releases or ranked)[-1]
    return found


def render(
    document: Mapping[str, Any], shown: Collection[File], base: str, *, abbreviated: bool
) -> dict[str, Any]:
    """The document with these versions only; ``base`` is the address below which projects are."""
    project = str(document.get("name"))
    versions = {file.version: _version(document, file, base, abbreviated) for file in shown}
    times = {file.version: file.upload_time.isoformat() for file in shown if file.upload_time}
    page: dict[str, Any] = {} if abbreviated else {**document, "_id": project, "time": times}
    page.pop("_attachments", None)
    page |= {"name": project, "dist-tags": tags(document, versions), "versions": versions}
    if times:
        page["modified"] = max(times.values())
    return page


def _version(document: Mapping[str, Any], file: File, base: str, abbreviated: bool) -> dict[str, Any]:
    about = dict(document["versions"][file.version])
    if abbreviated:
        about = {name: value for name, value in about.items() if name in _INSTALL_FIELDS}
    return {**about, "dist": {**about["dist"], "tarball": address(file, base)}}


def address(file: File, base: str) -> str:
    """Where the file is below ``base``: the place that lock files name too."""
    return f"{base}/{quote(file.project, safe='@/')}/-/{quote(file.filename)}"
