"""Real clients of every age against `envfactory index serve`; the upstream is canned."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uv

from tests.timemachine.conftest import Upstream, installable

DATE = "2018-05-01"
SETUP = """from setuptools import setup
setup(name="wordthing", version="{0}", packages=["wordthing"])
"""
OLD_PIP = "pip==9.0.3"


def sdist(version: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in (
            ("setup.py", SETUP.format(version)),
            ("wordthing/__init__.py", ""),
            ("PKG-INFO", f"Metadata-Version: 1.0\nName: wordthing\nVersion: {version}\n"),
        ):
            info = tarfile.TarInfo(f"wordthing-{version}/{name}")
            info.size, info.mtime = len(text), 1_500_000_000
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture
def words(upstream: Upstream) -> Upstream:
    """Versions 0.9 (source) and 1.0 before the date, 1.1 for newer interpreters only, 2.0 after it."""
    upstream.add("wordthing", "wordthing-0.9.tar.gz", "2017-04-01T00:00:00Z", sdist("0.9"))
    for version, when, requires in (
        ("1.0", "2018-04-01T00:00:00Z", ""),
        ("2.0", "2019-01-01T00:00:00Z", ""),
    ):
        name = f"wordthing-{version}-py3-none-any.whl"
        upstream.add(
            "wordthing", name, when, installable("wordthing", version), **{"requires-python": requires}
        )
    upstream.add(
        "wordthing",
        "wordthing-1.1.tar.gz",
        "2018-04-02T00:00:00Z",
        sdist("1.1"),
        **{"requires-python": ">=9"},
    )
    return upstream


@contextmanager
def serving(upstream: Upstream, cache: Path, *more: str, code: int = 130) -> Iterator[dict[str, Any]]:
    """The command as users start it; ends with Ctrl-C."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    env |= {"PIP_INDEX_URL": upstream.url, "ENVFACTORY_CACHE": str(cache)}
    command = [sys.executable, "-m", "envfactory", "index", "serve", "--date", DATE, "--port", "0", "--json"]
    with subprocess.Popen(
        [*command, *more], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert line, server.communicate()[1].decode()
            yield json.loads(line)["clients"]
        finally:
            server.send_signal(signal.SIGINT)
            try:
                errors = server.communicate(timeout=20)[1].decode()
            finally:
                server.kill()
    assert server.returncode == code, errors


@pytest.fixture
def client(words: Upstream, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a client of a running index."""
    with serving(words, tmp_path / "cache") as clients:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
        clean |= {
            "PIP_CACHE_DIR": str(tmp_path / "pip"),
            "UV_NO_CACHE": "1",
            "HOME": str(tmp_path),
            "NO_PROXY": "*",
        }
        yield clean | clients["pypi"]["environment"]


def run(command: list[str | Path], env: dict[str, str], cwd: Path | None = None) -> str:
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def old_python() -> str:
    """An interpreter 3.6 of this machine; a skip where there is none."""
    managed = sorted((Path.home() / ".pyenv/versions").glob("3.6.*/bin/python3.6"))
    for candidate in [*map(str, managed), shutil.which("python3.6")]:
        if candidate and subprocess.run([candidate, "-V"], capture_output=True, timeout=60).returncode == 0:
            return candidate
    pytest.skip("no Python 3.6 here")


def test_uv_and_todays_pip(client: dict[str, str], tmp_path: Path) -> None:
    run([uv.find_uv_bin(), "venv", "-q", "--seed", "-p", sys.executable, tmp_path / "v"], {**os.environ})
    python = tmp_path / "v/bin/python"
    assert "+ wordthing==1.0" in run([uv.find_uv_bin(), "pip", "install", "-p", python, "wordthing"], client)
    target = ["--target", tmp_path / "by-pip"]
    assert "wordthing-1.0" in run([python, "-m", "pip", "install", *target, "wordthing"], client)


def test_pip_9(client: dict[str, str], tmp_path: Path) -> None:
    python = old_python()
    target = tmp_path / "old"
    fetch = [uv.find_uv_bin(), "pip", "install", "-q", "-p", sys.executable, "--target", target, OLD_PIP]
    if subprocess.run(fetch, capture_output=True, timeout=120).returncode != 0:
        pytest.skip(f"{OLD_PIP} is not to be had")
    env = client | {"PYTHONPATH": str(target)}
    assert "pip 9.0.3" in run([python, "-m", "pip", "--version"], env)
    command = [python, "-m", "pip", "install", "--target", tmp_path / "by-pip", "wordthing"]
    assert "wordthing-1.0" in run(command, env)


def test_easy_install(client: dict[str, str], tmp_path: Path) -> None:
    run([old_python(), "-m", "venv", tmp_path / "v"], client)
    python = tmp_path / "v/bin/python"
    assert run([python, "-c", "import setuptools; print(setuptools.__version__)"], client) < "58"
    url = client["PIP_INDEX_URL"]
    said = run([python, "-m", "easy_install", "-i", url, "wordthing"], client, tmp_path)
    assert "wordthing 0.9" in said or "wordthing 1.0" in said, said
    assert "1.1" not in said, "easy_install does not look at Requires-Python; we do for it"


def test_a_ledger_is_written_shown_and_replayed(words: Upstream, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    base = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    command = [uv.find_uv_bin(), "pip", "install", "-q", "--no-cache", "-p", sys.executable, "wordthing"]
    with serving(words, tmp_path / "cache", "--ledger", str(ledger)) as clients:
        assert set(clients) >= {"pypi", "npm"}
        run([*command, "--target", tmp_path / "one"], base | clients["pypi"]["environment"])
    envfactory = [sys.executable, "-m", "envfactory", "index"]
    said = json.loads(run([*envfactory, "ledger", ledger, "--json"], base))
    assert [entry["version"] for entry in said["entries"]] == ["1.0"]
    assert said["rules"] == {"dated": 1} and said["contradictions"] == []
    assert "2018-04-01 dated" in run([*envfactory, "ledger", ledger], base)
    words.add("wordthing", "wordthing-1.5-py3-none-any.whl", "2018-04-20T00:00:00Z")
    asked = len(words.asked)
    with serving(words, tmp_path / "cache", "--replay", str(ledger), "--offline") as clients:
        env = base | clients["pypi"]["environment"]
        run([*command, "--target", tmp_path / "two"], env)
        assert (tmp_path / "two/wordthing-1.0.dist-info").is_dir()
    assert len(words.asked) == asked


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--date", "yesterday"], 2, "not a date"),
        (["--host", "0.0.0.0"], 2, "not all of them"),
        (["--replay", "none.jsonl"], 2, "cannot read the ledger"),
        (["--host", "203.0.113.7", "--port", "0"], 4, "cannot listen"),
    ],
)
def test_wrong_calls(more: list[str], code: int, said: str, tmp_path: Path) -> None:
    env = {**os.environ, "ENVFACTORY_CACHE": str(tmp_path), "PIP_INDEX_URL": "http://127.0.0.1:9/simple/"}
    command = [sys.executable, "-m", "envfactory", "index", "serve", *more]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == code and said in done.stderr, done.stderr


def test_a_ledger_that_contradicts_itself(tmp_path: Path) -> None:
    entry = {
        "ecosystem": "pypi",
        "name": "thing",
        "version": "1",
        "filename": "thing-1.tar.gz",
        "sha256": "0" * 64,
        "upload_time": "2020-01-01T00:00:00Z",
        "cutoff": "2018-01-01T00:00:00Z",
    }
    path = tmp_path / "ledger.jsonl"
    path.write_text(json.dumps(entry) + "\n")
    command = [sys.executable, "-m", "envfactory", "index", "ledger", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "served as of 2018-01-01" in done.stderr
