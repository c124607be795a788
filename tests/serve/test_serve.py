"""The service as clients meet it: the command in its own process, real HTTP on loopback, real containers."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import requests
from openapi_schema_validator import OAS31Validator

from envfactory import Dataset

if TYPE_CHECKING:
    from envfactory.engine import Engine

TOKEN = "a-token-for-these-tests"


class Client(NamedTuple):
    url: str
    token: str
    process: subprocess.Popen[str]

    def call(self, verb: str, path: str, status: int = 200, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(verb, self.url + path, json=body, headers=headers, timeout=120)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def post(self, path: str, status: int = 200, /, **body: Any) -> Any:
        return self.call("POST", path, status, body)


def served(*argv: str, token: str = "") -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ENVFACTORY_")}
    environment |= {"ENVFACTORY_SERVE_TOKEN": token} if token else {}
    command = [sys.executable, "-m", "envfactory", "serve", "--port", "0", "--json", *argv]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def client(dataset: Dataset, engine: Engine) -> Iterator[Client]:
    argv = (str(dataset.path), "--size", "2", "--warm", "1", "--max-waiting", "0")
    process = served(*argv, token=TOKEN)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told.keys() == {"url", "tasks"}  # a token of ours is never repeated
        yield Client(told["url"], TOKEN, process)
    finally:
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=60)
    assert "Traceback" not in complaints
    assert not [one for one in engine.owned_containers() if f"-{process.pid}-" in one.name]


@pytest.fixture
def episode(client: Client, dataset: Dataset) -> Iterator[str]:
    started = client.post("/episodes", 201, instance_id=dataset.ids[0])
    yield f"/episodes/{started['episode_id']}"
    client.call("DELETE", f"/episodes/{started['episode_id']}", 204)


@pytest.mark.docker
def test_nobody_gets_in_without_the_token(client: Client) -> None:
    assert requests.get(f"{client.url}/health", timeout=10).json()["status"] == "ok"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        assert requests.get(f"{client.url}/tasks", headers=headers, timeout=10).status_code == 401
    assert requests.post(f"{client.url}/episodes", json={}, timeout=10).status_code == 401


@pytest.mark.docker
def test_openapi_describes_every_route(client: Client) -> None:
    described = requests.get(f"{client.url}/openapi.json", timeout=10).json()
    assert described["openapi"].startswith("3.1")
    for path, verbs in described["paths"].items():
        for operation in verbs.values():
            assert operation["description" if path != "/health" else "summary"]
            assert path == "/health" or operation["security"]
    example = {"command": "ls", "timeout": 3}
    schemas = described["components"]["schemas"]
    OAS31Validator({"$ref": "#/components/schemas/Action", "components": {"schemas": schemas}}).validate(
        example
    )


@pytest.mark.docker
def test_tasks_without_their_solution(client: Client, dataset: Dataset) -> None:
    name = dataset.ids[0]
    assert [task["instance_id"] for task in client.call("GET", "/tasks")] == [name]
    shown = client.call("GET", f"/tasks/{name}")
    assert shown["instruction"] == dataset[0].instruction
    assert dataset[0].gold_patch not in json.dumps(shown) and "test_half_odd" not in json.dumps(shown)
    assert client.call("GET", "/tasks/none", 404)["cause"] == "not_found"
    how = {"mode": "partial", "speed": {"beta": 0.5, "h": "linear"}, "completion_seconds": 3.0}
    graded = client.post(f"/tasks/{name}/grade", patch=dataset[0].gold_patch, **how)
    assert (graded["value"], graded["fault"], graded["speed"]) == (1.0, None, None)  # without a baseline
    assert graded["completion"] == {"episode": 3.0, "environment": None, "cpu": None}
    client.post(f"/tasks/{name}/grade", 422, patch="", speed={"h": "rising"})


@pytest.mark.docker
def test_an_episode_over_http(client: Client, episode: str, dataset: Dataset) -> None:
    done = client.post(f"{episode}/exec", command="echo $A; pwd; exit 4", env={"A": "ü"})
    assert (done["stdout"], done["exit_code"]) == ("ü\n/testbed\n", 4)
    assert client.post(f"{episode}/exec", command=["sleep", "9"], timeout=0.3)["timed_out"]
    data = base64.b64encode(b"\xff\x00").decode()
    client.post(f"{episode}/write", 204, path="new.bin", content=data, encoding="base64")
    assert client.post(f"{episode}/read", path="new.bin", encoding="base64")["content"] == data
    assert client.post(f"{episode}/read", 404, path="none")["cause"] == "not_found"
    assert client.post(f"{episode}/apply", 422, patch="nonsense")["cause"] == "patch_does_not_apply"
    kept = client.post(f"{episode}/snapshot", 201)["snapshot"]
    client.post(f"{episode}/restore", 204)
    assert client.call("GET", f"{episode}/diff")["patch"] == ""
    client.post(f"{episode}/restore", 204, snapshot=kept)
    assert "new.bin" in client.call("GET", f"{episode}/diff")["patch"]
    client.post(f"{episode}/restore", 204)
    client.call("DELETE", f"/snapshots/{kept}", 204)
    assert client.post(f"{episode}/step", apply=dataset[0].gold_patch)["error"] == ""
    assert client.post(f"{episode}/step", submit=True)["reward"]["value"] == 1.0
    assert client.post(f"{episode}/step", 422, command="ls", submit=True)["detail"]


@pytest.mark.docker
def test_a_full_pool_pushes_back(client: Client, episode: str, dataset: Dataset) -> None:
    other = client.post("/episodes", 201, instance_id=dataset.ids[0], seconds=1.0)["episode_id"]
    refused = client.post("/episodes", 429, instance_id=dataset.ids[0])
    assert (refused["cause"], refused["retryable"]) == ("pool_full", True)
    threading.Event().wait(3)
    assert client.post(f"/episodes/{other}/exec", 410, command="ls")["cause"] == "episode_timeout"
    assert client.call("GET", "/pool")["running"] == 1
    assert [one["open"] for one in client.call("GET", "/episodes")] == [True, False]
    client.call("DELETE", f"/episodes/{other}", 204)


def test_other_machines_need_a_token_that_was_chosen(tmp_path: object) -> None:
    refused = served("--host", "0.0.0.0", str(tmp_path))
    _, told = refused.communicate(timeout=60)
    assert refused.returncode == 2 and "ENVFACTORY_SERVE_TOKEN" in told
    short = served(str(tmp_path), token="short")
    assert "shorter than" in short.communicate(timeout=60)[1] and short.returncode == 2


@pytest.mark.docker
def test_a_made_token_is_told_once_and_ctrl_c_ends_it(dataset: Dataset, engine: Engine) -> None:
    process = served(str(dataset.path), "--size", "1")
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    client = Client(told["url"], told["token"], process)
    started = client.post("/episodes", 201, instance_id=dataset.ids[0])
    running = threading.Thread(
        target=client.post, args=(f"/episodes/{started['episode_id']}/exec",), kwargs={"command": "sleep 77"}
    )
    running.daemon = True
    threading.excepthook = lambda _: None  # its connection is cut
    running.start()
    threading.Event().wait(1)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in complaints, complaints
    assert not [one for one in engine.owned_containers() if f"-{process.pid}-" in one.name]
