"""Which try of the ladder made an environment is told, as something measured."""

from __future__ import annotations

from pathlib import Path

from envfactory.exporters.provenance import provenance
from envfactory.records import RungAttempt
from tests.exporters.sample import environment, repository, sample_task

TRIES = (
    RungAttempt(rung="rules", outcome="tests_failed", detail="none_pass", seconds=4.0),
    RungAttempt(
        rung="repairs", kind="interpreter", change="interpreter 3.8", outcome="works", passed=3, seconds=9.0
    ),
)


def test_the_try_that_made_it(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    built = environment(repo)
    made = built.model_copy(update={"attempts": TRIES})
    data = provenance(sample_task(repo, built=made))
    assert data["measured"]["made_by"]["change"] == "interpreter 3.8"
    assert [one["seconds"] for one in data["measured"]["attempts"]] == [4.0, 9.0]
    plain = provenance(sample_task(repo, built=built))
    assert plain["measured"]["made_by"] is None
    assert {name: data[name] for name in data if name != "measured"} == {
        name: plain[name] for name in plain if name != "measured"
    }
