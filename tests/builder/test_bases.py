"""Base systems: their names, where they come from, and what is said when they cannot be made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from envfactory.builder import bases
from envfactory.builder.templates import render_template
from envfactory.errors import PrerequisiteError


def without_registry(**methods: Any) -> Any:
    return SimpleNamespace(image=lambda tag: None, pull=lambda tag, timeout: False, **methods)


def test_equal_recipes_have_equal_names() -> None:
    assert bases.base_tag() == bases.base_tag("bookworm")
    assert bases.base_tag("trixie") != bases.base_tag()
    assert bases.base_tag(base_image="company/base:1").startswith("envfactory/base:custom-")
    assert bases.base_tag(base_image="company/base:1") != bases.base_tag(base_image="company/base:2")


def test_without_registry_and_mmdebstrap_the_fix_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError) as caught:
        bases.ensure_base(without_registry(), tmp_path)
    assert "apt-get install mmdebstrap" in caught.value.hint
    assert "base_image" in caught.value.hint


def test_an_image_of_the_user_is_built_upon_without_any_registry(tmp_path: Path) -> None:
    built: list[str] = []

    def build(context: Path, tag: str, **_: Any) -> str:
        built.append((context / "Dockerfile").read_text())
        assert (context / "uv").stat().st_mode & 0o111
        return tag

    tag = bases.ensure_base(without_registry(build=build), tmp_path, base_image="company/base:1")
    assert str(tag) == bases.base_tag(base_image="company/base:1")
    assert built[0].count("FROM company/base:1\n") == 1


def test_the_base_keeps_the_image_contract_and_asks_for_nothing_it_has() -> None:
    text = render_template("base.Dockerfile.j2", root="x:1", packages=["git"], locales=bases.LOCALES)
    for line in ("WORKDIR /testbed", "STOPSIGNAL SIGKILL", "ENTRYPOINT []", "USER root", "ENV LANG=C.UTF-8"):
        assert f"\n{line}\n" in text
    assert text.index("if ! dpkg-query -W git") < text.index("apt-get install")
    assert "'en_US.UTF-8 UTF-8'" in text


def test_the_hosts_own_mirror_is_used_for_its_own_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    release = Path("/etc/os-release")
    codename = next(
        (
            line.partition("=")[2]
            for line in release.read_text().splitlines()
            if line.startswith("VERSION_CODENAME")
        ),
        "",
    )
    for path in bases._apt_sources(codename):
        assert codename in Path(path).read_text()
    assert bases._apt_sources("another-suite") == []
