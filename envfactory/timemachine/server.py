"""The HTTP server that containers ask: plain HTTP on the addresses of the container networks only.

Addresses are ``/<ecosystem>/<date>/[<token>/]<what the ecosystem knows>``.  Knows no ecosystem, never
listens on all addresses of the machine.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from envfactory.errors import FactoryError, PrerequisiteError, StageError
from envfactory.timemachine.facts import parse_date
from envfactory.timemachine.protocol import Answer, Ecosystem, Request, View

IDLE_SECONDS = 120
PORT_TRIES = 16
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger(__name__)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], ecosystems: Mapping[str, Ecosystem]) -> None:
        self.ecosystems = ecosystems
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("connection of %s ended early", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: _Server

    def do_GET(self) -> None:
        """Answer with a body."""
        self._send(self._answer(head=False), head=False)

    def do_HEAD(self) -> None:
        """Answer without one."""
        self._send(self._answer(head=True), head=True)

    def log_message(self, format: str, *arguments: Any) -> None:
        _log.debug("%s %s", self.client_address[0], format % arguments)

    def version_string(self) -> str:
        return "envfactory"

    def _answer(self, *, head: bool) -> Answer:
        path = unquote(urlsplit(self.path).path)
        try:
            ecosystem, view, parts, prefix = locate(path, self.server.ecosystems)
        except ValueError as error:
            return Answer(400, f"{error}\n".encode())
        headers = self.headers
        host, port = self.connection.getsockname()[:2]
        base = f"http://{headers.get('Host') or f'{host}:{port}'}/{prefix}"
        request = Request(parts, headers.get("Accept", ""), headers.get("User-Agent", ""), head, base)
        try:
            return ecosystem.respond(view, request)
        except FactoryError as error:
            return _refusal(error)
        except Exception:
            _log.exception("%s", self.path)
            return Answer(500, b"the index broke; its log says how\n")

    def _send(self, answer: Answer, *, head: bool) -> None:
        body = answer.body
        length = len(body) if isinstance(body, bytes) and answer.length is None else answer.length
        if isinstance(body, bytes):
            pieces = iter((body,))
        else:
            try:
                pieces = _primed(body)
            except FactoryError as error:
                self._send(_refusal(error), head=head)
                return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if length is None:
            self.close_connection = True
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if not head:
            self._stream(pieces)

    def _stream(self, pieces: Iterator[bytes]) -> None:
        try:
            for piece in pieces:
                self.wfile.write(piece)
        except FactoryError as error:
            # The client sees a body that is too short, which no client accepts.
            self.close_connection = True
            _log.warning("%s: %s", self.path, error)


def _primed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Fetch the first piece now, while an error can still be told in the status."""
    first = next(pieces, b"")

    def all_of_it() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_of_it()


def _refusal(error: FactoryError) -> Answer:
    status = 502 if isinstance(error, StageError) and error.retryable else 404
    return Answer(status, f"{error}\n".encode())


def locate(path: str, ecosystems: Mapping[str, Ecosystem]) -> tuple[Ecosystem, View, tuple[str, ...], str]:
    """Ecosystem, view, remaining parts and what stands before them in an address.

    ``ValueError`` says what is wrong with it.
    """
    parts = path.lstrip("/").split("/")
    if len(parts) < 2 or parts[0] not in ecosystems:
        raise ValueError(f"addresses are /<ecosystem>/<date>/..., with one of: {', '.join(ecosystems)}")
    ecosystem = ecosystems[parts[0]]
    cutoff, before, token = parse_date(parts[1]), 2, ""
    rest = parts[2:]
    if len(rest) > 1 and rest[0] not in ecosystem.PLACES and _TOKEN.fullmatch(rest[0]):
        token, before = rest[0], 3
    return ecosystem, View(cutoff, token), tuple(parts[before:]), "/".join(parts[:before])


class Listener:
    """The server on one port of several addresses."""

    def __init__(
        self, addresses: Sequence[str], port: int, ecosystems: Mapping[str, Ecosystem], *, exact: bool = False
    ) -> None:
        candidates = [port] if exact else [*range(port, port + PORT_TRIES), 0]
        self._servers = _bound(addresses, candidates, ecosystems)
        self.port = int(self._servers[0].server_address[1])
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.1,), name="timemachine", daemon=True)
            for server in self._servers
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join(5)


def _bound(
    addresses: Sequence[str], candidates: Sequence[int], ecosystems: Mapping[str, Ecosystem]
) -> list[_Server]:
    """One server per address, all on the same port: the first candidate that is free (0: any)."""
    problem: OSError | None = None
    for candidate in candidates:
        servers: list[_Server] = []
        try:
            for address in addresses:
                chosen = int(servers[0].server_address[1]) if servers else candidate
                servers.append(_Server((address, chosen), ecosystems))
            return servers
        except OSError as error:
            problem = error
            for server in servers:
                server.server_close()
    raise PrerequisiteError(
        f"the package index cannot listen on {' and '.join(addresses)}: {problem}",
        hint="give addresses of this machine and a port that is free; envfactory doctor shows its networks",
    )
