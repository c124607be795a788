"""A malicious ``setup.py``, resolved and built for real: what it gets, and what it cannot harm."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from envfactory.engine import Engine, connect
from envfactory.languages.declaration import Declaration
from tests.builder.real import Project

pytestmark = pytest.mark.docker
SETUP = """\
import json, os, pathlib, socket, time
from setuptools import setup

loot = {"environ": dict(os.environ), "reached": [], "wrote": [], "forks": 0, "seen": []}
for address in [("1.1.1.1", 53), ("169.254.169.254", 80), ("172.17.0.1", 22), ("example.org", 80)]:
    try:
        socket.create_connection(address, 2).close()
        loot["reached"].append(address)
    except OSError:
        pass
for path in ["/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/proc/sys/kernel/core_pattern"]:
    try:
        pathlib.Path(path).write_text("x")
        loot["wrote"].append(path)
    except OSError:
        pass
for path in ["/var/run/docker.sock", "MARKER"]:
    if os.path.exists(path):
        loot["seen"].append(path)
pathlib.Path("MARKER").parent.mkdir(parents=True, exist_ok=True)
pathlib.Path("MARKER.escaped").write_text("x")
try:
    for _ in range(20000):
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
        loot["forks"] += 1
except OSError:
    pass
pathlib.Path("loot.json").write_text(json.dumps(loot))
setup(name="hostile", version="1", py_modules=["hostile"])
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    connected = connect()
    yield connected
    connected.close()


def test_a_malicious_setup_py_gets_nothing_and_harms_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = f"sentinel-{secrets.token_hex(8)}"
    for name in ("GITHUB_TOKEN", "OPENAI_API_KEY", "UV_INDEX_PASSWORD"):
        monkeypatch.setenv(name, secret)
    marker = tmp_path / "marker"
    marker.write_text("here")
    files = {
        "setup.py": SETUP.replace("MARKER", str(marker)),
        "hostile.py": "answer = 42\n",
        ".gitignore": "loot.json\n",
    }
    with Project.of(engine, tmp_path, files, datetime(2022, 1, 1, tzinfo=UTC)) as project:
        interpreters = (project.toolchain.version,)
        declaration = Declaration(language="python", name="hostile", interpreters=interpreters)
        resolution = project.resolved(declaration)
        with project.container(resolution) as container:
            loot = json.loads(container.get("/testbed/loot.json"))
    assert resolution.install_steps[0].count("develop"), "it did run, in the resolve and in the build"
    assert secret not in json.dumps(loot)
    assert loot["reached"] == []
    assert loot["wrote"] == []
    assert loot["seen"] == []
    assert 0 < loot["forks"] < 2048
    assert not marker.with_name("marker.escaped").exists()
    assert secret not in (tmp_path / "log").read_text()
    assert not engine.sweep_own(), "no container of it is left"
