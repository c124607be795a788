"""Reads and writes project pages of the simple repository API, in JSON and in HTML.

Pure functions.  What the upstream says is kept; only addresses are ours.  Never filters.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urljoin

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion

from envfactory.timemachine.facts import File

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "text/html; charset=utf-8"
_ENDINGS = (
    ".tar.gz",
    ".tar.bz2",
    ".tar.xz",
    ".tar.Z",
    ".tgz",
    ".zip",
    ".egg",
    ".exe",
    ".msi",
    ".rpm",
    ".dmg",
)


def parse(body: bytes, project: str, base: str) -> list[File]:
    """The files of an upstream page; those without sha256 cannot be verified and are left out."""
    page = json.loads(body)
    found = (_file(entry, project, base) for entry in page.get("files", ()))
    return [file for file in found if file is not None]


def _file(entry: Mapping[str, Any], project: str, base: str) -> File | None:
    sha256 = str((entry.get("hashes") or {}).get("sha256") or "")
    if not sha256:
        return None
    metadata = entry.get("core-metadata", entry.get("dist-info-metadata", False))
    hashed = metadata.get("sha256", "") if isinstance(metadata, dict) else ""
    filename = str(entry["filename"])
    size = entry.get("size")
    return File(
        project=project,
        version=version_of(filename, project),
        filename=filename,
        url=urljoin(base, str(entry["url"])),
        sha256=sha256.lower(),
        upload_time=_moment(entry.get("upload-time")),
        size=int(size) if size is not None else None,
        requires_python=str(entry.get("requires-python") or ""),
        yanked=entry.get("yanked") or False,
        metadata_sha256=str(hashed or "-") if metadata else "",
    )


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def version_of(filename: str, project: str) -> str:
    """The version in a file's name; the best that can be said for names of before the standards."""
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        if filename.endswith((".tar.gz", ".zip")):
            name, version = parse_sdist_filename(filename)
            if name == canonicalize_name(project):
                return str(version)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        pass
    stem = next((filename.removesuffix(end) for end in _ENDINGS if filename.endswith(end)), filename)
    parts = stem.split("-")
    for index in range(1, len(parts)):
        if canonicalize_name("-".join(parts[:index])) == canonicalize_name(project):
            return parts[index] if filename.endswith((".whl", ".egg", ".exe")) else "-".join(parts[index:])
    return parts[-1]


def address(file: File) -> str:
    """Where a page of ours says the file is, relative to the page."""
    return f"../../files/{quote(file.project)}/{file.sha256}/{quote(file.filename)}"


def render_json(project: str, files: Sequence[File], warning: str = "") -> bytes:
    """The page for clients that know the JSON form."""
    page: dict[str, Any] = {
        "meta": {"api-version": "1.1"},
        "name": project,
        "versions": sorted({file.version for file in files}),
        "files": [_entry(file) for file in files],
    }
    if warning:
        page["meta"]["_warning"] = warning
    return json.dumps(page, separators=(",", ":")).encode()


def _entry(file: File) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": address(file),
        "hashes": {"sha256": file.sha256},
        "requires-python": file.requires_python or None,
        "yanked": file.yanked,
    }
    if file.size is not None:
        entry["size"] = file.size
    if file.upload_time is not None:
        entry["upload-time"] = file.upload_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if file.is_wheel:
        entry["core-metadata"] = True  # without a hash: what is served may be mended, see ``legacy``
    return entry


def render_html(project: str, files: Iterable[File], warning: str = "") -> bytes:
    """The page for every other client, back to easy_install."""
    title = html.escape(f"Links for {project}")
    lines = [
        "<!DOCTYPE html>",
        '<html><head><meta name="pypi:repository-version" content="1.0">',
        f"<title>{title}</title></head><body><h1>{title}</h1>",
        *([f"<p>{html.escape(warning)}</p>"] if warning else []),
        *(_link(file) for file in files),
        "</body></html>",
    ]
    return "\n".join(lines).encode()


def _link(file: File) -> str:
    attributes = ""
    if file.requires_python:
        attributes += f' data-requires-python="{html.escape(file.requires_python)}"'
    if file.yanked:
        reason = file.yanked if isinstance(file.yanked, str) else ""
        attributes += f' data-yanked="{html.escape(reason)}"'
    if file.is_wheel:
        attributes += ' data-dist-info-metadata="true" data-core-metadata="true"'
    target = html.escape(f"{address(file)}#sha256={file.sha256}")
    return f'<a href="{target}"{attributes}>{html.escape(file.filename)}</a><br/>'
