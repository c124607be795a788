"""``--model-statements`` from the command line to what is kept: one purse, one answer, off by default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.factory import Factory
from tests.histories import project
from tests.model.endpoint import Script, endpoint, said

SECRET = "sk-seen-by-nobody"
REWRITTEN = "# Double fails for None\n\nDoubling None should give zero, and raised a TypeError.\n"
OPINION = json.dumps({"score": 4, "reasons": ["The behaviour is said."]})


@pytest.fixture
def script() -> Iterator[Script]:
    with endpoint(said(json.dumps({"statement": REWRITTEN})), said(OPINION)) as served:
        yield served


@pytest.fixture
def factory(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Factory:
    history = project(tmp_path / "repo")
    test = "from pack.core import double\n\n\ndef test_double():\n    assert double(None) == 0\n"
    fix = "def double(x):\n    return 0 if x is None else x + x\n"
    message = "Fix #6: double fails for None (#7)\n\nIt raised a TypeError, None should give zero."
    history.commit(message, {"src/pack/core.py": fix, "tests/test_core.py": test})
    settings = {"MODEL": "oracle-1", "MODEL_URL": script.url, "MODEL_API_KEY": SECRET}
    settings |= {"MODEL_INPUT_PRICE_USD": "1", "MODEL_OUTPUT_PRICE_USD": "10", "CACHE": str(tmp_path / "c")}
    environment = {f"ENVFACTORY_{key}": value for key, value in settings.items()}
    return Factory(history.path, tmp_path / "w", "o/n", environment | {"NO_PROXY": "127.0.0.1"})


def mine(factory: Factory, *words: str, expect: int = 0) -> None:
    factory.command(
        "mine", factory.clone, "--repo", factory.repo, "--pr", "7", "-w", factory.workspace, *words,
        expect=expect,
    )  # fmt: skip


def record(factory: Factory) -> dict[str, Any]:
    told = json.loads(factory.command("inspect", "o__n-7", "-w", factory.workspace, "--json"))
    return dict(told["stages"]["mine"]["record"])


def test_from_the_command_line_to_the_record(factory: Factory, script: Script) -> None:
    mine(factory)
    plain = record(factory)
    assert script.asked == [] and plain["statement_review"] is None
    mine(factory, "--model-statements", "both")
    found = record(factory)
    assert found["problem_statement"] == REWRITTEN
    assert found["statement_review"]["original"] == plain["problem_statement"]
    assert found["statement_review"]["judgement"] == {"score": 4, "reasons": ["The behaviour is said."]}
    shown = factory.command("inspect", "o__n-7", "-w", factory.workspace)
    assert "rewritten by oracle-1" in shown and "judged 4 of 5: The behaviour is said." in shown
    mine(factory, "--model-statements", "both", "--redo", "mine")
    assert len(script.asked) == 2, "known answers are not asked for again"
    assert [stage for stage, _, _ in factory.attempts()] == ["mine"] * 3
    mine(factory)
    assert record(factory) == plain, "without the model it is as it was"
    kept = [path for path in factory.workspace.parent.rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


def test_a_wrong_key_ends_the_run_and_the_next_one_goes_on(factory: Factory, script: Script) -> None:
    answers, script.answers = script.answers, [(400, "no")]
    mine(factory, "--model-statements", "judge")
    assert record(factory)["statement_review"]["refused"] == {"judge": "endpoint_refused"}
    script.answers, script.asked = [401], []
    mine(factory, "--model-statements", "rewrite", expect=4)
    script.answers, script.asked = answers, []
    mine(factory, "--model-statements", "rewrite")
    assert record(factory)["problem_statement"] == REWRITTEN


def test_what_cannot_be_is_said_before_anything_is_made(factory: Factory) -> None:
    mine(factory, "--model-statements", "praise", expect=2)
    assert "model_statements = 'praise'" in factory.tail()
    without = Factory(factory.clone, factory.workspace, factory.repo, {})
    mine(without, "--model-statements", "judge", expect=2)
    assert "needs a model" in factory.tail()
    assert not factory.workspace.exists()
