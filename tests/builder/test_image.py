"""Real images: the contract, proved integrity, sharing, and the rebuild from a bundle alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from envfactory.builder.context import write_context
from envfactory.builder.image import build_image
from envfactory.builder.integrity import check_integrity
from envfactory.builder.interpreters import ensure_toolchain
from envfactory.builder.names import dependencies_tag, source_tag, task_tag
from envfactory.builder.rebuild import rebuild
from envfactory.builder.shared_layers import SharedSource, Workshop
from envfactory.engine import Engine, connect
from envfactory.errors import BuildError
from envfactory.records import EnvironmentSpec, Limits
from envfactory.workspace import user_cache
from tests.builder.specs import bundle, repository, spec

pytestmark = pytest.mark.docker
KEPT = b"".join(b"line %d\n" % number for number in range(40_000))
FILES = {
    "kept.txt": KEPT,
    "src/a.py": b"answer = 42\n",
    "docs/win.txt": b"one\r\ntwo\r\n",
    ".gitattributes": b"* text=auto\n*.bat text eol=crlf\n*.bin filter=lfs\n",
    "run.bat": b"echo\n",
    "big.bin": b"version https://git-lfs.github.com/spec/v1\n",
    "name with space \xc3\xa4.txt".encode("latin-1").decode("utf-8"): b"x\n",
}
STEPS = ("echo built > 'built [thing].txt'", "echo changed >> src/a.py")


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, EnvironmentSpec, Path, str]]:
    engine, folder = connect(), tmp_path_factory.mktemp("image")
    toolchain = ensure_toolchain(engine, user_cache(), ["3.11", "3.12", "3.10"])
    digest, base, head = bundle(repository(folder / "repo", FILES), folder / "s.bundle", folder / "cache")
    made = spec(
        toolchain=toolchain,
        source_digest=digest,
        base_commit=base,
        install_steps=STEPS,
        env={"GREETING": "hi $x"},
    )
    write_context(made, folder / "s.bundle", folder / "owner__name-1" / "environment")
    yield engine, made, folder / "owner__name-1", head
    for tag in (task_tag("owner__name-1", made), task_tag("owner__name-2", made), dependencies_tag(made)):
        engine.remove_image(tag)


def shop(engine: Engine, folder: Path) -> Workshop:
    return Workshop(
        engine=engine, index=None, cache=folder.parent / "cache", log=folder.parent / "log", timeout=300
    )


def test_the_image_keeps_its_contract(task: tuple[Engine, EnvironmentSpec, Path, str]) -> None:
    engine, made, folder, head = task
    image = build_image(
        shop(engine, folder), made, folder / "environment", instance_id="owner__name-1", forbidden=[head]
    )
    assert image.integrity["violations"] == []
    assert image.integrity["commits"] == 1
    assert image.integrity["packs"] == 1
    assert image.integrity["refs"] == ["refs/heads/main", "refs/tags/v1.2.0"]
    assert not image.cached
    with engine.container(image.tag, limits=Limits(), workdir="") as container:

        def said(command: str) -> str:
            result = container.exec(["bash", "-c", command])
            assert result.exit_code == 0, result.stderr
            return result.stdout.strip()

        assert said("pwd; id -un; echo $GREETING; cat /name/src/a.py") == "/testbed\nroot\nhi $x\nanswer = 42"
        assert said("od -c docs/win.txt | head -1") == "0000000   o   n   e  \\r  \\n   t   w   o  \\r  \\n"
        assert said("git status --porcelain; git log --format=%s%d; cat 'built [thing].txt'") == (
            "Initial commit (HEAD -> main, tag: v1.2.0)\nbuilt"
        )
        assert said("ls .git/hooks .git/logs 2>&1 | grep -vc 'No such file' || [ $? = 1 ]") == "0"
        for shell in ("-c", "-lc", "-ic"):
            found = container.exec(["bash", shell, "command -v python"]).stdout.strip()
            assert found == "/opt/env/bin/python"
        assert said("command -v git patch uv bash | wc -l") == "4"
        assert said("ls -A /tmp; test ! -e /root/.cache") == ""
    inspected = _config(image.tag)
    assert inspected["WorkingDir"] == "/testbed"
    assert inspected["StopSignal"] == "SIGKILL"
    assert not inspected.get("Entrypoint")
    assert inspected["Labels"]["envfactory.digest"] == made.image_digest


def _config(tag: str) -> dict[str, object]:
    import subprocess

    out = subprocess.run(
        ["docker", "inspect", "--format", "{{json .Config}}", tag], capture_output=True, text=True, check=True
    ).stdout
    return dict(json.loads(out))


def test_an_equal_spec_finds_its_image_and_shares_its_layers(
    task: tuple[Engine, EnvironmentSpec, Path, str],
) -> None:
    engine, made, folder, _ = task
    first = build_image(shop(engine, folder), made, folder / "environment", instance_id="owner__name-1")
    again = build_image(shop(engine, folder), made, folder / "environment", instance_id="owner__name-1")
    other = build_image(shop(engine, folder), made, folder / "environment", instance_id="owner__name-2")
    assert again.cached
    assert again.image_id == first.image_id
    assert again.digest == first.digest
    assert other.layers[:-1] == first.layers[:-1]


def test_a_bundle_alone_gives_the_image_back(task: tuple[Engine, EnvironmentSpec, Path, str]) -> None:
    engine, made, folder, _ = task
    build_image(shop(engine, folder), made, folder / "environment", instance_id="owner__name-1")
    engine.remove_image(task_tag("owner__name-1", made))
    engine.remove_image(dependencies_tag(made))
    info = rebuild(folder, engine, cache=user_cache())
    assert task_tag("owner__name-1", made) in info.tags
    assert check_integrity(engine, info.id, forbidden=[])["violations"] == []


def test_a_later_commit_in_the_image_is_found(task: tuple[Engine, EnvironmentSpec, Path, str]) -> None:
    engine, made, folder, head = task
    context = folder.parent / "leaky"
    shutil.copytree(folder / "environment", context)
    (context / "install.sh").write_text(
        "set -eu; cd /testbed; echo x > y; git add y; git commit -qm fix; git update-ref -d refs/heads/x; "
        "git reset -q --hard HEAD~1; git remote add origin https://localhost/x"
    )
    leaky = made.model_copy(update={"install_steps": ("leak",)})
    with pytest.raises(BuildError) as caught:
        build_image(shop(engine, folder), leaky, context, instance_id="owner__name-1", forbidden=[head])
    assert caught.value.cause == "integrity"
    for name in ("remotes", "reflogs", "unreachable", "commits_present"):
        assert name in str(caught.value)
    engine.remove_image(task_tag("owner__name-1", leaky))


def test_a_failing_install_step_fails_the_build(task: tuple[Engine, EnvironmentSpec, Path, str]) -> None:
    engine, made, folder, _ = task
    broken = made.model_copy(update={"install_steps": ("false", "echo not reached")})
    context = folder.parent / "broken"
    write_context(broken, folder / "environment" / "source.bundle", context)
    with pytest.raises(BuildError) as caught:
        build_image(shop(engine, folder), broken, context, instance_id="owner__name-1")
    assert caught.value.cause == "build_step_failed"
    assert "+ false" in caught.value.log
    assert "not reached" not in caught.value.log.partition("+ false")[2]


def test_install_steps_have_no_network(task: tuple[Engine, EnvironmentSpec, Path, str]) -> None:
    engine, made, folder, _ = task
    code = "import socket; socket.create_connection(('1.1.1.1', 53), 3)"
    curious = made.model_copy(update={"install_steps": (f'{made.toolchain.executable} -c "{code}"',)})
    context = folder.parent / "curious"
    write_context(curious, folder / "environment" / "source.bundle", context)
    with pytest.raises(BuildError) as caught:
        build_image(shop(engine, folder), curious, context, instance_id="owner__name-1")
    assert "Network is unreachable" in caught.value.log


def listing(engine: Engine, image: str) -> str:
    """Every file of the repository with its mode and digest, and what git says of it."""
    script = (
        "cd /testbed; find . -path ./.git -prune -o -type f -printf '%m %p\\n' | sort; "
        "find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum; "
        "git rev-parse HEAD; git for-each-ref; git status --porcelain --ignored; git log --format=%H --all; "
        "git cat-file --batch-all-objects --batch-check='%(objectname)' | sort; cat .git/info/exclude"
    )
    with engine.container(image, limits=Limits()) as container:
        result = container.exec(["bash", "-ec", script])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_a_task_above_an_earlier_tree_has_the_same_files(
    task: tuple[Engine, EnvironmentSpec, Path, str], tmp_path: Path
) -> None:
    engine, made, folder, _ = task
    earlier = {name: content for name, content in FILES.items() if name != "run.bat"}
    earlier |= {"src/a.py": b"answer = 41\n", "gone/old.py": b"x = 1\n", "large.txt": b"many words\n" * 9000}
    digest, _, _ = bundle(repository(tmp_path / "r", earlier), tmp_path / "t.bundle", tmp_path / "c")
    alone = build_image(shop(engine, folder), made, folder / "environment", instance_id="owner__name-1")
    expected = listing(engine, alone.tag)
    for settled in (False, True):
        engine.remove_image(task_tag("owner__name-1", made))
        shared = SharedSource(tmp_path / "t.bundle", digest, settled)
        above = build_image(
            shop(engine, folder), made, folder / "environment", instance_id="owner__name-1", shared=shared
        )
        assert above.integrity["violations"] == []
        assert above.integrity["packs"] == 0, "loose objects: what the earlier tree had alone is gone"
        assert listing(engine, above.tag) == expected
        assert above.layers[:-2] == alone.layers[:-1]
        assert above.layers[-1].bytes < len(KEPT), "what both trees have is in the shared layer alone"
    engine.remove_image(task_tag("owner__name-1", made))
    engine.remove_image(source_tag(made, digest)[0])


def test_an_earlier_tree_that_does_not_build_is_done_without(
    task: tuple[Engine, EnvironmentSpec, Path, str], tmp_path: Path
) -> None:
    engine, made, folder, _ = task
    picky = made.model_copy(update={"install_steps": ("grep 42 src/a.py",)})
    context = tmp_path / "environment"
    write_context(picky, folder / "environment" / "source.bundle", context)
    earlier = FILES | {"src/a.py": b"answer = 41\n"}
    digest, _, _ = bundle(repository(tmp_path / "r", earlier), tmp_path / "t.bundle", tmp_path / "c")
    shared = SharedSource(tmp_path / "t.bundle", digest, settled=False)
    image = build_image(shop(engine, folder), picky, context, instance_id="owner__name-3", shared=shared)
    assert engine.image(source_tag(picky, digest)[0]) is None
    assert image.integrity["packs"] == 1
    engine.remove_image(image.tag)


def test_the_dockerfile_of_a_bundle_builds_the_same_with_docker_alone(
    task: tuple[Engine, EnvironmentSpec, Path, str], tmp_path: Path
) -> None:
    engine, made, folder, _ = task
    ours = build_image(shop(engine, folder), made, folder / "environment", instance_id="owner__name-1")
    tag = "envfactory/bundle-test:1"
    engine.build(folder / "environment", tag, log=tmp_path / "log", timeout=300, network="none")
    assert check_integrity(engine, tag, forbidden=[])["violations"] == []
    assert listing(engine, tag) == listing(engine, ours.tag)
    mine, theirs = _config(ours.tag), _config(tag)
    for key in ("Env", "WorkingDir", "Cmd", "Entrypoint", "StopSignal"):
        assert (mine.get(key) or None) == (theirs.get(key) or None), key
    assert mine.get("User") in ("root", "")
    engine.remove_image(tag)
