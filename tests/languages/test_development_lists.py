"""Lists of development dependencies in every notation, and how the maintainers' test command is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.languages.python_rules.conda_files import read_conda
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.shell_words import Call, calls
from envfactory.languages.python_rules.test_command import recognised
from envfactory.languages.python_rules.test_variables import TestHabits
from tests.languages.test_declare import declared, texts
from tests.languages.trees import MemoryTree

PROJECT = "[project]\nname = 'x'\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "poetry.lock",
            '[[package]]\nname="a"\nversion="1.0"\ncategory="main"\n[[package]]\nname="b"\nversion="2"\n'
            '[package.source]\ntype="git"\nurl="x"\n[metadata.files]\na=[]\n',
        ),
        (
            "pdm.lock",
            '[[package]]\nname="a"\nversion="1.0"\n[[package]]\nname="b"\nversion="2"\ngit="https://x"\n',
        ),
        (
            "pylock.toml",
            'lock-version="1.0"\n[[packages]]\nname="a"\nversion="1.0"\n[[packages]]\nname="b"\nversion="2"\n'
            'vcs={type="git"}\n[[packages]]\nname="c"\n',
        ),
        (
            "uv.lock",
            '[[package]]\nname="a"\nversion="1.0"\nsource={registry="r"}\n[[package]]\nname="b"\nversion="2"\n'
            'source={git="g"}\n',
        ),
        (
            "Pipfile.lock",
            json.dumps({"default": {"a": {"version": "==1.0"}}, "develop": {"b": {"git": "x"}}}),
        ),
    ],
)
def test_locks_of_every_kind(name: str, text: str) -> None:
    assert declared({"pyproject.toml": PROJECT, name: text}).constraints == ("a==1.0",)


def test_a_broken_lock_does_not_hide_another() -> None:
    files = {
        "pyproject.toml": PROJECT,
        "poetry.lock": "[[[",
        "Pipfile.lock": '{"default": {"a": {"version": "==1"}}}',
    }
    assert declared(files).constraints == ("a==1",)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (
            "[tool.hatch.envs.test]\nextra-dependencies=['six']\n[tool.hatch.envs.default]\ndependencies=['mock']\n",
            2,
        ),
        ("[tool.hatch.envs.hatch-test]\nextra-dependencies=['mock','six']\n", 2),
        ("[tool.hatch.envs.default]\ndependencies=['mock','six']\nscripts.run='pytest {args}'\n", 2),
        ("[tool.hatch.envs.docs]\ndependencies=['mock']\nscripts.build='mkdocs'\n", 0),
        ("[tool.hatch.envs.t]\ntemplate='t'\ndependencies=['mock']\nscripts.c=['pytest', 'true']\n", 1),
    ],
)
def test_hatch_environments(manifest: str, expected: int) -> None:
    assert len(texts(declared({"pyproject.toml": PROJECT + manifest}))) == expected + 1
    own = manifest.replace("tool.hatch.", "")
    found = declared({"pyproject.toml": PROJECT, "hatch.toml": own})
    assert len(texts(found)) == expected + 1


def test_hatch_features_groups_and_variables() -> None:
    manifest = """
        [project]
        name = "x"
        [project.optional-dependencies]
        fast = ["lxml"]
        [dependency-groups]
        unit = ["mock"]
        [tool.hatch.envs.test]
        features = ["fast"]
        dependency-groups = ["unit"]
        env-vars.THING = "1"
        """
    found = declared({"pyproject.toml": manifest, "tests/conftest.py": "environ['THING']"})
    assert (found.extras, found.groups, found.env) == (("fast",), ("unit",), {"THING": "1"})
    assert texts(found) == ["mock", "pytest"]


def test_dependencies_that_a_manifest_leaves_to_files() -> None:
    manifest = """
        [project]
        name = "x"
        dynamic = ["dependencies", "optional-dependencies"]
        [tool.setuptools.dynamic]
        dependencies = {file = ["base.txt"]}
        optional-dependencies.test = {file = "more.txt"}
        """
    found = declared(
        {"pyproject.toml": manifest, "base.txt": "six>=1\n# note\n", "more.txt": "-r base.txt\nmock\n"}
    )
    assert found.extras == ("test",)
    assert found.metadata == {"": ("six>=1",), "test": ("six>=1", "mock")}


@pytest.mark.parametrize(
    "path",
    [
        "requirements/py3-tests.txt",
        "tests/requirements/main.txt",
        "test/requirements-extra.txt",
        "requirements/unit_test.in",
        "requirements/dev-3.txt",
        "dev/requirements.txt",
        "test_deps.txt",
        "requirements.develop.txt",
    ],
)
def test_requirements_files_of_other_spellings(path: str) -> None:
    files = {"setup.py": "from setuptools import setup\nsetup(name='x')\n", path: "mock\n"}
    assert texts(declared(files)) == ["mock", "pytest"]


@pytest.mark.parametrize(
    "path",
    [
        "docs/requirements-test.txt",
        "requirements/lint-dev.txt",
        "requirements-test-min.txt",
        "tests/data.txt",
    ],
)
def test_requirements_files_for_other_work(path: str) -> None:
    files = {"setup.py": "from setuptools import setup\nsetup(name='x')\n", path: "mock\n"}
    assert texts(declared(files)) == ["pytest"]


def test_a_list_that_only_builds_does_not_hide_the_others() -> None:
    files = {
        "setup.py": "from setuptools import setup\nsetup(name='x', extras_require={'dev': ['cython']})\n",
        "requirements-dev.txt": "mock\n",
    }
    assert texts(declared(files)) == ["cython", "mock", "pytest"]


def test_both_trees_count_but_a_second_look_finds_no_further_lists() -> None:
    files = {"tox.ini": "[testenv]\ndeps = mock\n", "Pipfile": "[dev-packages]\nsix = '*'\n"}
    assert texts(declared(files)) == ["mock", "pytest"]


def test_the_conda_file_for_tests_and_this_python() -> None:
    files = {
        "ci/environment-py37.yml": "dependencies: [a37]\n",
        "ci/environment-py310.yml": "dependencies: [a310]\n",
        "ci/environment-docs.yml": "dependencies: [sphinx]\n",
        "environment.yml": "name: x\n",
    }
    tree = MemoryTree(files)
    for interpreter, expected in (("3.7", "a37"), ("3.10", "a310"), ("3.9", "a310")):
        assert [cited.value for cited in read_conda(tree, interpreter)] == [expected]  # type: ignore[arg-type]
    tests = MemoryTree(
        {**files, "devtools/conda-envs/test_env.yaml": "dependencies:\n- b\n- pip: [c, {d: e}]\n"}
    )
    assert [cited.value for cited in read_conda(tests, "3.7")] == ["b", "c"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("script", "runner", "paths", "options"),
    [
        ("pytest -n 4 tests/unit", "pytest", ("tests/unit",), ("-n", "4")),
        ("coverage run --source x -m pytest --pyargs x", "pytest", ("x",), ("--pyargs",)),
        ("poetry run python -W error -m unittest discover -s t", "unittest", ("discover",), ("-s", "t")),
        ("python manage.py test app --settings=a.b", "django", ("manage.py", "app"), ("--settings=a.b",)),
        ("xvfb-run -a python tests/runtests.py -v", "script", ("tests/runtests.py",), ("-v",)),
        ("python setup.py test -q", "setup.py", (), ("-q",)),
        ("trial pkg.test", "trial", ("pkg.test",), ()),
        ("stestr run", "stestr", ("run",), ()),
        ("A=b zope-testrunner --test-path=src", "zope.testrunner", (), ("--test-path=src",)),
        ("nosetests -v", "nose", (), ("-v",)),
    ],
)
def test_runners(script: str, runner: str, paths: tuple[str, ...], options: tuple[str, ...]) -> None:
    (call,) = calls(script)
    found = recognised(call)
    assert found is not None
    assert (found.runner, found.paths, found.options) == (runner, paths, options)


@pytest.mark.parametrize(
    "script", ["pip install pytest", "conda create -n t nose pytest", "echo pytest", "tox -e py"]
)
def test_what_runs_no_tests(script: str) -> None:
    assert all(recognised(call) is None for call in calls(script))


@given(
    st.lists(
        st.sampled_from(["python", "-m", "pytest", "-p", "x", "test", "manage.py", "--", "-c"]), max_size=6
    )
)
def test_any_words_are_read_without_an_error(words: list[str]) -> None:
    found = recognised(Call(tuple(words)))
    assert found is None or found.runner in {"pytest", "django"}


def test_commands_of_nox_make_and_ci_with_their_folder_and_variables() -> None:
    tree = MemoryTree(
        {
            "noxfile.py": "import nox\n@nox.session\ndef tests(session):\n    session.env['A'] = '1'\n"
            "    session.run('pytest', 'tests', env={'B': '2'})\n",
            "Makefile": "lint:\n\tflake8\ntest: lint\n\t@cd sub && PYTHONPATH=. pytest\n",
            ".travis.yml": "env: {global: [C=3]}\nscript: python -m unittest\n",
        }
    )
    from envfactory.languages.python_rules.ci_workflows import read_ci

    habits = TestHabits(Project(tree), "3.9", read_ci(tree))  # type: ignore[arg-type]
    told = [(item.runner, item.directory, dict(item.env)) for item in habits.commands]
    assert told == [
        ("pytest", ".", {"A": "1", "B": "2"}),
        ("unittest", ".", {"C": "3"}),
        ("pytest", "sub", {"PYTHONPATH": "."}),
    ]


@pytest.mark.parametrize(("extra", "expected"), [("chardet", True), ("pytest", False)])
def test_an_extra_for_everything_is_no_list_of_test_tools(extra: str, expected: bool) -> None:
    """Only a runner among them says that somebody tests with it."""
    files = {
        "setup.py": f"from setuptools import setup\nsetup(name='x', extras_require={{'all': ['{extra}']}})\n",
        "requirements-test.txt": "pytest\npytest-expect>=1.1\n",
    }
    assert ("pytest-expect>=1.1" in texts(declared(files))) is expected
