"""Prefixes of the test command at work: in containers without network, under a task's own limits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from envfactory.engine import Container, Engine
from envfactory.languages.surroundings import clock, display
from envfactory.languages.surroundings.prefixes import NOT_STARTED, block
from envfactory.languages.surroundings.service_use import Use
from envfactory.languages.surroundings.services import script
from envfactory.records import Limits

pytestmark = pytest.mark.docker
PYTHON = "/opt/python/3.11/bin/python3.11"
DOCKERFILE = """\
FROM {base}
RUN set -eu; export DEBIAN_FRONTEND=noninteractive; apt-get update; \\
    apt-get install -y --no-install-recommends redis-server postgresql; rm -rf /var/lib/apt/lists/*
"""
WHEN = datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC)
REDIS = Use(6379, hosts=frozenset({"cache"}))
POSTGRESQL = Use(5432, frozenset({"db"}), frozenset({"app"}), frozenset({"shop"}))

DAY = """
import datetime, multiprocessing, os, queue, subprocess, sys, threading, time
day = datetime.date(2019, 5, 6)
assert datetime.date.today() == day and time.localtime().tm_year == 2019
child = subprocess.check_output([sys.executable, "-c", "import datetime; print(datetime.date.today())"])
assert child.decode().strip() == str(day)
assert subprocess.check_output(["date", "+%Y"]).decode().strip() == "2019"
assert os.stat(sys.executable).st_mtime > time.time()
def takes(seconds, what, *arguments, **named):
    begin = time.monotonic()
    try:
        what(*arguments, **named)
    except (queue.Empty, TimeoutError):
        pass
    spent = time.monotonic() - begin
    assert seconds <= spent < seconds + 1, (what, spent)
lock = threading.Lock()
lock.acquire()
takes(0.2, time.sleep, 0.2)
takes(0.2, lock.acquire, timeout=0.2)
takes(0.2, threading.Event().wait, 0.2)
takes(0.2, queue.Queue().get, timeout=0.2)
takes(0.2, multiprocessing.Queue().get, timeout=0.2)
condition = threading.Condition()
with condition:
    takes(0.2, condition.wait, 0.2)
"""


@pytest.fixture(scope="module")
def toolchain(engine: Engine) -> str:
    from envfactory.builder.interpreters import ensure_toolchain
    from envfactory.workspace import user_cache

    return ensure_toolchain(engine, user_cache(), ["3.11"]).image


@pytest.fixture(scope="module")
def image(engine: Engine, toolchain: str) -> str:
    """An image with the packages of two services; made once per content."""
    text = DOCKERFILE.format(base=toolchain)
    tag = f"envfactory/tiny-test:surroundings-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    if engine.image(tag) is None:
        with TemporaryDirectory() as name:
            context = Path(name)
            (context / "Dockerfile").write_text(text)
            engine.build(context, tag, log=context / "build.log", timeout=300, network="default")
    return tag


@pytest.fixture
def container(engine: Engine, image: str) -> Iterator[Container]:
    with engine.container(image, limits=Limits()) as running:
        yield running


def run(container: Container, prefix: tuple[str, ...], *argv: str) -> str:
    done = container.exec([*prefix, *argv], timeout=60)
    assert done.exit_code == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_redis(container: Container) -> None:
    prefix = block(script("redis", REDIS), f"service:redis?{REDIS.label()}")
    assert run(container, prefix, "redis-cli", "-h", "cache", "set", "word", "kept") == "OK\n"
    assert run(container, prefix, "redis-cli", "get", "word") == "kept\n"
    assert container.exec(["redis-cli", "ping"], timeout=10).stdout == "PONG\n"


def test_postgresql(container: Container) -> None:
    prefix = block(script("postgresql", POSTGRESQL), f"service:postgresql?{POSTGRESQL.label()}")
    client = ("psql", "-tAc")
    assert run(container, prefix, "/bin/echo", "ran") == "ran\n"
    names = "select current_user || ' ' || current_database()"
    assert run(container, prefix, *client, names, "-h", "db", "-U", "app", "shop") == "app shop\n"
    assert run(container, prefix, *client, names) == "root root\n"
    assert run(container, prefix, *client, names, "postgresql://postgres:any@localhost/postgres") == (
        "postgres postgres\n"
    )


def test_the_clock_shifts_the_day_and_no_duration(engine: Engine, toolchain: str) -> None:
    prefix = block(clock.script(WHEN), "clock")
    with engine.container(toolchain, limits=Limits()) as container:
        run(container, prefix, PYTHON, "-c", DAY)
        run(container, (*prefix, *prefix), PYTHON, "-c", DAY)
        outside = container.exec(["date", "+%Y"], timeout=10).stdout
        assert int(outside) > 2019


@pytest.mark.parametrize(
    ("text", "label"),
    [(script("memcached", Use(11211)), "service:memcached"), (display.script(), "display")],
)
def test_what_cannot_be_prepared_ends_the_run(engine: Engine, toolchain: str, text: str, label: str) -> None:
    with engine.container(toolchain, limits=Limits()) as container:
        argv = [*block(text.replace("sleep 0.05", "sleep 0"), label), "/bin/echo", "ran"]
        done = container.exec(argv, timeout=60)
    assert (done.exit_code, done.stdout) == (NOT_STARTED, "")
    assert "did not start" in done.stderr
