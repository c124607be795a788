"""The last rung on a real engine: only a model knows the variable that the tests ask for."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from tests.e2e.factory import Factory
from tests.histories import History
from tests.model.endpoint import endpoint, proposed

pytestmark = pytest.mark.docker

SECRET = "sk-seen-by-nobody"
TESTS = """\
import os

from letters import count

MODE = os.environ["LETTERS_MODE"]


def test_count():
    assert count("ab") == 2


def test_spaces():
    assert count("a b") == {spaces} and MODE
"""


def letters(path: Path) -> Path:
    history = History(path)
    base = {
        "pyproject.toml": '[project]\nname = "letters"\nversion = "1"\nrequires-python = ">=3.7"\n',
        "letters.py": "def count(text):\n    return len(text)\n",
        "test_letters.py": TESTS.format(spaces=3),
        "LICENSE": "MIT License\n",
    }
    history.commit("Begin", base)
    fixed = 'def count(text):\n    return len(text.replace(" ", ""))\n'
    change = {"letters.py": fixed, "test_letters.py": TESTS.format(spaces=2)}
    history.commit("Spaces are no letters (#7)", change)
    return path


def test_what_only_a_model_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone, name = letters(tmp_path / "letters"), f"oracle-{uuid.uuid4().hex}"
    monkeypatch.setenv("ENVFACTORY_MODEL_API_KEY", SECRET)
    answers = (proposed("add_test_arg", "--maxfail=1"), proposed("set_env", "LETTERS_MODE=plain"))
    with endpoint(*answers) as script:
        settings = {"MODEL": name, "MODEL_URL": script.url}
        settings |= {"MODEL_INPUT_PRICE_USD": "1", "MODEL_OUTPUT_PRICE_USD": "10"}
        environment = {f"ENVFACTORY_{key}": value for key, value in settings.items()} | {
            "NO_PROXY": "127.0.0.1"
        }
        factory = Factory(clone, tmp_path / "w", "only/letters", environment)
        factory.run()
        first = factory.digest()
        factory.run("--redo", "build")
    assert factory.ends() == {"7": "task"}
    assert len(script.asked) == 2, "the second run knows the answers"
    assert factory.digest() == first
    assert "LETTERS_MODE" in script.asked[0]["messages"][1]["content"]
    provenance = json.loads((factory.task(7) / "provenance.json").read_text())
    made_by = provenance["measured"]["made_by"]
    assert (made_by["rung"], made_by["change"]) == ("model", "set env LETTERS_MODE=plain")
    assert made_by["cost_usd"] == pytest.approx(0.0015)
    ladder = json.loads(factory.command("status", "-w", factory.workspace, "--json"))["ladder"]
    assert (ladder["reuse"]["tries"], ladder["reuse"]["image"]) == (3, 1), "the second run made nothing anew"
    assert ladder["made_by"]["only__letters-7"]["kind"] == "variable"
    refused = [one for one in provenance["measured"]["attempts"] if one["outcome"] == "refused"]
    assert [one["detail"] for one in refused] == ["unsound"]
    kept = [path for path in (tmp_path / "w").rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]
    assert script.keys == [f"Bearer {SECRET}"] * 2
