"""An endpoint on loopback that answers as told, in order; real HTTP, nothing else is real."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def said(content: str, *, tokens: tuple[int, int] | None = (1000, 50)) -> dict[str, Any]:
    """A completion with that text."""
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]} if tokens else None
    return {"choices": [{"message": {"role": "assistant", "content": content}}], "usage": usage}


def proposed(change: str, value: str, why: str = "the log says so") -> dict[str, Any]:
    """A completion that proposes one change."""
    return said(json.dumps({"change": change, "value": value, "why": why}))


@dataclass
class Script:
    """What to answer: a completion, a status, or a status with a text; the last one stays."""

    answers: list[dict[str, Any] | int | tuple[int, str]]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def answer(self, body: dict[str, Any], key: str | None) -> tuple[int, bytes]:
        self.asked.append(body)
        self.keys.append(key)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, dict):
            return 200, json.dumps(answer).encode()
        status, text = answer if isinstance(answer, tuple) else (answer, "no")
        return status, text.encode()


@contextmanager
def endpoint(*answers: dict[str, Any] | int | tuple[int, str]) -> Iterator[Script]:
    """The script, served while the block runs."""
    script = Script(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/chat/completions"
            status, answer = script.answer(body, self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
