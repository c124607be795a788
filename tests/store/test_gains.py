"""What each rung brought: environments add up, and a try helps only if it got further."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from envfactory.pipeline.evidence import ladder
from envfactory.records import Rejection, RungAttempt
from envfactory.store import Store
from envfactory.store.gains import gains
from tests.exporters.sample import environment, repository
from tests.pipeline.fakes import candidate, pull_request


def tried(rung: str, outcome: str, kind: str = "", **more: Any) -> RungAttempt:
    return RungAttempt.model_validate({"rung": rung, "kind": kind, "outcome": outcome, "seconds": 1.0} | more)


RULES = [tried("rules", "works", passed=3)]
REPAIRED = [
    tried("rules", "resolve_failed"),
    tried("repairs", "resolve_failed", "exact date"),
    tried("repairs", "tests_failed", "requirement"),
    tried("repairs", "works", "requirement", passed=2, reused=("resolution",)),
    tried("repairs", "works", "system package", passed=2),
]
ASKED = [
    tried("rules", "tests_failed", passed=1),
    tried("model", "refused", cost_usd=0.5),
    tried("model", "works", "variable", passed=1, cost_usd=0.25),
]
LOST = [tried("rules", "tests_failed"), tried("repairs", "tests_failed", "interpreter")]


def test_each_rung_gets_what_is_its_own() -> None:
    data = gains([RULES, REPAIRED, ASKED, LOST, []]).as_json()
    assert (data["environments"], data["without"]) == (3, 1)
    assert data["reuse"] == {"environments": 1, "tries": 1, "resolution": 1, "image": 0}
    table = {
        (row["rung"], row["kind"]): tuple(
            row[name] for name in ("environments", "tries", "helped", "refused")
        )
        for row in data["rungs"]
    }
    assert table == {
        ("rules", ""): (1, 4, 1, 0),
        ("repairs", "requirement"): (1, 2, 2, 0),
        ("repairs", "exact date"): (0, 1, 0, 0),
        ("repairs", "interpreter"): (0, 1, 0, 0),
        ("repairs", "system package"): (0, 1, 0, 0),
        ("model", ""): (0, 1, 0, 1),
        ("model", "variable"): (1, 1, 1, 0),
    }
    assert [row["rung"] for row in data["rungs"]] == ["rules", *["repairs"] * 4, *["model"] * 2]
    assert sum(row["cost_usd"] for row in data["rungs"]) == 0.75


attempts = st.builds(
    RungAttempt,
    rung=st.sampled_from(["rules", "repairs", "model", "other"]),
    kind=st.sampled_from(["", "requirement", "interpreter"]),
    outcome=st.sampled_from(["works", "resolve_failed", "build_failed", "tests_failed", "refused"]),
    passed=st.integers(0, 9),
)


@given(st.lists(st.lists(attempts, max_size=6), max_size=8))
def test_the_sums_add_up(climbs: list[list[RungAttempt]]) -> None:
    data = gains(climbs).as_json()
    assert sum(row["environments"] for row in data["rungs"]) == data["environments"]
    assert data["environments"] + data["without"] == sum(bool(climb) for climb in climbs)
    assert sum(row["tries"] for row in data["rungs"]) == sum(map(len, climbs))
    assert all(row["environments"] <= row["helped"] <= row["tries"] for row in data["rungs"])


def test_environments_and_rejections_both_tell(tmp_path: Path) -> None:
    from envfactory.builder import Built
    from envfactory.records import TestReport

    made = environment(repository(tmp_path / "repo")).model_copy(update={"attempts": tuple(REPAIRED)})
    built = Built(environment=made, probe=TestReport(image_id="x", state="after"), test_modules=("a.py",))
    with Store(tmp_path / "x.db") as store:
        for number in (1, 2):
            pull = pull_request(number)
            store.add_pull_request(pull, "clone")
            store.finish(store.begin("mine", pull.key, "d"), candidate(pull))
        rejection = Rejection(key=pull_request(2).key, stage="build", reason="no", attempts=tuple(LOST))
        store.finish(store.begin("build", pull_request(1).key, "d"), built)
        store.finish(store.begin("build", pull_request(2).key, "d"), rejection)
        data = ladder(store)
        assert (data["environments"], data["without"]) == (1, 1)
        assert data["made_by"] == {
            "sample__words-1": {
                "rung": "repairs",
                "kind": "requirement",
                "change": "",
                "reused": ["resolution"],
                "tries": 5,
                "seconds": 5.0,
            }
        }
        assert ladder(store, [pull_request(2).key])["environments"] == 0
