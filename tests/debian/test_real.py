"""The base system's own archives, as its apt names them, answer for what real builds miss."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from envfactory.builder.bases import ensure_base
from envfactory.debian import PackageLookup, image_lookup
from envfactory.debian.sources import host_sources, image_system
from envfactory.engine import Engine
from envfactory.workspace import user_cache

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def base(engine: Engine) -> str:
    return ensure_base(engine, user_cache()).id


@pytest.fixture(scope="module")
def lookup(engine: Engine, base: str) -> Iterator[PackageLookup]:
    found = image_lookup(engine, lambda: base, user_cache())
    if not found("package", "libxml2-dev"):
        pytest.skip("no package archive answers")
    yield found


def test_what_the_base_says_of_itself(engine: Engine, base: str) -> None:
    system = image_system(engine, base)
    assert {"git", "bash", "libffi-dev"} <= system.installed
    assert all(re.fullmatch(r"https?://[^/]+/.*", source.address) for source in system.sources)
    assert {source.component for source in system.sources} >= {"main"}


def test_the_host_is_asked_where_the_image_has_no_sources() -> None:
    if not Path("/usr/bin/apt-get").exists():
        pytest.skip("this machine has no apt")
    assert host_sources()


@pytest.mark.parametrize(
    ("kind", "name", "package"),
    [
        ("header", "libxml/xpath.h", "libxml2-dev"),
        ("header", "jpeglib.h", "libjpeg62-turbo-dev"),
        ("header", "gssapi/gssapi.h", "libkrb5-dev"),
        ("header", "hdf5.h", "libhdf5-dev"),
        ("header", "ffi.h", ""),
        ("header", "config.h", ""),
        ("pkg-config", "cairo", "libcairo2-dev"),
        ("library", "lapack", "liblapack-dev"),
        ("shared", "libGL.so.1", "libgl1"),
        ("shared", "libgomp.so.1", ""),
        ("command", "pg_config", "libpq-dev"),
        ("command", "hg", "mercurial"),
        ("command", "java", "default-jre-headless"),
        ("command", "git", ""),
        ("package", "libmysqlclient-dev", "default-libmysqlclient-dev"),
        ("package", "python3-dev", ""),
    ],
)
def test_real_answers(lookup: PackageLookup, kind: str, name: str, package: str) -> None:
    assert lookup(kind, name) == package
