"""What ``clean`` lists and removes, on a real engine of which only this test's images are seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from envfactory.commands.clean import in_engine, remove
from envfactory.engine.uses import Uses
from tests.own_images import own_images

if TYPE_CHECKING:
    from envfactory.engine import Engine

pytestmark = pytest.mark.docker


def test_sizes_add_up_and_what_is_used_stays(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with own_images(engine) as seen:
        view = cast("Any", seen)
        base = seen.make(tmp_path, "base", "base", 2)
        shared = seen.make(tmp_path, "shared", "dependencies", 3, base)
        task = seen.make(tmp_path, "task", "task", 1, shared)
        found = in_engine(view, containers=False, tasks=True, bases=False)
        assert [(one.name, round(one.bytes / 1e6)) for one in found] == [(task, 1), (shared, 3)]
        everything = in_engine(view, containers=False, tasks=True, bases=True)
        assert [round(one.bytes / 1e6) for one in everything] == [1, 3, 2]

        uses = view.uses = Uses(tmp_path / "uses")
        with uses.stage():
            uses.note(shared)
            assert [remove(one, view) for one in found] == [True, False]
        assert f"kept {shared}: a running envfactory uses it" in capsys.readouterr().err
        assert seen.tags() == {base, shared}
        assert remove(found[1], view)
        assert seen.tags() == {base}
