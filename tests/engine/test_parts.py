"""The parts of the engine room that need no engine."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from docker.errors import NotFound
from hypothesis import given
from hypothesis import strategies as st

from envfactory.engine import archive, build, cli, connect, faults, images, usage
from envfactory.engine.build import BuildRequest
from envfactory.engine.stream import Capture, Demultiplexer
from envfactory.errors import BuildError, PrerequisiteError, TrialError


def frame(kind: int, data: bytes) -> bytes:
    return bytes([kind, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=20),
    st.integers(1, 17),
)
def test_frames_are_split_however_they_arrive(frames: list[tuple[int, bytes]], step: int) -> None:
    stream = b"".join(frame(kind, data) for kind, data in frames)
    demultiplexer = Demultiplexer(1 << 20)
    for start in range(0, len(stream), step):
        demultiplexer.feed(stream[start : start + step])
    for kind, capture in ((1, demultiplexer.stdout), (2, demultiplexer.stderr)):
        assert capture.text() == b"".join(data for k, data in frames if k == kind).decode("utf-8", "replace")


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(2, 64))
def test_a_capture_keeps_both_ends_and_no_more(pieces: list[bytes], limit: int) -> None:
    capture = Capture(limit)
    for piece in pieces:
        capture.add(piece)
        assert len(capture._head) + len(capture._tail) <= 5 * limit
    whole = b"".join(pieces)
    assert capture.total == len(whole)
    assert capture.truncated == (len(whole) > limit)
    if not capture.truncated:
        assert capture.text() == whole.decode("utf-8", "replace")
    else:
        assert f"{len(whole) - limit} bytes left out" in capture.text()


def test_layers_are_matched_with_the_steps_that_wrote() -> None:
    history = [(100, "import"), (0, "ENV A=b"), (0, "RUN true # buildkit"), (7, "COPY x /"), (0, "LABEL a=b")]
    assert images.layer_sizes(history, 3) == [100, 0, 7]
    assert images.layer_sizes(history, 2) == [100, 7]
    assert images.layer_sizes([], 1) == [0]


def test_a_tar_with_a_link_instead_of_a_file_is_refused() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("x")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/shadow"
        tar.addfile(entry)
    with pytest.raises(TrialError) as caught:
        archive.unpack_one([buffer.getvalue()], "/x", 100)
    assert caught.value.cause == "report_not_a_file"


def test_a_tar_that_breaks_off() -> None:
    packed = archive.pack({"x": b"y" * 5000}, "/")
    assert (
        archive.unpack_one([packed[i : i + 100] for i in range(0, len(packed), 100)], "/x", 5000)
        == b"y" * 5000
    )
    with pytest.raises(TrialError) as caught:
        archive.unpack_one([packed[:2000]], "/x", 10_000)
    assert caught.value.cause == "report_unreadable"


def test_causes_of_texts() -> None:
    assert faults.cause_of_text("write /x: no space left on device") == "disk_full"
    assert (
        faults.cause_of_text("ERROR: Cannot connect to the Docker daemon at unix://") == "engine_unreachable"
    )
    assert faults.cause_of_text("error: command 'gcc' failed") is None


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        ("No such container: 3dce75e97e4e", "container_gone"),
        ("No such exec instance: e22b5efaaf8c", "container_gone"),
        ("No such image: a:b", "engine_refused"),
    ],
)
def test_what_the_engine_no_longer_finds_is_named(told: str, cause: str) -> None:
    error = faults.fault(NotFound("404 Client Error", explanation=told), "cannot run x")
    assert (error.cause, error.retryable) == (cause, cause == "container_gone")


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(PrerequisiteError) as caught:
        connect()
    assert str(tmp_path) in str(caught.value) and "envfactory doctor" in caught.value.hint
    monkeypatch.setenv("DOCKER_HOST", "nonsense://x")
    with pytest.raises(PrerequisiteError):
        connect()


def test_an_engine_that_dies_in_the_middle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A socket that answers once and then hangs up on everybody, as a daemon that is killed does."""
    path = str(tmp_path / "docker.sock")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    answers = iter(
        [b'{"ApiVersion":"1.41","Version":"20.10"}', b'{"ApiVersion":"1.41","Version":"20.10"}', b"{}"]
    )

    def talk(connection: socket.socket) -> None:
        with connection:
            while connection.recv(65536):
                body = next(answers, None)
                if body is None:
                    break
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    try:
        engine = connect()
        with pytest.raises(BuildError) as caught:
            engine.image("x")
        assert caught.value.cause == "engine_unreachable" and caught.value.retryable
        engine.close()
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def test_counters_of_both_kinds_of_control_groups(tmp_path: Path) -> None:
    proc, mount = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "7").mkdir(parents=True)
    (proc / "7" / "cgroup").write_text("5:cpu:/docker/x\n3:memory:/docker/x\n0::/\n")
    (mount / "memory/docker/x").mkdir(parents=True)
    (mount / "memory/docker/x/memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    (mount / "memory/docker/x/memory.max_usage_in_bytes").write_text("99\n")
    assert usage.read(7, proc, mount) == usage.Memory(2, 99)
    (proc / "7" / "cgroup").write_text("0::/system.slice/docker-x.scope\n")
    (mount / "system.slice/docker-x.scope").mkdir(parents=True)
    (mount / "system.slice/docker-x.scope/memory.events").write_text(
        "low 0\noom 3\noom_kill 1\noom_group_kill 0\n"
    )
    (mount / "system.slice/docker-x.scope/memory.peak").write_text("5\n")
    assert usage.read(7, proc, mount) == usage.Memory(1, 5)
    assert usage.read(8, proc, mount) is None


def fake_docker(folder: Path, version: str, *, buildx: bool) -> None:
    folder.mkdir()
    path = folder / "docker"
    answer = "echo github.com/docker/buildx v0.13.1 abc" if buildx else "exit 1"
    path.write_text(
        f'#!/bin/sh\ncase "$1" in --version) echo Docker version {version}, build x;; *) {answer};; esac\n'
    )
    path.chmod(0o755)


def test_the_client_that_can_build_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli, "USUAL_FOLDERS", ())
    find = cli.find_builder.__wrapped__
    fake_docker(tmp_path / "new", "28.2.2", buildx=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'new'}{os.pathsep}/usr/bin-none")
    assert find() is None
    fake_docker(tmp_path / "old", "20.10.24+dfsg1", buildx=False)
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (tmp_path / "new", tmp_path / "old"))))
    old = find()
    assert old is not None and old.env == (("DOCKER_BUILDKIT", "1"),) and "20.10.24" in old.name
    fake_docker(tmp_path / "plugin", "28.2.2", buildx=True)
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / name) for name in ("new", "old", "plugin")))
    best = find()
    assert (
        best is not None
        and best.name.startswith("buildx 0.13.1")
        and best.argv[1:] == ("buildx", "build", "--load")
    )


def test_a_build_on_a_dead_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_docker(tmp_path / "old", "20.10.24", buildx=False)
    script = tmp_path / "old" / "docker"
    script.write_text("#!/bin/sh\necho Cannot connect to the Docker daemon at $DOCKER_HOST >&2\nexit 1\n")
    builder = cli.Builder((str(script), "build"), (), "fake")
    monkeypatch.setattr(build, "find_builder", lambda: builder)
    request = BuildRequest(tmp_path, "t", tmp_path / "log", 10, secrets={"a": b"b"})
    with pytest.raises(BuildError) as caught:
        build.run_build(request, host="unix:///none", root="")
    assert caught.value.cause == "engine_unreachable" and caught.value.retryable
    monkeypatch.setattr(build, "find_builder", lambda: None)
    with pytest.raises(PrerequisiteError):
        build.run_build(request, host="unix:///none", root="")


def test_importing_the_package_loads_no_sdk() -> None:
    code = "import envfactory, sys; sys.exit('docker' in sys.modules or 'requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
