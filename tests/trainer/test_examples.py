"""The examples run as a reader would run them; the model is a script behind a real endpoint on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from envfactory.trainer import Task, trajectory

pytestmark = pytest.mark.docker
EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPT = ("```bash\ncat maths.py\n```", "```bash\nsed -i 's,//,/,' maths.py\n```", "SUBMIT")


class Model(BaseHTTPRequestHandler):
    """Answers with the next line of the script, as far as the conversation has come."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        turn = sum(message["role"] == "assistant" for message in asked["messages"])
        answer: dict[str, Any] = {
            "choices": [{"message": {"role": "assistant", "content": SCRIPT[turn]}}],
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def run(task: Task, example: str, *more: str, cwd: Path) -> str:
    argv = [sys.executable, str(EXAMPLES / example), str(task.directory.parents[1]), *more]
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=True, timeout=300).stdout


@pytest.mark.parametrize(
    ("example", "last"), [("gold_agent.py", "solution applied: 1.0"), ("random_agent.py", "mean: 0.0")]
)
def test_scripted_agents(task: Task, tmp_path: Path, example: str, last: str) -> None:
    assert run(task, example, cwd=tmp_path).splitlines()[-1].startswith(last)


def test_a_model_behind_an_endpoint(task: Task, tmp_path: Path, endpoint: str) -> None:
    shown = run(task, "model_agent.py", endpoint, "scripted", cwd=tmp_path)
    assert shown.splitlines() == [f"{task.instance_id} 1.0 ", "mean: 1.0"]
    events = trajectory.read(tmp_path / f"trajectories/{task.instance_id}.jsonl")
    assert [event["event"] for event in events].count("reasoning") == 3
    assert events[-2]["reward"]["value"] == 1.0
