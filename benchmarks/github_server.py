"""GitHub's interface over HTTP on loopback, for tests and measurements: pages, ETags, limits and faults.

Every answer can be checked against GitHub's published OpenAPI description, and every GraphQL query is
executed on GitHub's published schema.  Reaches nobody.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.github_answers import graphql, rest
from benchmarks.github_world import World

VARY = "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With"
RATE_LIMIT = "/rate_limit"
PRIMARY = "API rate limit exceeded for user ID 1."
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@dataclass
class Faults:
    """What goes wrong, as parts of all requests; the same for the same seed."""

    server_errors: float = 0.0
    secondary_limits: float = 0.0
    dropped: float = 0.0
    broken_off: float = 0.0
    """The connection ends in the middle of the body."""
    always: int = 0
    """Every answer has this status."""
    heavy: int = 0
    """GraphQL gives up on more pull requests than this."""
    retry_after: str = "0"
    random: random.Random = field(default_factory=lambda: random.Random(1))


@dataclass
class Limits:
    """Calls of one token (or of one nameless caller) per window."""

    core: int = 5000
    graphql: int = 5000
    search: int = 30
    window: float = 3600.0


class Server(ThreadingHTTPServer):
    """A context manager; ``url`` is the address of the API."""

    daemon_threads = True

    def __init__(
        self,
        world: World,
        *,
        faults: Faults | None = None,
        limits: Limits | None = None,
        tokens: tuple[str, ...] = ("token",),
        graphql: bool = True,
        check: bool = False,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.world, self.faults, self.limits = world, faults or Faults(), limits or Limits()
        self.tokens, self.graphql, self.check = tokens, graphql, check
        self.calls: Counter[str] = Counter()
        """``rest``, ``graphql``, ``conditional``, ``unchanged``, ``limited``, ``faults``, ``GET <path>``."""
        self.complaints: list[str] = []
        """Answers of our own that the published schema does not allow."""
        self.moved: dict[str, str] = {}
        """Old name of a repository -> its name today."""
        self.used: Counter[tuple[str, str]] = Counter()
        self.lock = threading.Lock()
        self.began = time.time()

    @property
    def url(self) -> str:
        """Address of the API."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed leave broken pipes behind."""

    def environment(self, **more: str) -> dict[str, str]:
        """The variables under which the factory asks this server."""
        return {"GITHUB_API_URL": self.url, "GITHUB_GRAPHQL_URL": f"{self.url}/graphql", **more}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""

    def do_GET(self) -> None:
        """REST."""
        parts = urlsplit(self.path)
        resource = "search" if parts.path.startswith("/search/") else "core"
        self.server.calls["rest"] += 1
        self.server.calls[f"GET {parts.path}"] += 1
        self.server.calls["conditional"] += "If-None-Match" in self.headers
        if self._spoiled(resource):
            return
        moved = self.server.moved.get("/".join(parts.path.split("/")[2:4]))
        if moved:
            self._answer(301, {}, resource, {"Location": f"{self.server.url}/repos/{moved}"})
            return
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.path == RATE_LIMIT:
            template, body = RATE_LIMIT, self._limits()
        else:
            template, body = rest(self.server.world, parts.path, query)
        if body is None:
            self._answer(404, {"message": "Not Found"}, resource)
            return
        if self.server.check:
            wrong = self.server.world.descriptions.errors(template, body)
            self.server.complaints += [f"{template}: {line}" for line in wrong]
        self._answer(200, body, resource)

    def do_POST(self) -> None:
        """GraphQL."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls["graphql"] += 1
        if not self.server.graphql:
            self._answer(404, {"message": "Not Found"}, "graphql")
            return
        if self._token() is None:
            self._answer(403, {"message": "This endpoint requires you to be authenticated."}, "graphql")
            return
        if self._spoiled("graphql"):
            return
        if self.server.faults.heavy and asked["variables"].get("first", 0) > self.server.faults.heavy:
            self._answer(502, {"message": "This may be the result of a timeout"}, "graphql")
            return
        self._answer(200, graphql(self.server.world, asked), "graphql")

    def _limits(self) -> dict[str, Any]:
        """``GET /rate_limit``."""
        left = {}
        for name in ("core", "graphql", "search"):
            limit, used = getattr(self.server.limits, name), self.server.used[self._caller(name)]
            left[name] = {"limit": limit, "used": used, "remaining": max(0, limit - used), "reset": 0}
        return {"resources": left, "rate": left["core"]}

    def _token(self) -> str | None:
        word, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if word and token in self.server.tokens else None

    def _spoiled(self, resource: str) -> bool:
        """Answer with a limit or a fault, when it is time for one."""
        faults, server = self.server.faults, self.server
        if self.headers.get("Authorization") and self._token() is None:
            self._answer(401, {"message": "Bad credentials"}, resource)
        elif faults.always:
            self._answer(faults.always, {"message": "Server Error"}, resource)
        elif self._spent(resource):
            server.calls["limited"] += 1
            self._answer(403, {"message": PRIMARY}, resource)
        else:
            with server.lock:
                draw = faults.random.random()
            return self._faulty(draw, resource)
        return True

    def _faulty(self, draw: float, resource: str) -> bool:
        faults = self.server.faults
        edges = [faults.server_errors, faults.secondary_limits, faults.dropped, faults.broken_off]
        kind = next((number for number in range(4) if draw < sum(edges[: number + 1])), None)
        if kind is None:
            return False
        self.server.calls["faults"] += 1
        if kind == 0:
            self._answer(random.choice((500, 502, 503)), {"message": "Server Error"}, resource)
        elif kind == 1:
            self._answer(403, {"message": SECONDARY}, resource, {"Retry-After": faults.retry_after})
        else:
            if kind == 3:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n[{")
                self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        return True

    def _caller(self, resource: str) -> tuple[str, str]:
        window = int((time.time() - self.server.began) / self.server.limits.window)
        return f"{self._token()} {window}", resource

    def _spent(self, resource: str) -> bool:
        limit: int = getattr(self.server.limits, resource)
        return self.server.used[self._caller(resource)] >= limit

    def _answer(self, status: int, body: Any, resource: str, more: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        # GitHub's ETag depends on who asks.
        etag = f'W/"{hashlib.sha256(data + str(self._token()).encode()).hexdigest()}"'
        unchanged = status == 200 and resource != "graphql" and self.headers.get("If-None-Match") == etag
        if unchanged:
            status, data = 304, b""
            self.server.calls["unchanged"] += 1
        limits, caller = self.server.limits, self._caller(resource)
        limit: int = getattr(limits, resource)
        with self.server.lock:
            if status < 400 and not (unchanged and self._token()):
                self.server.used[caller] += 1
            left = max(0, limit - self.server.used[caller])
        past = time.time() - self.server.began
        reset = self.server.began + (int(past / limits.window) + 1) * limits.window
        headers = {
            "Date": formatdate(usegmt=True),
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(data)),
            "Vary": VARY,
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(int(reset)),
            "X-RateLimit-Resource": resource,
        }
        self.send_response_only(status)
        for name, value in (headers | {"ETag": etag} | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
