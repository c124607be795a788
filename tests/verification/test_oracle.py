"""``envfactory verify --variants --oracle`` on one small task, in real containers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from envfactory.attacks.patching import changing
from envfactory.engine import Engine
from envfactory.executors import executor
from envfactory.grader import GradeSubject
from envfactory.oracle import Question, measured
from envfactory.verification import (
    Ledger,
    Verification,
    Wanted,
    oracle_table,
    rotten,
    variant_table,
    verdicts,
)
from tests.attacks.targets import CALC, FILES, FIXED, SPEC
from tests.tiny_image import tiny_image

pytestmark = pytest.mark.docker

UNTESTED = '\n\ndef half(a):\n    b = a // 2\n    if b:\n        return b\n    return "none" + str({1:a})\n'
GOLD = changing("calc.py", CALC.encode(), FIXED + UNTESTED)


@pytest.fixture
def task(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Any:
    for module in ("verify", "target"):
        monkeypatch.setattr(f"envfactory.verification.{module}.ensure_image", lambda engine, task: task.image)
    return SimpleNamespace(
        instance_id=SPEC.instance_id,
        language="python",
        image=tiny_image(engine, FILES),
        reward_spec=SPEC,
        gold_patch=GOLD,
        spec=SimpleNamespace(env={}, toolchain=SimpleNamespace(version="3.11")),
        row={"bundle_digest": "1"},
    )


def test_variants_resolve_and_wrong_patches_are_counted(engine: Engine, task: Any, tmp_path: Path) -> None:
    wanted = Wanted(variants=True, oracle=True)
    with Ledger(tmp_path / "verification", {}) as ledger:
        list(Verification([task], wanted, engine, ledger).run(executor(2)))  # type: ignore[arg-type]
        again = list(Verification([task], wanted, engine, ledger).run(executor(2)))  # type: ignore[arg-type]
        assert again == [], "what is in the ledger is not done twice"
    table = variant_table(ledger.entries)
    made = {"hunks_split", "reformatted", "comments_added", "renamed_locals", "functions_reordered"}
    assert {name for name, row in table.items() if row["made"]} == made
    assert all(row["resolved"] == row["made"] and row["tried"] == 1 for row in table.values()), table
    found = verdicts(ledger.entries)
    assert rotten(found) == {}, "a weak oracle is told, it is no rot"
    oracle = found[SPEC.instance_id]["oracle"]
    assert (oracle["mutants"], oracle["changed_lines"], oracle["covered_lines"]) == (10, 7, 3)
    assert oracle["killed"] == 3 and oracle["weak"] and "3 of 10 mutants killed" in oracle["why"]
    assert oracle["missed"] == ["calc.py:10", "calc.py:11", "calc.py:12", "calc.py:13"]
    assert all(told.split(":")[1].split()[0] in {"10", "11", "12", "13"} for told in oracle["survivors"])
    assert oracle_table(found)["weak"] == 1

    question = Question("python", GOLD, SPEC, {"calc.py": CALC.encode()}, "3.11")
    assert measured(engine, GradeSubject(task.image, SPEC), question).model_dump(mode="json") == oracle
