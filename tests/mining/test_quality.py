from __future__ import annotations

import pytest

from envfactory.mining.boilerplate import PICTURE
from envfactory.mining.quality import is_foreign, leak_score, quality
from envfactory.mining.task_type import refined, task_type
from envfactory.mining.unsaid import unsaid_texts
from envfactory.records import Candidate, RewardSpec
from tests.mining.pulls import patch, pull

GOLD = patch(
    "src/core.py", ["def half(number, divisor):", "    return number / divisor"], kept=("number = one",)
)
STATEMENT = """\
# Half is wrong

`half(1)` should return 0.5. Steps to reproduce:

```python
Traceback (most recent call last):
```
"""


def candidate(text: str = STATEMENT, **fields: object) -> Candidate:
    base = {
        "pull_request": pull(),
        "language": "python",
        "base_tree": "",
        "after_tree": "",
        "gold_patch": GOLD,
        "test_patch": patch("tests/test_x.py", ["def test_quarter():"]),
        "source_files": (),
        "test_files": (),
        "test_modules": (),
        "problem_statement": text,
        "statement_parts": (),
    }
    return Candidate.model_validate(base | fields)


def spec(*transitions: str) -> RewardSpec:
    return RewardSpec.model_validate(
        {
            "instance_id": "x",
            "fail_to_pass": {f"t.py::test_{at}": kind for at, kind in enumerate(transitions)},
            "pass_to_pass": {},
            "test_command": ("pytest",),
            "test_modules": (),
            "hidden_files": (),
        }
    )


def test_quality_of_a_statement() -> None:
    found = quality(candidate())
    assert found.signals == ("error", "code", "expected", "steps")
    assert found.leak_gold == 0.5  # of def, half, return and divisor the statement has two
    assert found.leak_test == 0.0
    assert found.flags == ("short",)


def test_flags() -> None:
    part = {"source": "issue", "origin": "issue 1", "text": "![x](y)", "used": False, "why": PICTURE}
    found = quality(candidate("# Слово не то\n\nЗначение неверно.\n", statement_parts=(part,)))
    assert found.flags == ("short", "screenshot", "foreign_language", "no_signal")


def test_a_text_that_only_the_gold_patch_has_is_unsaid() -> None:
    gold = patch(
        "src/x.py", ['    raise ValueError(f"no half of {number} there is")', "    value = 'given up'"]
    )
    tests = patch("tests/test_x.py", ['    with raises(ValueError, match="No half of 3 there"):'])
    assert unsaid_texts("It should fail.", gold, tests) == ("no half of",)
    assert unsaid_texts("It should say `no half  of 3`.", gold, tests) == ()
    assert unsaid_texts("", gold, patch("tests/test_x.py", ["x"], kept=('"no half of"',))) == ()
    assert unsaid_texts("", gold, "") == unsaid_texts("", "", tests) == ()
    assert quality(candidate(gold_patch=gold, test_patch=tests)).flags == ("short", "unsaid_text")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("値が間違っている", True),
        ("The value that is returned for a None is wrong, it should be the one of the class " * 3, False),
        (
            "Wenn die Klasse keine Werte hat, wird ein falscher Wert zurückgegeben, obwohl vorher alles " * 3,
            True,
        ),
        ("Cuando la clase no tiene valores devuelve un valor falso aunque antes todo estaba bien " * 3, True),
        ("`half` :: `x`\n```\nКод и комментарии\n```\nIt fails.", False),
        ("Add keepalive_expiry to limits config; update type hints, docs for transport", False),
    ],
)
def test_foreign_languages(text: str, expected: bool) -> None:
    assert is_foreign(text) is expected


def test_leak_score_counts_new_tokens_only() -> None:
    assert leak_score("number src core", GOLD) == 0.0
    assert leak_score("def half return divisor", GOLD) == 1.0
    assert leak_score("anything", "") == 0.0


@pytest.mark.parametrize(
    ("fields", "fragments", "expected"),
    [
        ({"title": "fix(core): the value"}, (), "bug_fix"),
        ({"title": "feat!: new values"}, (), "feature"),
        ({"title": "The value", "labels": ("type: bug",)}, (), "bug_fix"),
        ({"title": "The value", "labels": ("C-enhancement", "docs needed")}, (), "feature"),
        ({"title": "The value", "branch": "perf/values"}, (), "performance"),
        ({"title": "The value"}, ("news/12.feature.rst",), "feature"),
        ({"title": "Make the value twice as fast, faster than ever"}, (), "performance"),
        ({"title": "Bump pack from 1.0 to 2.0"}, (), "dependency"),
        ({"title": "Simplify the value"}, (), "refactor"),
        ({"title": "The value"}, (), "other"),
    ],
)
def test_types(fields: dict[str, object], fragments: tuple[str, ...], expected: str) -> None:
    found = task_type(pull(**fields), fragments)
    assert found.kind == expected
    assert bool(found.evidence) is (expected != "other")
    assert all(item.choice == "task_type" and item.rule for item in found.evidence)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("docs/a.rst", "docs"), ("requirements/test.txt", "dependency"), ("src/a.py", "bug_fix")],
)
def test_the_diff_has_a_say(path: str, expected: str) -> None:
    assert task_type(pull(title="The value"), gold=patch(path, ["value = compute(1)"])).kind == expected


def test_tests_refine_the_type() -> None:
    docs = candidate(pull_request=pull(title="docs: the value"))
    assert task_type(docs.pull_request, gold=GOLD).kind == "docs"
    assert refined(docs, spec("f2p")).kind == "bug_fix"
    assert (
        refined(candidate(pull_request=pull(title="The value")), spec("n2p", "n2p", "f2p")).kind == "feature"
    )
    assert refined(candidate(pull_request=pull(title="Fix the value")), spec("n2p")).kind == "bug_fix"
