"""Real builds: secrets, logs, time-outs and failures that name their cause."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from envfactory.engine import Engine
from envfactory.errors import BuildError
from envfactory.records import Limits

pytestmark = pytest.mark.docker


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"envfactory/engine-test:{uuid.uuid4().hex[:12]}"
    yield name
    engine.remove_image(name, force=True)


def context(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(text)
    (folder / "file.txt").write_text("content\n")
    return folder


def test_a_build_with_arguments_secrets_and_labels(
    engine: Engine, base: str, tag: str, tmp_path: Path
) -> None:
    text = (
        f"FROM {base}\nARG WHO\nCOPY file.txt /file.txt\n"
        "RUN --mount=type=secret,id=index grep -q '^hidden.value$' /run/secrets/index && echo $WHO > /who\n"
        "ENV A=b\nRUN head -c 100000 /dev/zero > /zeros\n"
    )
    log = tmp_path / "logs" / "build.log"
    image = engine.build(
        context(tmp_path, text), tag, build_args={"WHO": "me"}, secrets={"index": b"hidden-value"},
        labels={"envfactory.kind": "test"}, log=log, timeout=120,
    )  # fmt: skip
    assert image.labels["envfactory"] == "1" and image.labels["envfactory.kind"] == "test"
    assert tag in image.tags and tag in {name for one in engine.owned_images() for name in one.tags}
    assert sum(layer.bytes for layer in image.layers) == image.size
    assert [layer.bytes for layer in image.layers][-1] == 100_000
    assert "hidden-value" not in log.read_text()
    with engine.container(tag, limits=Limits(), workdir="/") as container:
        assert container.exec(["cat", "/who", "/file.txt"]).stdout == "me\ncontent\n"
        assert container.exec(["sh", "-c", "cat /run/secrets/*"]).exit_code != 0
    assert engine.remove_image(tag) and not engine.remove_image(tag)
    assert engine.image(tag) is None


def test_a_failing_step_is_named_with_its_log(engine: Engine, base: str, tag: str, tmp_path: Path) -> None:
    folder = context(tmp_path, f"FROM {base}\nRUN echo before-the-fall; exit 7\n")
    with pytest.raises(BuildError) as caught:
        engine.build(folder, tag, log=tmp_path / "log", timeout=60)
    assert caught.value.cause == "build_step_failed" and not caught.value.retryable
    assert "before-the-fall" in caught.value.log and "exit code: 7" in caught.value.log
    assert engine.image(tag) is None


def test_a_build_that_takes_too_long_is_stopped(engine: Engine, base: str, tag: str, tmp_path: Path) -> None:
    mark = f"86{uuid.uuid4().int % 10**8}"
    folder = context(tmp_path, f"FROM {base}\nRUN sleep {mark}\n")
    started = time.monotonic()
    with pytest.raises(BuildError) as caught:
        engine.build(folder, tag, log=tmp_path / "log", timeout=3)
    assert caught.value.cause == "build_timeout"
    assert time.monotonic() - started < 30
    for _ in range(50):
        if mark not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout:
            break
        time.sleep(0.2)
    else:
        pytest.fail("the step outlived its build")


def test_a_build_without_network(engine: Engine, base: str, tag: str, tmp_path: Path) -> None:
    folder = context(tmp_path, f"FROM {base}\nRUN ! grep -q eth0 /proc/net/dev\n")
    assert engine.build(folder, tag, log=tmp_path / "log", timeout=60, network="none").id


def test_import_of_a_root_file_system(engine: Engine, tag: str, tmp_path: Path) -> None:
    import tarfile

    (tmp_path / "hello").write_text("hello")
    with tarfile.open(tmp_path / "root.tar", "w") as tar:
        tar.add(tmp_path / "hello", "hello")
    image = engine.import_tar(tmp_path / "root.tar", tag, labels={"x": "a b"}, changes=["ENV PATH=/bin"])
    assert image.labels == {"envfactory": "1", "x": "a b"}
    assert len(image.layers) == 1


def test_what_the_engine_says_of_itself(engine: Engine) -> None:
    info = engine.describe()
    assert info.version and info.storage_driver and "via" in info.builder
    assert info.disk_free > 0
    assert engine.gateway().count(".") == 3 and engine.gateway("index") != engine.gateway()
