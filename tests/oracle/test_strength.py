"""Sums of what became of wrong patches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envfactory.oracle import Finding, strength

FINDINGS = st.lists(st.builds(Finding, st.sampled_from(["mutant:1", "partial:1"]), st.text(), st.booleans()))


@given(FINDINGS)
def test_sums(findings: list[Finding]) -> None:
    told = strength(findings)
    assert told.mutants + told.partial == len(findings)
    assert len(told.survivors) == len(findings) - told.killed - told.partial_killed
    assert told.changed_lines is None and told.covered_lines is None
    assert not told.weak or told.why


@given(st.permutations([f"{kind}:{n}" for kind in ("mutant", "partial") for n in range(1, 13)]))
def test_the_order_in_which_workers_finish_does_not_show(names: list[str]) -> None:
    told = strength([Finding(name, name, killed=False) for name in names]).survivors
    assert told == tuple(f"{kind}:{n}" for kind in ("mutant", "partial") for n in range(1, 13))


def test_weak_is_less_than_half_of_enough() -> None:
    def of(*killed: bool, name: str = "mutant:1") -> list[Finding]:
        return [Finding(name, "", is_killed) for is_killed in killed]

    assert strength(of(True, False, False)).why == "1 of 3 mutants killed"
    assert not strength(of(True, True, False, False)).weak
    assert not strength(of(False, False)).weak, "two mutants say nothing"
    assert strength(of(False, name="partial:1")).why == "0 of 1 partial gold patches killed"
    missed = strength(of(True, True, True), ("m.py:1", "m.py:2", "m.py:3"), ("m.py:1", "m.py:2"))
    assert (missed.changed_lines, missed.covered_lines) == (3, 1)
    assert missed.weak and missed.why == "1 of 3 changed statements run"
    assert strength([]).why == "no wrong patch could be made" and not strength([]).weak
