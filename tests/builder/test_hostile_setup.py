"""A malicious ``setup.py``, resolved and built for real: what it gets, and what it cannot harm."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from envfactory.builder.context import source_digest, write_context
from envfactory.builder.image import build_image
from envfactory.builder.interpreters import ensure_toolchain
from envfactory.builder.names import dependencies_tag
from envfactory.builder.shared_layers import Workshop
from envfactory.engine import Engine, connect
from envfactory.errors import StageError
from envfactory.languages import python
from envfactory.languages.declaration import Declaration, ResolveRequest
from envfactory.records import Limits
from envfactory.timemachine import TimeMachine
from envfactory.workspace import user_cache
from tests.builder.specs import bundle, repository, spec

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
        "setup.py": SETUP.replace("MARKER", str(marker)).encode(),
        "hostile.py": b"answer = 42\n",
        ".gitignore": b"loot.json\n",
    }
    _, base, head = bundle(repository(tmp_path / "repo", files), tmp_path / "s.bundle", tmp_path / "c")
    toolchain = ensure_toolchain(engine, user_cache(), ["3.11", "3.12", "3.10"])
    declaration = Declaration(language="python", name="hostile", interpreters=(toolchain.version,))
    cutoff = datetime(2022, 1, 1, tzinfo=UTC)
    with TimeMachine.for_engine(engine, user_cache()) as index:
        try:
            index.releases("pypi", "setuptools")
        except (StageError, OSError) as error:
            pytest.skip(f"no package index: {error}")
        request = ResolveRequest(engine, index, toolchain, tmp_path / "s.bundle", cutoff, tmp_path / "log")
        resolution = python.resolve(declaration, request)
        made = spec(
            toolchain=toolchain,
            cutoff=cutoff,
            base_commit=base,
            source_digest=source_digest(tmp_path / "s.bundle"),
            lock_files=resolution.lock_files,
            dependencies=resolution.dependencies,
            install_steps=resolution.install_steps,
        )
        write_context(made, tmp_path / "s.bundle", tmp_path / "environment")
        shop = Workshop(engine, index, user_cache(), tmp_path / "log", 300)
        image = build_image(
            shop, made, tmp_path / "environment", instance_id="owner__hostile-1", forbidden=[head]
        )
    try:
        with engine.container(image.tag, limits=Limits()) as container:
            loot = json.loads(container.get("/testbed/loot.json"))
    finally:
        engine.remove_image(image.tag)
        engine.remove_image(dependencies_tag(made))
    assert resolution.install_steps[0].count("develop"), "it did run, in the resolve and in the build"
    assert secret not in json.dumps(loot)
    assert loot["reached"] == []
    assert loot["wrote"] == []
    assert loot["seen"] == []
    assert 0 < loot["forks"] < 2048
    assert not marker.with_name("marker.escaped").exists()
    assert secret not in (tmp_path / "log").read_text()
    assert not engine.sweep_own(), "no container of it is left"
