"""The disk budget on a real engine: what goes, in which order, and what stays.

These tests see only the images that they made themselves.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from envfactory.builder import Built
from envfactory.errors import BuildError
from envfactory.pipeline.room import Room
from envfactory.records import Rejection, TestReport
from envfactory.store import Store
from envfactory.workspace import Workspace
from tests.builder.specs import spec
from tests.exporters.sample import environment, repository
from tests.own_images import Seen, own_images
from tests.pipeline.fakes import candidate, pull_request

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.engine.uses import Uses

pytestmark = pytest.mark.docker


Make = Callable[..., str]


@pytest.fixture
def seen(engine: Engine) -> Iterator[Seen]:
    with own_images(engine) as view:
        yield view


@pytest.fixture
def make(seen: Seen, tmp_path: Path) -> Make:
    return functools.partial(seen.make, tmp_path)


@pytest.fixture
def uses(tmp_path: Path) -> Uses:
    from envfactory.engine.uses import Uses

    return Uses(tmp_path / "uses")


def room(seen: Seen, uses: Uses, workspace: Workspace, megabytes: float) -> Room:
    """A budget of so many megabytes, of which the tenth that is kept free is added again."""
    return Room(cast("Any", seen), uses, workspace, megabytes / 0.9 / 1000)


def bundle(workspace: Workspace, instance_id: str, source_digest: str) -> str:
    """A finished task in the dataset; its image digest."""
    context = workspace.dataset / "tasks" / instance_id / "environment"
    context.mkdir(parents=True)
    made = spec(source_digest=source_digest * 64)
    (context / "spec.json").write_text(made.model_dump_json())
    (context / "source.bundle").write_bytes(b"x")
    return made.image_digest


def test_what_can_be_made_again_goes_oldest_first(
    seen: Seen, make: Make, uses: Uses, workspace: Workspace
) -> None:
    Store(workspace.make().db).close()
    base = make("base", "base", 1)
    old, new = make("old", "dependencies", 2, base), make("new", "dependencies", 2, base)
    one = make("one", "task", 1, old, bundle(workspace, "a__b-1", "1"))
    two = make("two", "task", 1, old, bundle(workspace, "a__b-2", "2"))
    open_ = make("open", "task", 1, new, "f" * 64)
    everything = {base, old, new, one, two, open_}

    room(seen, uses, workspace, 8.2).make()
    assert seen.tags() == everything, "8 MB are there, and equal layers count once"
    room(seen, uses, workspace, 7.2).make()
    assert seen.tags() == everything - {one}
    room(seen, uses, workspace, 4.2).make()
    assert seen.tags() == {base, new, open_}, "what nothing stands on goes last"
    with pytest.raises(BuildError, match=r"0\.0 GB") as caught:
        room(seen, uses, workspace, 3.0).make()
    assert (caught.value.cause, caught.value.retryable) == ("disk_full", True)
    assert "envfactory clean" in caught.value.hint
    assert seen.tags() == {base, new, open_}, "an unfinished task keeps its image and what it stands on"


def test_what_is_used_or_promised_stays(seen: Seen, make: Make, uses: Uses, workspace: Workspace) -> None:
    Store(workspace.make().db).close()
    shared = make("shared", "system", 1)
    promised = make("promised", "task", 1, digest=bundle(workspace, "a__b-1", "1"))
    begun, ended = threading.Event(), threading.Event()

    def worker() -> None:
        with uses.stage():
            uses.note(shared)
            begun.set()
            ended.wait(30)

    thread = threading.Thread(target=worker)
    thread.start()
    begun.wait(30)
    small = room(seen, uses, workspace, 0.5)
    small.promise(promised)
    with pytest.raises(BuildError):
        small.make()
    assert seen.tags() == {shared, promised}
    ended.set()
    thread.join()
    small.release(promised)
    small.make()
    assert not seen.tags()


def test_images_of_what_is_no_task_go_too(
    seen: Seen, make: Make, uses: Uses, workspace: Workspace, tmp_path: Path
) -> None:
    tag = make("rejected", "task", 1, digest="e" * 64)
    built = environment(repository(tmp_path / "repo"))
    built = built.model_copy(update={"image": built.image.model_copy(update={"tag": tag})})
    probe = TestReport(image_id="x", state="after")
    pull = pull_request(1)
    with Store(workspace.make().db) as store:
        store.add_pull_request(pull, "clone")
        store.finish(store.begin("mine", pull.key, "d"), candidate(pull))
        done = Built(environment=built, probe=probe, test_modules=())
        store.finish(store.begin("build", pull.key, "d"), done)
        with pytest.raises(BuildError):
            room(seen, uses, workspace, 0.5).make()
        assert seen.tags() == {tag}
        rejection = Rejection(key=pull.key, stage="extract", reason="no_fail_to_pass")
        store.finish(store.begin("extract", pull.key, "d"), rejection)
        room(seen, uses, workspace, 0.5).make()
    assert not seen.tags()
