"""The environment of tox that tests: factors, families of versions, variables, all its notations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.languages.python_rules.ini_files import read_ini
from envfactory.languages.python_rules.tox import read_tox
from envfactory.languages.python_rules.tox_environments import read_tox_environment
from envfactory.languages.python_rules.tox_names import chosen, expanded
from tests.languages.test_declare import declared, texts
from tests.languages.trees import MemoryTree

SETUP = {"setup.py": "from setuptools import setup\nsetup(name='x', extras_require={'d': ['six']})\n"}
MATRIX = """
    [tox]
    envlist =
        docs, style
        py{36,38}-dj{22,31,32}-{sqlite,mysql}
        py38-djmain-sqlite
    [testenv]
    deps =
        dj22: Django==2.2.*
        dj31: Django==3.1.*
        dj32: Django>=3.2a1,<4.0
        djmain: https://example.invalid/main.tar.gz
        sqlite: mock
        !sqlite: psycopg2
        mysql: mysqlclient
        py36: dataclasses
        py38,py39: zipp
        {[base]deps}
    setenv =
        PYTHONPATH = {toxinidir}:{toxinidir}/lib:{env:HOME}
        THING_DB = {env:THING_DB:here}
        mysql: THING_PORT = 3306
        PYTHONWARNINGS = d
        UNUSED_ANYWHERE = 1
    commands =
        pip install -e .[d]
        coverage run -m pytest -p tests.plug --import-mode=append {posargs:tests}
    [base]
    deps = attrs
    [testenv:docs]
    deps = sphinx
    """


def named(text: str, interpreter: str, path: str = "tox.ini") -> list[str]:
    found = read_tox(MemoryTree({path: text, "r.txt": "six\n"}), ".", interpreter)  # type: ignore[arg-type]
    return [cited.value for cited in found.requirements]


def test_factors_hold_for_the_chosen_environment() -> None:
    assert named(MATRIX, "3.8") == ["mock", "zipp", "attrs", "Django"]
    assert named(MATRIX, "3.6") == ["mock", "dataclasses", "attrs", "Django"]
    assert named(MATRIX, "3.9") == ["mock", "zipp", "attrs", "Django"], (
        "no environment for it: its factor counts"
    )


def test_a_family_of_versions_is_bounded_by_its_newest() -> None:
    found = declared(SETUP | {"tox.ini": MATRIX})
    assert "Django" in texts(found)
    assert found.constraints == ("Django<4.0",)
    assert found.extras == ("d",)
    base = {**SETUP, "tox.ini": MATRIX.replace("dj32: Django>=3.2a1,<4.0", "dj32: flask")}
    assert declared(base, {"tox.ini": MATRIX}).constraints == ("Django<4.0",), "what the change allows counts"


def test_variables_and_options_that_the_tests_count_on() -> None:
    files = SETUP | {
        "tox.ini": MATRIX,
        "tests/plug.py": "",
        "lib/y.py": "",
        "tests/test_x.py": "import os\nos.environ['THING_DB']\n'THING_PORT'\n",
    }
    found = declared(files)
    assert found.env == {"PYTHONPATH": "/testbed:/testbed/lib", "THING_DB": "here"}
    assert found.test_args == ("-p", "tests.plug", "--import-mode=append")
    evidence = next(item for item in found.evidence if item.choice == "variable THING_DB")
    assert (evidence.file, evidence.line) == ("tox.ini", 21)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("tox.toml", "env_list=['3.10','lint']\n[env_run_base]\ndeps=['mock','-r r.txt']\n", ["mock", "six"]),
        ("pyproject.toml", "[tool.tox.env_run_base]\ndeps=['mock']\n", ["mock"]),
        ("pyproject.toml", "[tool.tox]\nlegacy_tox_ini='''\n[testenv]\ndeps = mock\n'''\n", ["mock"]),
        ("setup.cfg", "[tox:tox]\nenvlist = py36\n[testenv]\ndeps = mock\n", ["mock"]),
        ("tox.ini", "[testenv:unit]\ndeps = mock\n[testenv:docs]\ndeps = six\n", ["mock"]),
        (
            "tox.ini",
            "[tox]\nenvlist=py27,py34,pep8\n[testenv]\ndeps=mock\n[testenv:pep8]\ndeps=six\n",
            ["mock"],
        ),
        ("tox.ini", "[testenv]\nconda_deps =\n  numpy=1.2\n  gcc\ndeps = mock\n", ["mock", "numpy"]),
        ("tox.ini", "[testenv]\nwithout\n   = x\ndeps = mock\n", []),
    ],
)
def test_notations(path: str, text: str, expected: list[str]) -> None:
    assert named(text, "3.10", path) == expected


def test_only_groups_of_the_test_environment_are_taken() -> None:
    files = {
        "pyproject.toml": """
            [project]
            name = "x"
            [dependency-groups]
            unit = ["mock"]
            random = ["pytest-randomly"]
            [tool.tox]
            env_list = ["3.10", "random", "update"]
            env_run_base.dependency_groups = ["unit"]
            env.random.dependency_groups = ["random"]
            """
    }
    assert texts(declared(files)) == ["mock", "pytest"]


@pytest.mark.parametrize(
    ("names", "interpreter", "expected"),
    [
        ("py{36,37}-{a,b},lint", "3.7", "py37-a"),
        ("py37-dj{20,21}-{sqlite,postgres}", "3.7", "py37-dj21-sqlite"),
        ("py37-{test}-{mindeps,deps,pre}", "3.7", "py37-test-deps"),
        ("py27, generate, py34", "3.8", "py34"),
        ("py3-other2, py35-full, pypy-full", "3.8", "py35-full"),
        ("docs, style", "3.8", "py38"),
        ("py3{6-9}", "3.8", "py38"),
        ("pypy3, py", "3.8", "py"),
    ],
)
def test_the_environment_that_asks_for_least(names: str, interpreter: str, expected: str) -> None:
    assert chosen(expanded(names), interpreter) == expected


@given(st.text(alphabet="py36{},-\n #a", max_size=50))
def test_expansion_leaves_plain_names(text: str) -> None:
    for name in expanded(text):
        assert name
        assert not set(name) & set("{}, \n")


@given(st.text(max_size=120))
def test_any_ini_file_is_read_without_an_error(text: str) -> None:
    assert isinstance(read_ini(text).sections(), list)
    tree = MemoryTree({"tox.ini": f"[testenv]\ndeps =\n{text}"})
    environment = read_tox_environment(tree, ".", "3.8")  # type: ignore[arg-type]
    assert environment is None or environment.source.path == "tox.ini"
