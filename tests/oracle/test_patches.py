"""Patches taken apart and put together again, with git as the judge."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from envfactory.oracle import Question, mutants, partial_patches, variants
from envfactory.oracle.gold import applied, parts_of, with_texts
from tests.attacks.targets import CALC, FIXED, GOLD, SPEC, TARGET

LINES = st.lists(
    st.sampled_from(["a", "b", "", "@@ -1 +1 @@", "diff --git a/x b/x", "-- x", "é", "\x0c"]), max_size=25
)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))
TREES = st.dictionaries(st.sampled_from(["m.py", "p/n.py", "d o.md"]), TEXTS, max_size=3)


def git(folder: Path, *words: str, text: str = "") -> str:
    done = subprocess.run(["git", *words], cwd=folder, input=text.encode(), check=True, capture_output=True)
    return done.stdout.decode()


def write(folder: Path, tree: dict[str, str]) -> str:
    """The tree id of these files alone."""
    git(folder, "rm", "-rfq", "--ignore-unmatch", ".")
    for path, text in tree.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(text.encode())
    git(folder, "add", "-Af", ".")
    return git(folder, "write-tree").strip()


def patched(folder: Path, base: str, patch: str) -> str:
    """The tree that git makes of ``base`` with ``patch``."""
    git(folder, "read-tree", base)
    if patch:
        git(folder, "apply", "--cached", "--whitespace=nowarn", "-", text=patch)
    return git(folder, "write-tree").strip()


@settings(max_examples=25, deadline=None)
@given(TREES, TREES, st.integers(0, 3), st.data())
def test_what_is_put_together_applies(
    before: dict[str, str], after: dict[str, str], context: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        git(folder, "init", "-q")
        base, gold = write(folder, before), write(folder, after)
        patch = git(folder, "diff", "--binary", "--full-index", "--no-renames", base, gold)
        parts = parts_of(patch)
        assert "".join(part.text for part in parts) == patch
        texts = {}
        for part in parts:
            if part.hunks:
                made = applied(part, before.get(part.path))
                assert made is not None and made[0] == after[part.path]
                added = frozenset().union(*made[1])
                assert len(added) == sum(len(hunk.added) for hunk in part.hunks)
                texts[part.path] = after[part.path]
        assert patched(folder, base, with_texts(parts, before, texts, max(context, 1))) == gold
        if changed := [part for part in parts if part.hunks and not part.is_new]:
            part = data.draw(st.sampled_from(changed))
            out = data.draw(st.integers(0, len(part.hunks) - 1))
            less = applied(part, before[part.path], {out})
            assert less is not None
            partial = with_texts(parts, before, {part.path: less[0]})
            wanted = write(folder, {**after, part.path: less[0]})
            assert patched(folder, base, partial) == wanted


def question(gold: str = GOLD, **base: str) -> Question:
    contents = {path: text.encode() for path, text in (base or {"calc.py": CALC}).items()}
    return Question("python", gold, SPEC, contents, "3.11")


def test_mistakes_are_few_spread_and_told() -> None:
    made = mutants(question())
    assert [mistake.told for mistake in made] == [
        "calc.py:2 returned: return a + b -> return None",
        "calc.py:2 arithmetic: a + b -> a - b",
        "calc.py:6 returned: return f'<{a}>' -> return None",
    ]
    assert [mistake.name for mistake in made] == ["mutant:1", "mutant:2", "mutant:3"]
    two = mutants(question(), limit=2)
    assert len({mistake.told.split()[1] for mistake in two}) == 2, "of different operators"
    assert partial_patches(question()) == (), "one hunk left out leaves nothing"


def test_a_hunk_that_no_test_sees_is_not_left_out() -> None:
    old = "def f():\n    return 1\n" + "#\n" * 9 + "def g():\n    return 1\n" + "#\n" * 9 + "# end\n"
    new = old.replace("return 1", "return 2", 1).replace("# end", "# the end").replace("def g", "def h")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        git(folder, "init", "-q")
        base, after = write(folder, {"m.py": old}), write(folder, {"m.py": new})
        gold = git(folder, "diff", base, after)
    asked = question(gold, **{"m.py": old})
    assert len(asked.parts[0].hunks) == 3
    assert [mistake.told for mistake in partial_patches(asked)] == [
        "m.py:1 hunk 1 left out",
        "m.py:9 hunk 2 left out",
    ]


def test_what_cannot_be_read_has_no_variant_and_says_so() -> None:
    gold = GOLD.replace("+    return a + b", "+    print a")
    told = {variant.name: variant.told for variant in variants(question(gold)) if variant.patch is None}
    assert told["reformatted"] == "its files cannot be parsed here"
    assert mutants(question(gold)) == ()
    elsewhere = {variant.name: variant.told for variant in variants(question(**{"other.py": CALC}))}
    assert elsewhere["reformatted"] == "the patch changes no program text"
    assert [source.text for source in question().sources] == [FIXED] and TARGET.files
