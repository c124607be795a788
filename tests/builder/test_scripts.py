"""Dockerfiles: what every one of them must and must not say, and that equal specs give equal text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest

from envfactory.builder.context import read_spec, write_context
from envfactory.builder.names import dependencies_tag, source_tag, system_tag, task_tag
from envfactory.builder.scripts import dated_options, dockerfile, install_script, scripts
from envfactory.builder.templates import dockerfile_quote, render_template
from envfactory.errors import BuildError, UsageError
from envfactory.records import LockedDependency
from tests.builder.specs import spec

FULL = {
    "system_packages": ("libyaml-dev", "libxml2-dev"),
    "lock_files": {"requirements.lock": "a==1 --hash=sha256:00\n", "build.lock": "b==1 --hash=sha256:00\n"},
    "install_steps": ("uv pip install --offline --no-build-isolation --no-deps -e /testbed",),
    "env": {"NAME": 'a "b" $c \\d'},
}


@pytest.mark.parametrize("fields", [{}, FULL], ids=["bare", "full"])
def test_no_syntax_line_no_heredoc_no_swallowed_failure(fields: dict[str, object]) -> None:
    made = spec(**fields)
    text = dockerfile(made)
    for forbidden in ("syntax=", "<<", "|| true", "ENTRYPOINT"):
        assert forbidden not in text
    assert not re.search(r"\\\n\s*\n", text), "a blank line would end a continued instruction"
    assert text == dockerfile(made)
    for name, script in scripts(made).items():
        assert re.search(r"^set -eu\w* ?pipefail|^set -euo pipefail", script, re.MULTILINE), name
        assert "|| true" not in script
        assert f"bash /tmp/build/{name}" in text


def test_layers_go_from_shared_to_own() -> None:
    text = dockerfile(spec(**FULL))
    marks = ["system.sh", "VIRTUAL_ENV", "dependencies.sh", "source.sh", "install.sh", "settle.sh", "USER"]
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)
    assert list(scripts(spec(**FULL))) == [mark for mark in marks if mark.endswith(".sh")]
    assert "source=build.lock" in text[: text.index("source.sh")]


def test_the_shared_layers_do_not_depend_on_the_pull_request() -> None:
    one = spec(**FULL, repo="a/b", source_digest="3" * 64, base_commit="4" * 40)
    for name in ("system.sh", "dependencies.sh"):
        assert scripts(one)[name] == scripts(spec(**FULL))[name]
    assert dependencies_tag(one) == dependencies_tag(spec(**FULL))
    assert system_tag(one) == system_tag(spec(**FULL))
    assert source_tag(one, "d")[1] != source_tag(spec(**FULL), "d")[1], "another repository's tree"


def test_values_are_quoted() -> None:
    assert dockerfile_quote('a "b" $c \\d') == '"a \\"b\\" \\$c \\\\d"'
    made = spec(**FULL, repo="owner/odd name;rm -rf x")
    assert "ln -s /testbed '/odd name;rm -rf x'" in scripts(made)["source.sh"]
    assert 'ENV NAME="a \\"b\\" \\$c \\\\d"' in dockerfile(made)


def test_a_value_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render_template("python.Dockerfile.j2", env={})


def test_the_fallback_index_is_dated_by_the_lock() -> None:
    def locked(name: str, day: datetime) -> LockedDependency:
        return LockedDependency(name=name, version="1", upload_time=day)

    items = [
        locked("pytest", datetime(2019, 11, 20, 10, 0, 0, 500, tzinfo=UTC)),
        locked("six", datetime(2018, 1, 1, tzinfo=UTC)),
        locked("atomicwrites", datetime(2022, 7, 8, tzinfo=UTC)),
    ]
    options = dated_options(items, datetime(2020, 1, 1, tzinfo=UTC))
    assert options[0] == "--exclude-newer=2019-11-20T10:00:01Z"
    assert "--exclude-newer-package=atomicwrites=2022-07-08T00:00:01Z" in options
    assert "--exclude-newer-package=setuptools=2019-12-15T00:00:01Z" in options
    assert options == dated_options(items, datetime(2020, 3, 1, tzinfo=UTC)), "equal locks, equal layers"


def test_install_steps_stop_at_the_first_failure() -> None:
    script = install_script(["false", "echo not reached"])
    assert script.splitlines()[:2] == ["#!/bin/bash", "set -euxo pipefail"]
    assert script.splitlines()[-3:] == ["cd /testbed", "false", "echo not reached"]


@pytest.mark.parametrize(
    ("instance_id", "name"),
    [
        ("Owner__Name-12", "owner__name-12"),
        ("a.b__c.d_e-1", "a.b__c.d_e-1"),
        ("_x__..y-1", "x-y-1"),
        ("SWE-bench__SWEbench-3", "swe-bench__swe-bench-3"),
        ("local__Größe-1", "local__gr-e-1"),
    ],
)
def test_tags_are_valid_for_any_repository(instance_id: str, name: str) -> None:
    tag = task_tag(instance_id, spec())
    assert tag == f"envfactory/{name}:{spec().image_digest[:12]}"
    assert re.fullmatch(r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*", tag.split("/")[1].split(":")[0])
    assert "swebench" not in tag


def test_another_toolchain_image_gives_another_dependencies_image() -> None:
    assert dependencies_tag(spec(), spec().toolchain.image) == dependencies_tag(spec())
    assert dependencies_tag(spec(), "envfactory/python:3.11-other") != dependencies_tag(spec())


def test_a_context_is_whole_and_reads_back(tmp_path: Path) -> None:
    from envfactory.builder.context import source_digest

    source = tmp_path / "s.bundle"
    source.write_bytes(b"# v2 git bundle\n")
    full = spec(**FULL, source_digest=source_digest(source))
    write_context(full, source, tmp_path / "one")
    write_context(full, source, tmp_path / "two")
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert names == {
        "Dockerfile",
        "requirements.lock",
        "build.lock",
        "system.sh",
        "dependencies.sh",
        "source.sh",
        "install.sh",
        "settle.sh",
        "source.bundle",
        "spec.json",
    }
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert read_spec(tmp_path / "one") == full
    with pytest.raises(BuildError):
        write_context(spec(**FULL), source, tmp_path / "three")
    with pytest.raises(UsageError):
        read_spec(tmp_path)
