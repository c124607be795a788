"""Ledgers and what they add up to, without any container."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from envfactory.grader.second_opinion import UNCONFIRMED
from envfactory.verification import (
    Entry,
    Ledger,
    attack_table,
    oracle_table,
    rotten,
    variant_table,
    verdicts,
)
from envfactory.verification.checks import SECOND_TRY
from envfactory.verification.ledger import finished

HEADER = {"dataset": "d", "tasks": {"t": "1"}, "runs": 1, "attacks": False}


def entry(check: str, **fields: object) -> Entry:
    return Entry(**{"task": "t", "task_digest": "1", "check": check, **fields})  # type: ignore[arg-type]


def test_a_finished_ledger_is_signed_and_an_interrupted_one_continued(tmp_path: Path) -> None:
    with Ledger(tmp_path / "verification", HEADER) as first:
        first.add(entry("gold", resolved=True, patch_digest="g"))
        first.add(entry("empty", fault="engine_unreachable", patch_digest="e"))
    (unfinished,) = (tmp_path / "verification").iterdir()
    assert unfinished.name.endswith(".jsonl.incomplete") and not list(finished(unfinished.parent))
    unfinished.write_bytes(unfinished.read_bytes() + b'{"task": "cut')
    with Ledger(tmp_path / "verification", {**HEADER, "runs": 2}) as other:
        assert other.entries == [] and other.path != first.path
        with Ledger(tmp_path / "verification", {**HEADER, "runs": 2}) as beside:
            assert beside.path != other.path, "two processes never write one ledger"
    with Ledger(tmp_path / "verification", HEADER) as second:
        assert second.path == first.path and len(second.entries) == 2
        assert second.done == {("1", "gold", 1, "g")}, "what had no verdict is checked again"
        second.add(entry("empty", patch_digest="e"))
        path = second.finish()
    assert path in list(finished(path.parent)) and len(second.entries) == 2
    told = path.with_name(path.name + ".sha256").read_text().split()
    assert told == [hashlib.sha256(path.read_bytes()).hexdigest(), path.name]
    assert all(json.loads(line) for line in path.read_text().splitlines())
    path.write_bytes(path.read_bytes() + b"{}\n")
    assert path not in list(finished(path.parent))


def test_what_rotted_is_named() -> None:
    good = [entry("gold", resolved=True, verdict_digest="a"), entry("empty", verdict_digest="b")]
    assert rotten(verdicts(good)) == {}
    cases = {
        "gold resolves in 50%": entry("gold", run=2, verdict_digest="c"),
        "the empty patch resolves": entry("empty", run=2, resolved=True, verdict_digest="d"),
        "attack runtest succeeded": entry("attack:runtest", resolved=True),
        "runs of the same patch differ": entry("empty", run=2, verdict_digest="e"),
    }
    for reason, bad in cases.items():
        assert reason in rotten(verdicts([*good, bad]))["t"]
    faulty = verdicts([*good, entry("gold", run=2, fault="image_missing")])
    assert rotten(faulty) == {} and faulty["t"]["faults"] == {"image_missing": 1}


def test_a_task_without_a_second_opinion_is_named_and_no_rot() -> None:
    alone = entry("gold", resolved=True, evidence=(UNCONFIRMED,))
    assert verdicts([alone])["t"]["unconfirmed"] and rotten(verdicts([alone])) == {}
    assert not verdicts([entry("gold", resolved=True)])["t"]["unconfirmed"]


def test_variants_and_mistakes_are_summed_up_apart() -> None:
    entries = [
        entry("variant:a", resolved=True, patch_digest="a"),
        entry("variant:b", patch_digest="b"),
        entry("variant:c", applied=False, about="nothing that is certainly equal"),
        entry("variant:d", resolved=True, patch_digest="d", about=SECOND_TRY),
        entry("mutant:1", about="m.py:1 returned: return a -> return None"),
        entry("mutant:2", resolved=True, about="m.py:2 constant: 1 -> 2"),
        entry("mutant:3", fault="engine_unreachable"),
        entry("partial:1", about="m.py:1 hunk 1 left out"),
        entry("coverage", changed=("m.py:1", "m.py:2"), missed=("m.py:2",)),
    ]
    told = verdicts(entries)
    assert rotten(told) == {"t": "the equal variant b does not resolve"}
    assert told["t"]["variants"] == 3 and told["t"]["refused"] == ["b"]
    oracle = told["t"]["oracle"]
    assert (oracle["mutants"], oracle["killed"], oracle["partial"], oracle["partial_killed"]) == (2, 1, 1, 1)
    assert oracle["survivors"] == ["m.py:2 constant: 1 -> 2"] and oracle["missed"] == ["m.py:2"]
    table = variant_table(entries)
    assert {name: row["made"] for name, row in table.items()} == {"a": 1, "b": 1, "c": 0, "d": 1}
    assert sum(row["resolved"] for row in table.values()) == 2 and table["d"]["second"] == 1
    assert oracle_table(told) == {
        "tasks": 1, "mutants": 2, "killed": 1, "partial": 1, "partial_killed": 1,
        "changed_lines": 2, "covered_lines": 1, "weak": 0,
    }  # fmt: skip
    assert verdicts([entry("gold", resolved=True)])["t"]["oracle"] is None and oracle_table({}) == {}


FINISHED = [
    entry("gold", resolved=True, verdict_digest="a"),
    entry("gold", run=2, fault="image_missing"),
    entry("gold", run=3, fault="engine_unreachable"),
    *(entry(f"attack:{name}", resolved=True, applied=True) for name in "ab"),
    *(entry(f"variant:{name}", patch_digest=name) for name in "ab"),
    *(entry(f"mutant:{n}", resolved=True, about=f"m.py:{n} constant: 1 -> 2") for n in (2, 10, 11)),
    entry("partial:1", resolved=True, about="m.py:1 hunk 1 left out"),
]


@given(st.permutations(FINISHED))
def test_the_order_in_which_workers_finish_changes_nothing(entries: list[Entry]) -> None:
    for summed in (verdicts, attack_table, variant_table):
        assert summed(entries) == summed(FINISHED)
    assert rotten(verdicts(entries)) == rotten(verdicts(FINISHED))


WORDS = st.sampled_from(["gold", "empty", "attack:a", "attack:b"])
ENTRIES = st.builds(
    entry,
    WORDS,
    run=st.integers(1, 3),
    resolved=st.booleans(),
    applied=st.booleans(),
    tampered=st.booleans(),
    fault=st.sampled_from([None, "timeout"]),
)


@given(st.lists(ENTRIES))
def test_sums(entries: list[Entry]) -> None:
    table = attack_table(entries)
    tried = [e for e in entries if e.check.startswith("attack:")]
    assert sum(row["tried"] for row in table.values()) == len(tried)
    assert sum(row["succeeded"] for row in table.values()) == sum(e.resolved for e in tried)
    for told in verdicts(entries).values():
        assert told["gold"] is None or 0 <= told["gold"] <= 1
