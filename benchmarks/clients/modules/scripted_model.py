"""An OpenAI-compatible endpoint on loopback that plays a script: a patch, in commands, and then an end.

The task is the one whose instruction the conversation begins with, and the patch is that of the kind that
the model is named after.  Commands are calls of a tool ``bash`` where the request offers one, else
keystrokes in JSON as Terminus wants them.  Nothing of a conversation is kept: how far it is, is read from
its messages.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from patch_folder import cases

PIECE = 60_000
"""Characters of a command's argument; Linux takes 131,072 (``MAX_ARG_STRLEN``)."""
LINE = 3_000
"""Characters of a line that is typed: a terminal's line discipline keeps 4,096."""


def commands(patch: str, piece: int) -> list[str]:
    """What applies ``patch`` to the repository."""
    if not patch:
        return ["true"]
    text = base64.b64encode(patch.encode()).decode()
    pieces = [text[start : start + piece] for start in range(0, len(text), piece)]
    written = [f"printf %s {part} >> /tmp/patch.b64" for part in pieces]
    return [*written, "cd /testbed && base64 -d /tmp/patch.b64 | git apply --whitespace=nowarn -"]


class Script:
    """The patches by kind, and the instructions by which a conversation is recognised."""

    def __init__(self, dataset: str, patches: str) -> None:
        told = Path(dataset, "tasks").glob("*/instruction.md")
        self.instructions = {path.parent.name: path.read_text("utf-8").strip() for path in told}
        self.patches = {(case.kind, case.instance_id): case.patch for case in cases(patches)}
        self.requests = 0

    def answer(self, request: dict) -> dict:
        """The next message of the assistant."""
        self.requests += 1
        messages = request["messages"]
        begun = "\n".join(text_of(message) for message in messages if message["role"] != "assistant")
        found = [name for name, text in self.instructions.items() if text in begun]
        patch = self.patches.get((request["model"].rsplit("/", 1)[-1], found[0] if found else ""), "")
        step = sum(message["role"] == "assistant" for message in messages)
        return called(patch, step) if request.get("tools") else typed(patch, step)


def text_of(message: dict) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def called(patch: str, step: int) -> dict:
    todo = commands(patch, PIECE)
    if step >= len(todo):
        return {"role": "assistant", "content": "done"}
    function = {"name": "bash", "arguments": json.dumps({"command": todo[step]})}
    call = {"id": f"call_{step}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def typed(patch: str, step: int) -> dict:
    keys = [{"keystrokes": line + "\n", "duration": 0.5} for line in commands(patch, LINE)]
    turn = {"analysis": "", "plan": "", "commands": keys if step == 0 else [], "task_complete": step > 0}
    return {"role": "assistant", "content": json.dumps(turn)}


def completion(request: dict, message: dict) -> dict:
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    return {
        "id": "scripted",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def handler(script: Script, kinds: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            models = [{"id": kind, "object": "model", "max_model_len": 65536} for kind in kinds]
            self.reply({"object": "list", "data": models})

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.reply(completion(request, script.answer(request)))

        def reply(self, body: dict) -> None:
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet: the clients' own logs say what they asked."""

    return Handler


@contextmanager
def endpoint(dataset: str, patches: str) -> Iterator[tuple[str, Script]]:
    """Its address, up to and with ``/v1``."""
    script = Script(dataset, patches)
    kinds = sorted({kind for kind, _ in script.patches})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(script, kinds))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", script
    finally:
        server.shutdown()
        server.server_close()
