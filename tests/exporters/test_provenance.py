"""Which try of the ladder made an environment is told, as something measured."""

from __future__ import annotations

from pathlib import Path

from envfactory.exporters.provenance import provenance
from envfactory.exporters.row import row
from envfactory.records import Judgement, RungAttempt, StatementPart, StatementReview
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


def test_what_a_model_did_with_the_statement(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    review = StatementReview(
        model="oracle-1",
        prompts={"rewrite.md": "0" * 64},
        original="it is wrong",
        rewritten=True,
        judgement=Judgement(score=2, reasons=("Vague.",)),
        cost_usd=0.25,
    )
    plain = sample_task(repo)
    parts = (*plain.candidate.statement_parts, StatementPart(source="model", origin="oracle-1", text="x"))
    told = {"statement_review": review, "statement_parts": parts}
    task = plain.model_copy(update={"candidate": plain.candidate.model_copy(update=told)})
    data, without = provenance(task), provenance(plain)
    kept = data["candidate"]["statement_review"]
    assert (kept["original"], kept["judgement"]) == ("it is wrong", {"score": 2, "reasons": ["Vague."]})
    assert "cost_usd" not in kept and data["measured"]["statement_cost_usd"] == 0.25
    assert "statement_review" not in without["candidate"] and "statement_cost_usd" not in without["measured"]
    assert row(task, root="r")["statement_source"] == "model,title"
    assert "judged_poor" in row(task, root="r")["statement_flags"].split(",")
