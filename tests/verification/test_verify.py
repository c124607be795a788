"""``envfactory verify`` on a bundle of one small task, in real containers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from envfactory.engine import Engine
from envfactory.executors import executor
from envfactory.verification import Ledger, Verification, Wanted, attack_table, rotten, verdicts
from tests.attacks.targets import FILES, GOLD, SPEC
from tests.tiny_image import tiny_image

pytestmark = pytest.mark.docker

NAMES = ("conftest_report", "runtest_chosen", "cut")


class Bundle:
    """What a verification asks of a dataset; the image stands for one that was exported."""

    def __init__(self, path: Path, image: str) -> None:
        self.path = path
        self.tasks = [
            SimpleNamespace(
                instance_id=SPEC.instance_id,
                language="python",
                image=image,
                reward_spec=SPEC,
                gold_patch=GOLD,
                spec=SimpleNamespace(env={}),
                row={"bundle_digest": "1"},
            )
        ]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tasks)


@pytest.fixture
def bundle(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    image = tiny_image(engine, FILES)
    for module in ("verify", "target"):
        monkeypatch.setattr(f"envfactory.verification.{module}.ensure_image", lambda engine, task: task.image)
    return Bundle(tmp_path / "dataset", image)


def test_a_small_verification(engine: Engine, bundle: Bundle) -> None:
    wanted = Wanted(runs=2, attacks=True, names=NAMES)
    with Ledger(bundle.path.parent / "verification", {"runs": 2}) as ledger:
        made = list(Verification(bundle, wanted, engine, ledger).run(executor(2)))  # type: ignore[arg-type]
        assert len(made) == 4 + len(NAMES)
        again = list(Verification(bundle, wanted, engine, ledger).run(executor(2)))  # type: ignore[arg-type]
        assert again == [], "what is in the ledger is not done twice"
        path = ledger.finish()
    found = verdicts(ledger.entries)
    assert rotten(found) == {} and found["o__n-1"]["stable"], found
    assert (found["o__n-1"]["gold"], found["o__n-1"]["empty"]) == (1.0, 0.0)
    table = attack_table(ledger.entries)
    assert {name: row["succeeded"] for name, row in table.items()} == dict.fromkeys(sorted(NAMES), 0)
    assert table["cut"]["applied"] == 0 and table["runtest_chosen"]["tampered"] == 1
    assert len(path.read_text().splitlines()) == 1 + len(made)


def test_an_image_that_is_gone_is_a_fault_of_that_task(engine: Engine, bundle: Bundle) -> None:
    bundle.tasks[0].image = "envfactory/no-such-image:1"
    with Ledger(bundle.path.parent / "verification", {}) as ledger:
        list(Verification(bundle, Wanted(), engine, ledger).run(executor(1)))  # type: ignore[arg-type]
    found = verdicts(ledger.entries)
    assert rotten(found) == {} and found["o__n-1"]["faults"] == {"image_missing": 2}
    assert json.dumps(found)
