"""uv and pip in containers that see nothing but the time machine; the upstream is canned."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from envfactory.engine import Engine
from envfactory.records import Limits
from envfactory.timemachine import TimeMachine, client_environment
from envfactory.timemachine.machine import TimeMachine as Machine
from tests.timemachine.conftest import Upstream, installable

pytestmark = pytest.mark.docker
CUT = datetime(2018, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def image(engine: Engine) -> tuple[str, str]:
    """An image with an interpreter and uv, and the interpreter's path."""
    from envfactory.builder.interpreters import ensure_toolchain
    from envfactory.workspace import user_cache

    toolchain = ensure_toolchain(engine, user_cache(), ["3.11"])
    return toolchain.image, toolchain.executable


@pytest.fixture
def machine(engine: Engine, upstream: Upstream, tmp_path: Path) -> Machine:
    for version, when in (("1.0", "2018-04-01T00:00:00Z"), ("2.0", "2019-01-01T00:00:00Z")):
        name = f"wordthing-{version}-py3-none-any.whl"
        upstream.add("wordthing", name, when, installable("wordthing", version))
    addresses = [engine.gateway("build"), engine.gateway("index")]
    return TimeMachine(tmp_path / "cache", addresses, upstreams={"pypi": upstream.url})


def test_uv_and_pip_see_the_date_and_nothing_else(
    engine: Engine, machine: Machine, image: tuple[str, str]
) -> None:
    tag, python = image
    with machine, engine.container(tag, limits=Limits(), network="index", workdir="/tmp") as container:
        env = client_environment(machine.url("pypi", CUT, token="uv"))
        made = container.exec(["uv", "venv", "-q", "-p", python, "/tmp/v"], env=env, timeout=60)
        assert made.exit_code == 0, made.stderr
        command = ["uv", "pip", "install", "-p", "/tmp/v/bin/python", "wordthing"]
        done = container.exec(command, env=env, timeout=60)
        assert done.exit_code == 0 and "wordthing==1.0" in done.stderr, done.stderr
        assert [entry.version for entry in machine.ledger("uv")] == ["1.0"]
        env = client_environment(machine.url("pypi", CUT, token="pip"))
        script = f"{python} -m venv /tmp/w && /tmp/w/bin/pip install wordthing"
        done = container.exec(["sh", "-c", script], env=env, timeout=120)
        assert done.exit_code == 0 and "wordthing-1.0" in done.stdout, done.stdout + done.stderr
        assert [entry.version for entry in machine.ledger("pip")] == ["1.0"]
        reach = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"
        assert container.exec([python, "-c", reach], timeout=30).exit_code != 0
        names = "import socket; socket.getaddrinfo('example.com', 80)"
        assert container.exec([python, "-c", names], timeout=30).exit_code != 0


def test_a_build_step_reaches_it_through_a_secret(
    engine: Engine, machine: Machine, image: tuple[str, str], tmp_path: Path
) -> None:
    tag, python = image
    context = tmp_path / "context"
    context.mkdir()
    made = f"envfactory/timemachine-test:{uuid.uuid4().hex[:12]}"
    (context / "Dockerfile").write_text(
        f"FROM {tag}\nRUN --mount=type=secret,id=index set -eu; . /run/secrets/index; : {made}; "
        f"uv venv -q --clear -p {python} /opt/v; uv pip install -p /opt/v/bin/python wordthing\n"
    )
    with machine:
        url = machine.url("pypi", CUT, container_network="build", token=made.rpartition(":")[2])
        secret = "".join(f"export {name}='{value}'\n" for name, value in client_environment(url).items())
        try:
            engine.build(context, made, secrets={"index": secret.encode()}, log=tmp_path / "log", timeout=120)
        finally:
            engine.remove_image(made, force=True)
        assert [entry.version for entry in machine.ledger(made.rpartition(":")[2])] == ["1.0"]
        assert url not in (tmp_path / "log").read_text()


def test_apt_installs_in_a_container_without_a_network(engine: Engine, tmp_path: Path) -> None:
    from envfactory.builder.bases import ensure_base
    from envfactory.workspace import user_cache

    base = ensure_base(engine, user_cache()).id
    script = "apt-get update && apt-get install -y --no-install-recommends tree && tree --version"
    with (
        TimeMachine.for_engine(engine, tmp_path) as machine,
        engine.container(base, limits=Limits(), network="index", workdir="/tmp") as container,
    ):
        given = container.exec(["sh", "-c", "cat /etc/apt/sources.list.d/*"], timeout=30).stdout
        setup = machine.client_setup("apt", CUT, token="t", given=given)
        container.put({name: text.encode() for name, text in setup.files.items()})
        done = container.exec(["sh", "-c", script], env=setup.environment, timeout=200)
        if "Could not connect" in done.stderr or " 502 " in done.stderr:
            pytest.skip("no mirror answers")
        assert done.exit_code == 0, done.stdout + done.stderr
        assert "tree v" in done.stdout
        (entry,) = machine.ledger("t")
        assert (entry.ecosystem, entry.name, entry.rule) == ("apt", "tree", "undated")
        assert entry.version and len(entry.sha256) == 64
