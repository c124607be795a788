"""The attacks as patches: documented, well formed, and every one of a kind."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.attacks import ATTACKS, attacks_on, patch_forms
from envfactory.attacks.patching import adding, changing, deleting
from tests.attacks.targets import FILES, TARGET

FORMS = {attack.name for attack in patch_forms.ATTACKS}


def applied(place: Path, files: dict[str, str], patch: str) -> subprocess.CompletedProcess[str]:
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(text.encode())
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    return subprocess.run(command, cwd=place, input=patch, capture_output=True, text=True, timeout=60)


def test_there_are_enough_and_each_says_what_it_is() -> None:
    assert len(ATTACKS) >= 60
    for attack in ATTACKS.values():
        assert attack.tries and attack.defence and attack.name.isidentifier()
    patches = {attack.make(TARGET) for attack in attacks_on(TARGET)}
    assert len(patches) == len(ATTACKS), "two attacks are the same, or one has no hold on the sample"
    other = replace(TARGET, language="cobol")
    assert {attack.name for attack in attacks_on(other)} == FORMS


@pytest.mark.parametrize("name", sorted(set(ATTACKS) - FORMS))
def test_patches_of_the_program_apply_and_are_python(tmp_path: Path, name: str) -> None:
    patch = ATTACKS[name].make(TARGET)
    assert patch is not None
    done = applied(tmp_path, FILES, patch)
    assert done.returncode == 0, done.stderr
    for path in tmp_path.rglob("*.py"):
        if path.is_file() and not path.is_symlink():
            ast.parse(path.read_text(), feature_version=(3, 6))


def test_a_task_without_python_sources_gives_in_process_attacks_no_hold() -> None:
    bare = replace(TARGET, gold_patch="", files={})
    assert ATTACKS["runtest"].make(bare) is None and ATTACKS["outside"].make(bare)


TEXT = st.text(alphabet="ab \t\n\r\x0c\x85é", max_size=30)


@given(TEXT, TEXT.filter(bool))
def test_diffs_say_what_they_were_made_from(
    tmp_path_factory: pytest.TempPathFactory, old: str, new: str
) -> None:
    place = tmp_path_factory.mktemp("diff")
    if old.strip() and old != new:
        assert applied(place, {"x": old}, changing("x", old.encode(), new)).returncode == 0
        assert (place / "x").read_bytes() == new.encode()
        assert applied(place, {"y": old}, deleting("y", old.encode())).returncode == 0
        assert not (place / "y").exists()
    plain = "".join(f"{line}\n" for line in new.split())
    if plain:
        assert applied(place, {}, adding("new/z", plain)).returncode == 0
        assert (place / "new/z").read_text() == plain
