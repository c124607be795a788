"""The mining-side rules of Python, on trees that copy the shapes of real projects."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envfactory.git import Clone, Tree
from envfactory.languages.protocol import FileKind
from envfactory.languages.python_rules.drivers import related_modules
from envfactory.languages.python_rules.drivers import test_modules as modules_for
from envfactory.languages.python_rules.source_change import changes_behaviour, has_new_checks, same_source
from envfactory.languages.python_rules.testfiles import file_kinds
from tests.histories import Content, History

A_TEST = "def test_it():\n    assert True\n"
Plant = Callable[[dict[str, Content]], Tree]


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    clones, count = [], itertools.count()

    def tree(files: dict[str, Content]) -> Tree:
        history = History(tmp_path / f"r{next(count)}")
        history.commit("files", files)
        clones.append(Clone.open(history.path, cache=tmp_path / "cache"))
        return clones[-1].tree(clones[-1].head)

    yield tree
    for clone in clones:
        clone.close()


PLAIN: dict[str, FileKind] = {
    "src/pack/core.py": FileKind.SOURCE,
    "src/pack/templates/page.html": FileKind.SOURCE,
    "src/pack/testing.py": FileKind.SOURCE,
    "src/pack/test_client.py": FileKind.SOURCE,
    "tests/test_core.py": FileKind.TEST,
    "tests/conftest.py": FileKind.TEST_DATA,
    "tests/helpers.py": FileKind.TEST_DATA,
    "tests/data/case.json": FileKind.TEST_DATA,
    "conftest.py": FileKind.TEST_DATA,
    "setup.py": FileKind.CONFIG,
    "setup.cfg": FileKind.CONFIG,
    "requirements-dev.txt": FileKind.CONFIG,
    ".github/workflows/ci.yml": FileKind.CONFIG,
    "docs/index.rst": FileKind.DOCS,
    "docs/conf.py": FileKind.DOCS,
    "README.md": FileKind.DOCS,
    "CHANGES.rst": FileKind.CHANGELOG,
    "docs/changelog.rst": FileKind.CHANGELOG,
    "changes/12.bugfix.rst": FileKind.CHANGELOG,
    "newsfragments/9.feature": FileKind.CHANGELOG,
    "examples/demo.py": FileKind.OTHER,
}


def content(path: str) -> str:
    return A_TEST if path == "tests/test_core.py" else "x = 1\n"


def test_kinds_of_an_ordinary_project(plant: Plant) -> None:
    tree = plant({"src/pack/__init__.py": "", "README": ""} | {path: content(path) for path in PLAIN})
    assert dict(file_kinds(tree, tree, list(PLAIN))) == PLAIN


@pytest.mark.parametrize(
    ("config", "kinds"),
    [
        ({"tox.ini": "[pytest]\ntestpaths = testing\npython_files = test_*.py testing/python/*.py\n",
          "testing/test_a.py": A_TEST, "testing/b_helper.py": "x = 1\n", "testing/python/raises.py": A_TEST},
         {"src/_pytest/mark.py": FileKind.SOURCE, "testing/test_a.py": FileKind.TEST,
          "testing/python/raises.py": FileKind.TEST, "testing/b_helper.py": FileKind.TEST_DATA}),
        ({"setup.cfg": "[tool:pytest]\npython_files = test_*.py unittest_*.py\ntestpaths = tests\n",
          "tests/unittest_a.py": A_TEST, "tests/functional/f/bad_name.py": "def test_x(): pass\n"},
         {"tests/unittest_a.py": FileKind.TEST, "tests/functional/f/bad_name.py": FileKind.TEST_DATA}),
        ({"sphinx/__init__.py": "", "sphinx/testing/__init__.py": "", "sphinx/testing/util.py": "x = 1\n",
          "tests/test_a.py": A_TEST},
         {"sphinx/testing/util.py": FileKind.SOURCE, "tests/test_a.py": FileKind.TEST}),
        ({"pack/__init__.py": "", "pack/algo/tests/__init__.py": "", "pack/algo/tests/test_a.py": A_TEST,
          "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["pack"]\n'},
         {"pack/__init__.py": FileKind.SOURCE, "pack/algo/tests/test_a.py": FileKind.TEST,
          "pack/algo/tests/__init__.py": FileKind.TEST_DATA}),
        ({"pack/__init__.py": "", "pack/fast.pyx": "", "pack/tests/test_a.py": A_TEST,
          "pack/tests/test_b.py": A_TEST, "pytest.ini": "[pytest]\ntestpaths = pack\n"},
         {"pack/__init__.py": FileKind.SOURCE, "pack/fast.pyx": FileKind.SOURCE,
          "pack/tests/test_b.py": FileKind.TEST}),
        ({"pytest_it/__init__.py": "", "pytest_it/tests/test_a.py": A_TEST,
          "pytest_it/tests/test_b.py": A_TEST},
         {"pytest_it/__init__.py": FileKind.SOURCE, "pytest_it/tests/test_a.py": FileKind.TEST}),
        ({"app/__init__.py": "", "app/views.py": "x = 1\n", "app/tests/__init__.py": "",
          "app/tests/tests.py": "class T:\n    def test_a(self): pass\n"},
         {"app/tests/tests.py": FileKind.TEST, "app/views.py": FileKind.SOURCE}),
        ({"web/__init__.py": "", "web/test/__init__.py": "", "web/test/testcases.py": "class TestCase: 0\n",
          "tests/test_a.py": A_TEST},
         {"web/test/testcases.py": FileKind.SOURCE}),
    ],
)  # fmt: skip
def test_the_projects_own_configuration_decides(
    plant: Plant, config: dict[str, Content], kinds: dict[str, FileKind]
) -> None:
    tree = plant({"src/_pytest/__init__.py": "", "src/_pytest/mark.py": "x = 1\n"} | config)
    assert dict(file_kinds(tree, tree, list(kinds))) == kinds


def test_a_removed_file_keeps_its_kind(plant: Plant) -> None:
    base = plant({"tests/test_a.py": A_TEST, "tests/test_b.py": A_TEST, "a.py": ""})
    after = plant({"tests/test_a.py": A_TEST, "a.py": ""})
    assert file_kinds(base, after, ["tests/test_b.py"]) == {"tests/test_b.py": FileKind.TEST}


def test_drivers_of_data_and_helpers(plant: Plant) -> None:
    tree = plant({
        "tests/test_a.py": "from tests.helper import load\n" + A_TEST,
        "tests/test_b.py": "CASES = 'slow_query.sql'\n" + A_TEST,
        "tests/test_c.py": A_TEST,
        "tests/helper.py": "def load(): return open('other.sql')\n",
        "tests/files/slow_query.sql": "",
        "tests/files/other.sql": "",
    })  # fmt: skip
    assert modules_for(tree, ["tests/files/slow_query.sql"]) == ("tests/test_b.py",)
    assert modules_for(tree, ["tests/files/other.sql"]) == ("tests/test_a.py",)
    assert modules_for(tree, ["tests/helper.py"]) == ("tests/test_a.py",)
    assert modules_for(tree, ["tests/test_c.py", "tests/helper.py"]) == ("tests/test_c.py",)
    assert modules_for(tree, ["tests/gone.py"]) != ()


def test_related_modules_of_source(plant: Plant) -> None:
    tree = plant({
        "src/pack/core.py": "", "src/pack/__init__.py": "", "tests/test_core.py": A_TEST,
        "tests/test_other.py": "from pack import core\n" + A_TEST, "tests/test_far.py": A_TEST,
    })  # fmt: skip
    assert related_modules(tree, ["src/pack/core.py"], [], 5) == ("tests/test_core.py", "tests/test_other.py")
    assert related_modules(tree, ["src/pack/core.py"], ["tests/test_core.py"], 1) == ("tests/test_other.py",)


OLD = "class TestA:\n    def test_x(self):\n        assert 1\n\n    def test_y(self):\n        assert 2\n"


@pytest.mark.parametrize(
    ("new", "checks", "behaviour"),
    [
        (OLD.replace("assert 1", "assert (1)  # one"), False, False),
        (OLD.replace("    def test_y(self):\n        assert 2\n", ""), False, True),
        (OLD.replace("assert 2", "assert 3"), True, True),
        (OLD + "\n\n@mark\ndef test_z():\n    assert 4\n", True, True),
        (OLD.replace("    def test_y", "    @skip\n    def test_y"), True, True),
        ('"""Doc."""\n' + OLD, False, False),
        ("print 'python 2'\n", True, True),
    ],
)
def test_syntax_decides_what_changed(plant: Plant, new: str, checks: bool, behaviour: bool) -> None:
    base, after = plant({"tests/test_a.py": OLD}), plant({"tests/test_a.py": new})
    assert has_new_checks(base, after, ["tests/test_a.py"]) is checks
    assert changes_behaviour(base, after, ["tests/test_a.py"]) is behaviour


def test_same_source_by_test_id(plant: Plant) -> None:
    base = plant({"tests/test_a.py": OLD + A_TEST})
    after = plant({"tests/test_a.py": OLD.replace("assert 2", "assert 3") + "\n\n" + A_TEST})
    ids = ["::TestA::test_x", "::TestA::test_y[a::b-1]", "::test_it[x]", "::test_new"]
    found = same_source(base, after, [f"tests/test_a.py{name}" for name in ids])
    assert list(found.values()) == [True, False, True, False]
