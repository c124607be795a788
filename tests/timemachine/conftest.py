"""A real upstream on loopback with canned pages, in the shape of the simple API in JSON."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stamina


@dataclass
class Project:
    files: list[dict[str, Any]] = field(default_factory=list)


class Upstream:
    """Projects and their bytes; counts what is asked of it."""

    def __init__(self) -> None:
        self.projects: dict[str, Project] = {}
        self.bytes: dict[str, bytes] = {}
        self.raw: dict[str, bytes] = {}
        """Path -> body, for indexes of other kinds."""
        self.asked: list[str] = []
        self.failures = 0
        self.ranges = True
        self.serves_json = True
        self.url = ""

    def add(
        self, project: str, filename: str, when: str | None, content: bytes | None = None, **more: Any
    ) -> str:
        content = content if content is not None else filename.encode()
        sha256 = hashlib.sha256(content).hexdigest()
        entry = {
            "filename": filename,
            "url": f"/files/{filename}",
            "hashes": {"sha256": sha256},
            "size": len(content),
        }
        if when:
            entry["upload-time"] = when
        self.projects.setdefault(project, Project()).files.append(entry | more)
        self.bytes[filename] = content
        return sha256

    def count(self, part: str) -> int:
        return sum(part in path for path in self.asked)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: Upstream

    def do_GET(self) -> None:
        up = self.upstream
        up.asked.append(self.path)
        if up.failures:
            up.failures -= 1
            self.reply(503, b"")
        elif self.path in up.raw:
            self.reply(200, up.raw[self.path], "application/octet-stream", etag='"1"')
        elif self.path.startswith("/simple/"):
            self.page(self.path.split("/")[2])
        else:
            self.file(self.path.removeprefix("/files/"))

    def page(self, name: str) -> None:
        project = self.upstream.projects.get(name)
        if project is None:
            self.reply(404, b"")
            return
        if not self.upstream.serves_json:
            self.reply(200, b"<!DOCTYPE html><a href='x'>x</a>", "text/html")
            return
        body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": project.files}).encode()
        etag = '"' + hashlib.sha256(body).hexdigest() + '"'
        if self.headers.get("If-None-Match") == etag:
            self.reply(304, b"")
        else:
            self.reply(200, body, etag=etag)

    def file(self, name: str) -> None:
        content = self.upstream.bytes.get(name)
        asked = self.headers.get("Range")
        if content is None:
            self.reply(404, b"")
        elif asked and self.upstream.ranges:
            start, end = (int(number) for number in asked.removeprefix("bytes=").split("-"))
            self.reply(206, content[start : end + 1])
        else:
            self.reply(200, content)

    def reply(self, status: int, body: bytes, kind: str = "application/json", etag: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    up = Upstream()
    handler = type("Bound", (Handler,), {"upstream": up})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    up.url = f"http://127.0.0.1:{server.server_address[1]}/simple/"
    stamina.set_testing(True, attempts=3)
    yield up
    stamina.set_testing(False)
    server.shutdown()
    server.server_close()
    thread.join(5)


def installable(name: str, version: str) -> bytes:
    """A wheel that installers of every age take."""
    buffer = io.BytesIO(wheel(name, version))
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(
            f"{info}/RECORD", f"{name}/__init__.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        )
    return buffer.getvalue()


def wheel(name: str, version: str, padding: int = 0) -> bytes:
    """A wheel with METADATA, ``padding`` bytes before it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{name}/__init__.py", b"#" * padding)
        archive.writestr(
            f"{name}-{version}.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        )
    return buffer.getvalue()
