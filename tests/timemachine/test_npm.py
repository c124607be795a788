"""The registry as of a date: pure rules, the server against a canned upstream, and the real npm."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from envfactory.errors import PrerequisiteError, UsageError
from envfactory.timemachine import File, TimeMachine, client_environment, npm_config, packument
from tests.timemachine.conftest import Upstream

CUT = datetime(2018, 5, 1, tzinfo=UTC)
START = datetime(2016, 1, 1, tzinfo=UTC)
NUMBERS = st.integers(0, 30)
VERSIONS = st.builds(
    lambda a, b, c, pre: f"{a}.{b}.{c}{pre}",
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.sampled_from(["", "-alpha", "-alpha.1", "-rc.2", "-rc.11"]),
)


def tarball(name: str, version: str) -> bytes:
    buffer = io.BytesIO()
    text = json.dumps({"name": name, "version": version}).encode()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("package/package.json")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return buffer.getvalue()


def publish(
    upstream: Upstream, name: str, versions: dict[str, str], *, latest: str = "", **more: Any
) -> dict[str, bytes]:
    """Put a package into the canned registry; version -> date."""
    contents = {version: tarball(name, version) for version in versions}
    document: dict[str, Any] = {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": latest or list(versions)[-1]},
        "versions": {},
        "time": {"created": "2000-01-01T00:00:00Z", **{key: when for key, when in versions.items() if when}},
    }
    for version, content in contents.items():
        path = f"/npm/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
        upstream.raw[path] = content
        digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
        document["versions"][version] = {
            "name": name,
            "version": version,
            "readme": "long",
            "dist": {"integrity": f"sha512-{digest}", "tarball": path},
            **more,
        }
    upstream.raw[f"/npm/{name.replace('/', '%2F')}"] = json.dumps(document).encode()
    return contents


def monthly(*versions: str) -> dict[str, str]:
    return {version: (START + timedelta(days=90 * n)).isoformat() for n, version in enumerate(versions)}


@pytest.fixture
def machine(upstream: Upstream, tmp_path: Path) -> Iterator[TimeMachine]:
    registry = upstream.url.replace("/simple/", "/npm/")
    with TimeMachine(
        tmp_path / "cache", ["127.0.0.1"], upstreams={"pypi": upstream.url, "npm": registry}
    ) as running:
        yield running


def get(url: str, accept: str = "application/json") -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers={"Accept": accept}, timeout=20)


@given(st.lists(VERSIONS, min_size=1, max_size=20, unique=True))
def test_latest_is_the_highest_release_shown(versions: list[str]) -> None:
    found = packument.tags({"dist-tags": {"latest": "99.0.0", "next": versions[0]}}, versions)
    assert found["next"] == versions[0]
    released = [version for version in versions if "-" not in version]
    key = packument.order(found["latest"])
    assert key is not None
    for version in released or versions:
        assert (packument.order(version) or key) <= key
    assert not released or "-" not in found["latest"]


def test_the_order_of_semantic_versions() -> None:
    """The example of the specification, https://semver.org/#spec-item-11."""
    pre = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    ordered = [*(f"1.0.0-{name}" for name in pre), "1.0.0"]
    keys = [packument.order(version) for version in ordered]
    assert all(one and other and one < other for one, other in pairwise(keys))
    assert packument.order("0.1") is None and packument.order("v1.2.3+build") == packument.order("1.2.3")


@given(st.lists(VERSIONS, max_size=25, unique=True), st.randoms(use_true_random=False))
def test_dates_in_the_order_of_versions_are_believed(versions: list[str], random: Any) -> None:
    versions.sort(key=lambda version: packument.order(version) or ())
    files = [
        File("x", version, "f", "u", "", START + timedelta(days=n)) for n, version in enumerate(versions)
    ]
    random.shuffle(files)
    assert packument.backwards(files)[1] == 0
    assert packument.believable(files) is not False


@given(st.text(max_size=80), st.text(max_size=44))
def test_hashes_that_are_none_are_no_hashes(integrity: str, shasum: str) -> None:
    found = packument.strongest(integrity, shasum)
    assert not found or found.partition(":")[0] in ("sha512", "sha384", "sha256", "sha1")


def test_a_document_as_of_a_date(machine: TimeMachine, upstream: Upstream) -> None:
    publish(upstream, "thing", monthly("1.0.0", "1.1.0", "1.2.0", "2.0.0-rc.1", "1.3.0", "1.3.1") | {
        "2.0.0": "2019-01-01T00:00:00Z"
    })  # fmt: skip
    url = machine.url("npm", CUT, token="t")
    full = get(url + "thing").json()
    assert full["dist-tags"] == {"latest": "1.3.1"} and "2.0.0" not in full["versions"]
    assert "2.0.0" not in full["time"] and full["versions"]["1.0.0"]["readme"] == "long"
    assert full["versions"]["1.0.0"]["dist"]["tarball"] == url + "thing/-/thing-1.0.0.tgz"
    short = get(url + "thing", f"{packument.ABBREVIATED}; q=1.0, application/json; q=0.8")
    assert short.headers["Content-Type"] == packument.ABBREVIATED
    assert "readme" not in short.json()["versions"]["1.0.0"] and "time" not in short.json()
    assert get(url + "thing/latest").json()["version"] == "1.3.1"
    assert get(url + "thing/2.0.0").status_code == 404
    assert get(url + "thing/-/thing-2.0.0.tgz").status_code == 404
    assert get(url + "none").status_code == 404
    later = machine.url("npm", datetime(2020, 1, 1, tzinfo=UTC))
    assert get(later + "thing").json()["dist-tags"] == {"latest": "2.0.0"}
    assert [release.version for release in machine.dated("npm", "thing", CUT)][-1] == "1.3.1"


def test_files_are_verified_and_noted(machine: TimeMachine, upstream: Upstream) -> None:
    contents = publish(
        upstream, "@scope/thing", monthly("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0")
    )
    url = machine.url("npm", CUT, token="t")
    found = get(url + "@scope%2fthing").json()
    target = found["versions"]["1.0.0"]["dist"]["tarball"]
    for _ in range(2):
        assert get(target).content == contents["1.0.0"]
    assert upstream.count("thing-1.0.0.tgz") == 1
    (entry,) = machine.ledger("t")
    assert (entry.ecosystem, entry.name, entry.version, entry.rule) == (
        "npm", "@scope/thing", "1.0.0", "dated",
    )  # fmt: skip
    assert entry.sha256 == hashlib.sha256(contents["1.0.0"]).hexdigest()
    upstream.raw["/npm/@scope/thing/-/thing-1.1.0.tgz"] = b"something else"
    assert get(found["versions"]["1.1.0"]["dist"]["tarball"]).status_code == 502


def test_dates_of_ingestion_are_found_out(machine: TimeMachine, upstream: Upstream) -> None:
    jumbled = monthly("1.0.0", "1.0.3", "1.0.1", "2.0.0", "1.0.2", "1.1.0") | {
        "1.0.0": "2026-01-01T00:00:00Z"
    }
    publish(upstream, "jumbled", jumbled, latest="2.0.0")
    answer = get(machine.url("npm", CUT, token="t") + "jumbled")
    assert set(answer.json()["versions"]) == set(jumbled)
    assert "contradict" in answer.headers["Warning"]
    assert "contradict" in machine.suspicious("npm", "jumbled", CUT)
    get(answer.json()["versions"]["1.0.0"]["dist"]["tarball"])
    assert [entry.rule for entry in machine.ledger("t")] == ["undated"]
    publish(upstream, "small", {"1.0.0": "2024-01-01T00:00:00Z"})
    publish(upstream, "nodates", {"1.0.0": ""})
    assert "earliest" in machine.suspicious("npm", "small", CUT), "no yardstick: believed"
    assert "no version has a date" in machine.suspicious("npm", "nodates", CUT)


def test_small_packages_of_a_registry_that_dates_by_ingestion(
    machine: TimeMachine, upstream: Upstream
) -> None:
    publish(upstream, "npm", monthly("1.0.0", "1.0.3", "1.0.1", "2.0.0", "1.0.2", "1.1.0"))
    publish(upstream, "small", {"1.0.0": "2024-01-01T00:00:00Z"})
    assert "not those of publication" in machine.suspicious("npm", "small", CUT)


def test_npm_itself_installs_as_of_the_date(machine: TimeMachine, upstream: Upstream, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here")
    newer = {"2.0.0": "2019-01-01T00:00:00Z"}
    publish(upstream, "@scope/leaf", monthly("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0") | newer)
    publish(
        upstream,
        "root",
        monthly("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0") | newer,
        dependencies={"@scope/leaf": "*"},
    )
    project = tmp_path / "project"
    project.mkdir()
    (project / "package.json").write_text('{"name": "p", "version": "1.0.0"}')
    env = {**os.environ, "NPM_CONFIG_CACHE": str(tmp_path / "npm")} | client_environment(
        machine.url("npm", CUT, token="t")
    )
    command = [npm, "install", "root", "--no-progress"]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert sorted((entry.name, entry.version) for entry in machine.ledger("t")) == [
        ("@scope/leaf", "1.5.0"),
        ("root", "1.5.0"),
    ]
    # A lock file of elsewhere, with addresses of elsewhere.
    lock = project / "package-lock.json"
    text = lock.read_text()
    assert "1.5.0" in text
    data = json.loads(text)
    for name, package in data["packages"].items():
        if name:
            path = f"{name.removeprefix('node_modules/')}/-/{name.rpartition('/')[2]}-1.5.0.tgz"
            package["resolved"] = f"https://registry.invalid/{path}"
    lock.write_text(json.dumps(data))
    env |= client_environment(machine.url("npm", CUT, token="locked")) | {
        "NPM_CONFIG_CACHE": str(tmp_path / "empty")
    }
    command = [npm, "ci", "--no-progress"]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert len(machine.ledger("locked")) == 2


def test_where_npm_fetches_from(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "PATH": "/nonexistent"}
    mirror = "https://mirror.invalid/npm/"
    assert npm_config.configured_registry(home | {"npm_config_registry": mirror}) == mirror
    (tmp_path / ".npmrc").write_text(f"fund=false\nregistry = {mirror}\n//x/:_authToken=secret\n")
    assert npm_config.configured_registry(home) == mirror
    with pytest.raises(PrerequisiteError):
        npm_config.configured_registry(home | {"HOME": "/nonexistent"})
    with pytest.raises(UsageError):
        client_environment("http://127.0.0.1/cargo/2018-05-01/x/")
