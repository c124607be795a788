from __future__ import annotations

from pathlib import Path

import pytest
from envfactory.miners import history as miner

from envfactory.git import Clone
from envfactory.mining.candidate import candidate
from envfactory.mining.protocol import MineOptions
from envfactory.mining.screening import MAX_FILES
from envfactory.records import Candidate, PullRequest, Rejection
from tests.histories import Content, History, project

FIX: dict[str, Content] = {
    "src/pack/core.py": "def double(x):\n    if x is None:\n        return 0\n    return x + x\n"
}
TEST = "from pack.core import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
NEW_TEST = TEST + "\n\ndef test_none_is_zero():\n    assert double(None) == 0\n"


def squash(history: History, message: str, files: dict[str, Content]) -> None:
    history.commit(f"{message.partition(chr(10))[0]} (#7)\n{message.partition(chr(10))[2]}", files)


def judge(history: History, tmp_path: Path, path: Path | None = None) -> Candidate | Rejection:
    options = MineOptions(cache=tmp_path / "cache", repo="o/n", numbers=frozenset({7}))
    (pull,) = miner.mine(str(path or history.path), options)
    assert isinstance(pull, PullRequest), pull
    with Clone.open(path or history.path, repo="o/n", cache=tmp_path / "cache") as clone:
        return candidate(clone, pull)


def good(history: History, tmp_path: Path) -> Candidate:
    found = judge(history, tmp_path)
    assert isinstance(found, Candidate), found
    return found


@pytest.fixture
def history(tmp_path: Path) -> History:
    return project(tmp_path / "repo")


def test_change_is_split_and_described(history: History, tmp_path: Path) -> None:
    fragment = "``double`` of ``None`` is zero. :issue:`6`\n"
    squash(
        history,
        "Fix #6: double fails for None\n\nIt raised a TypeError.\n\nSee test_none_is_zero.\n\n"
        "Signed-off-by: A <a@b.c>\nCo-authored-by: B <b@c.d>",
        FIX | {"tests/test_core.py": NEW_TEST, "changes/7.bugfix.rst": fragment, "README.md": "# pack 2\n"},
    )
    found = good(history, tmp_path)
    assert found.source_files == ("README.md", "src/pack/core.py")
    assert found.test_files == found.test_modules == ("tests/test_core.py",)
    assert "changes/" not in found.gold_patch + found.test_patch
    assert "changes/7.bugfix.rst" in found.dropped_patch
    assert found.problem_statement == (
        "# Double fails for None\n\n`double` of `None` is zero.\n\nIt raised a TypeError.\n"
    )
    left_out = {part.text: part.why for part in found.statement_parts if not part.used}
    assert left_out["See test_none_is_zero."] == "names a hidden test"
    assert {part.source for part in found.statement_parts if part.used} == {"title", "changelog", "body"}
    assert (found.license, found.task_type, found.language) == ("MIT", "bug_fix", "python")
    with Clone.open(history.path, cache=tmp_path / "cache") as clone:
        index = {"GIT_INDEX_FILE": str(tmp_path / "index")}
        clone.git("read-tree", found.base_tree, env=index)
        for patch in (found.gold_patch, found.test_patch, found.dropped_patch):
            clone.git("apply", "--cached", "-", input=patch.encode(), env=index)
        assert clone.git("write-tree", env=index).decode().strip() == found.after_tree


def test_new_names_that_tests_need_are_the_interface(history: History, tmp_path: Path) -> None:
    source = (
        "def double(x):\n    return x + x\n\n\ndef triple(x: int, *, sign: int = 1) -> int:\n"
        "    return 3 * x * sign\n\n\ndef _hidden():\n    pass\n"
    )
    test = (
        TEST
        + "\n\ndef test_triple():\n    from pack.core import triple\n    assert triple(1, sign=-1) == -3\n"
    )
    squash(history, "Add triple", {"src/pack/core.py": source, "tests/test_core.py": test})
    assert good(history, tmp_path).interface == "src/pack/core.py: def triple(x: int, *, sign: int=1) -> int"


@pytest.mark.parametrize(
    ("reason", "files"),
    [
        ("no_test_change", FIX),
        ("no_source_change", {"tests/test_core.py": NEW_TEST}),
        ("no_source_change", {"README.md": "# new\n", "tests/test_core.py": NEW_TEST}),
        (
            "formatting_only",
            {"src/pack/core.py": '# why\ndef double(x):\n    "Twice."\n    return (x + x)\n',
             "tests/test_core.py": NEW_TEST},
        ),
        ("no_new_checks", FIX | {"tests/test_core.py": "# note\n" + TEST}),
        ("no_new_checks", FIX | {"tests/test_core.py": None}),
        ("empty_change", {}),
        ("too_many_files", {f"many/{number}.py": "" for number in range(MAX_FILES + 1)}),
    ],
)  # fmt: skip
def test_each_rejection_has_its_own_reason(
    history: History, tmp_path: Path, reason: str, files: dict[str, Content]
) -> None:
    squash(history, "Change the way of doubling", files)
    found = judge(history, tmp_path)
    assert isinstance(found, Rejection)
    assert (found.stage, found.reason, found.key) == ("mine", reason, "o/n#7")
    assert found.detail


@pytest.mark.parametrize("title", ["Fixes #6", "#6", "WIP", "Fix"])
def test_nothing_said_is_no_statement(history: History, tmp_path: Path, title: str) -> None:
    squash(history, title, FIX | {"tests/test_core.py": NEW_TEST})
    found = judge(history, tmp_path)
    assert isinstance(found, Rejection)
    assert found.reason == "no_statement"


def test_other_languages_are_unknown(tmp_path: Path) -> None:
    history = History(tmp_path / "repo")
    history.commit("Start", {"main.c": "int main(void) { return 0; }\n"})
    squash(history, "Return one", {"main.c": "int main(void) { return 1; }\n", "tests/a.c": "x"})
    found = judge(history, tmp_path)
    assert isinstance(found, Rejection)
    assert found.reason == "language_unknown"


def test_data_only_change_runs_the_module_that_drives_it(history: History, tmp_path: Path) -> None:
    driver = (
        "from pathlib import Path\n\n\ndef test_cases():\n"
        '    assert list((Path(__file__).parent / "cases").iterdir())\n'
    )
    history.commit("Driver", {"tests/test_cases.py": driver, "tests/cases/a.txt": "1\n"})
    squash(history, "Handle two lines", FIX | {"tests/cases/b.txt": "1\n2\n"})
    found = good(history, tmp_path)
    assert found.test_files == ("tests/cases/b.txt",)
    assert found.test_modules == ("tests/test_cases.py",)


def test_blobs_missing_from_a_partial_clone(history: History, tmp_path: Path) -> None:
    history.commit("Big file", {"unrelated.bin": "x" * 9000})
    squash(history, "Handle None as zero", FIX | {"tests/test_core.py": NEW_TEST})
    history.git("config", "uploadpack.allowFilter", "true")
    partial, poor = tmp_path / "partial", tmp_path / "poor"
    url = f"file://{history.path}"
    history.git("clone", "--quiet", "--bare", "--filter=blob:limit=1k", url, str(partial))
    history.git("clone", "--quiet", "--bare", "--filter=blob:none", url, str(poor))
    found = judge(history, tmp_path, partial)
    assert isinstance(found, Candidate)
    assert found.notes == ("1 files are not in this partial clone: unrelated.bin",)
    rejected = judge(history, tmp_path, poor)
    assert isinstance(rejected, Rejection)
    assert rejected.reason == "missing_blobs"


def test_odd_files_are_carried_and_named(history: History, tmp_path: Path) -> None:
    (history.path / "tests" / "out").symlink_to("../../outside")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 3\n"
    squash(
        history,
        "Handle None as zero",
        FIX
        | {"tests/test_core.py": NEW_TEST, "tests/données ü.bin": b"\0\xff", "tests/crlf.txt": "a\r\nb\r\n",
           "tests/latin.txt": "\xe9\n".encode("latin-1"), "tests/lfs.bin": pointer},
    )  # fmt: skip
    found = good(history, tmp_path)
    assert set(found.notes) == {
        "symbolic link tests/out leads out of the tree",
        "tests/lfs.bin is a git-lfs pointer",
    }
    assert "+a\r\n" in found.test_patch
    again = Candidate.model_validate_json(found.model_dump_json())
    assert again == found
    assert again.digest == found.digest
