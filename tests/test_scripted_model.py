"""The model that plays a script for the clients, and the loop that runs what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.judges import CLIENTS, Case, write_patches

MODULES = CLIENTS / "modules"
CASE = Case("a__b-1", "gold", "diff --git a/x b/x\n" + "+é\n" * 40_000)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(MODULES))
    import scripted_model  # type: ignore[import-not-found]

    return scripted_model


def world(folder: Path) -> tuple[Path, Path]:
    task = folder / "dataset" / "tasks" / CASE.instance_id
    task.mkdir(parents=True)
    (task / "instruction.md").write_text("Make it work.\n")
    write_patches(folder / "patches", [CASE])
    return folder / "dataset", folder / "patches"


def test_the_commands_carry_any_patch(model: Any, tmp_path: Path) -> None:
    for piece in (model.PIECE, model.LINE):
        *written, last = model.commands(CASE.patch, piece)
        assert max(map(len, written)) < piece + 100 < 1 << 17
        target = tmp_path / str(piece)
        for command in written:
            subprocess.run(["bash", "-c", command.replace("/tmp/patch.b64", str(target))], check=True)
        decoded = subprocess.run(["base64", "-d", target], capture_output=True, check=True).stdout
        assert decoded.decode() == CASE.patch
        assert "git apply" in last
    assert model.commands("", 100) == ["true"]


def test_a_conversation_is_known_by_its_instruction(model: Any, tmp_path: Path) -> None:
    script = model.Script(*map(str, world(tmp_path)))
    asked = [{"role": "user", "content": "Hello.\nMake it work.\n"}]
    request: dict[str, Any] = {"model": "openai/gold", "messages": asked, "tools": [{}]}
    played = []
    while calls := (message := script.answer(request)).get("tool_calls"):
        played += [json.loads(call["function"]["arguments"])["command"] for call in calls]
        asked += [message, {"role": "tool", "content": ""}]
    assert played == model.commands(CASE.patch, model.PIECE)
    other = {"model": "gold", "messages": [{"role": "user", "content": "Something else"}]}
    assert json.loads(script.answer(other)["content"])["commands"][0]["keystrokes"] == "true\n"


def test_the_loop_ends_when_the_model_does(model: Any, tmp_path: Path) -> None:
    dataset, patches = world(tmp_path)
    write_patches(patches, [CASE._replace(kind="empty", patch="")])
    prompt = dataset / "tasks" / CASE.instance_id / "instruction.md"
    with model.endpoint(str(dataset), str(patches)) as (url, script):
        words = [str(MODULES / "bash_loop_inside.py"), str(prompt), url, "none", "empty"]
        subprocess.run([sys.executable, "-I", *words], check=True, timeout=60)
        assert script.requests == 2
