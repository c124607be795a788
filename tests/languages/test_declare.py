"""Which interpreter and which dependencies the rules read from manifests, and from which line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envfactory.languages import python
from envfactory.languages.declaration import Declaration, Symptoms
from tests.languages.trees import MemoryIndex, MemoryTree

WHEN = datetime(2022, 6, 1, tzinfo=UTC)


def declared(
    files: dict[str, str], after: dict[str, str] | None = None, when: datetime = WHEN
) -> Declaration:
    base = MemoryTree(files)
    return python.declare(base, MemoryTree({**base.files, **(after or {})}), when)  # type: ignore[arg-type]


def texts(declaration: Declaration) -> list[str]:
    return [item.text for item in declaration.requirements]


@pytest.mark.parametrize(
    ("manifest", "when", "first"),
    [
        ("setup(name='x')", "2017-01-10", "3.6"),
        ("setup(name='x')", "2020-02-16", "3.7"),
        ("setup(name='x')", "2020-04-16", "3.8"),
        ("setup(name='x', python_requires='>=3.6,<3.8')", "2022-06-01", "3.7"),
        ("setup(name='x', python_requires='>=2.7, !=3.0.*, !=3.9.*')", "2021-06-01", "3.8"),
        ("setup(name='x', python_requires='>=3.6.2')", "2017-06-01", "3.6"),
        ("setup(name='x', python_requires='>=3.11')", "2022-06-01", "3.11"),
        ("setup(name='x', classifiers=['Programming Language :: Python :: 3.7'])", "2022-06-01", "3.7"),
        ("setup(name='x', classifiers=['Programming Language :: Python :: 3.3'])", "2022-06-01", "3.10"),
        ("setup(name='x', python_requires='nonsense')", "2022-06-01", "3.10"),
    ],
)
def test_interpreter(manifest: str, when: str, first: str) -> None:
    moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
    found = declared({"setup.py": f"from setuptools import setup\n{manifest}\n"}, when=moment)
    assert found.interpreters[0] == first
    assert len(found.interpreters) == len(set(found.interpreters)) > 1


def test_the_interpreter_must_suit_the_merged_tree_too() -> None:
    base = {"pyproject.toml": "[project]\nname = 'x'\nrequires-python = '>=3.6'\n"}
    after = {"pyproject.toml": "[project]\nname = 'x'\nrequires-python = '>=3.11'\n"}
    assert declared(base, after).interpreters[0] == "3.11"


def test_evidence_names_file_and_line() -> None:
    found = declared({"pyproject.toml": "[project]\nname = 'x'\nrequires-python = '<3.9'\n"})
    evidence = next(item for item in found.evidence if item.choice == "interpreter")
    assert (evidence.value, evidence.file, evidence.line) == ("3.8", "pyproject.toml", 3)


def test_test_extras_by_name_and_nothing_else() -> None:
    found = declared(
        {
            "pyproject.toml": """
                [project]
                name = "x"
                [project.optional-dependencies]
                tests = ["hypothesis"]
                dev = ["numpy"]
                """,
            "requirements-dev.txt": "pandas\n",
        }
    )
    assert found.extras == ("tests",)
    assert texts(found) == ["pytest"]
    assert found.metadata["tests"] == ("hypothesis",)


def test_dependency_groups_with_includes_and_without_linters() -> None:
    found = declared(
        {
            "pyproject.toml": """
                [project]
                name = "x"
                [dependency-groups]
                base = ["attrs"]
                test = [{include-group = "base"}, "pytest>=8", "mypy", "sphinx"]
                docs = ["furo"]
                """
        }
    )
    assert found.groups == ("test",)
    assert texts(found) == ["attrs", "pytest>=8"]
    assert "mypy" in next(item.value for item in found.evidence if item.choice == "left out")


def test_a_development_extra_is_searched_for_what_tests_need() -> None:
    found = declared(
        {
            "setup.py": """
                from setuptools import setup
                EXTRAS = {"fast": ["lxml"]}
                EXTRAS["dev"] = EXTRAS["fast"] + ["pytest", "flake8", "x[fast]"]
                setup(name="x", extras_require=EXTRAS)
                """
        }
    )
    assert found.extras == ("fast",)
    assert texts(found) == ["lxml", "pytest"]


def test_requirements_files_nest_and_ask_for_extras() -> None:
    found = declared(
        {
            "setup.cfg": "[metadata]\nname = x\n[options.extras_require]\nYaml = pyyaml\n",
            "setup.py": "from setuptools import setup; setup()",
            "requirements/tests.txt": """
                -r base.txt        # with a comment
                -c limits.txt
                -e .[yaml]
                pytest==7.0.1 \\
                    --hash=sha256:aa
                git+https://example.invalid/u/thing.git@main#egg=thing
                https://example.invalid/u/other/archive/main.zip
                --index-url https://example.invalid/simple
                """,
            "requirements/base.txt": "six (>=1.9)\n",
            "requirements/limits.txt": "attrs<22\n",
        }
    )
    assert texts(found) == ["six>=1.9", "pytest==7.0.1", "thing", "other"]
    assert found.extras == ("Yaml",)
    assert found.constraints == ("attrs<22",)
    line = next(item.evidence for item in found.requirements if item.text == "pytest==7.0.1")
    assert (line.file, line.line) == ("requirements/tests.txt", 5)


def test_a_plain_requirements_file_counts_when_it_is_for_developers() -> None:
    setup = {"setup.py": "from setuptools import setup\nsetup(name='x', install_requires=['a'])\n"}
    assert texts(declared(setup | {"requirements.txt": "numpy\n"})) == ["pytest"]
    assert texts(declared(setup | {"requirements.txt": "numpy\npytest\n"})) == ["numpy", "pytest"]


def test_tox_deps_without_factors_and_other_work() -> None:
    found = declared(
        {
            "setup.py": "from setuptools import setup\nsetup(name='x')\n",
            "tox.ini": """
                [tox]
                envlist = py36,lint
                [base]
                deps = mock
                [testenv]
                deps =
                    {[base]deps}
                    py27: unittest2
                    pytest >= 5  # runner
                    -r{toxinidir}/more.txt
                [testenv:lint]
                deps = django
                """,
            "more.txt": "freezegun\n",
        }
    )
    assert texts(found) == ["mock", "pytest>=5", "freezegun"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"pyproject.toml": "[tool.poetry]\nname='x'\n[tool.poetry.dev-dependencies]\npytest='^5.2'\n"},
            ["pytest<6,>=5.2"],
        ),
        (
            {
                "pyproject.toml": "[tool.poetry]\nname='x'\n[tool.poetry.group.test.dependencies]\n"
                "mock={version='~4.0', python='<3.8'}\n"
            },
            ['mock<4.1,>=4.0; python_full_version < "3.8"', "pytest"],
        ),
        (
            {"pyproject.toml": "[project]\nname='x'\n[tool.pdm.dev-dependencies]\ntest=['mock']\n"},
            ["mock", "pytest"],
        ),
        (
            {"pyproject.toml": "[project]\nname='x'\n[tool.hatch.envs.test]\ndependencies=['mock']\n"},
            ["mock", "pytest"],
        ),
        (
            {"setup.py": "from setuptools import setup\nsetup(name='x', tests_require=['nose'])\n"},
            ["nose", "pytest"],
        ),
        ({"Pipfile": "[packages]\nsix='*'\n[dev-packages]\nmock='==3'\n"}, ["six", "mock==3", "pytest"]),
        (
            {"environment.yml": "dependencies:\n- python=3.8\n- numpy=1.18\n- pip:\n  - mock\n"},
            ["numpy", "mock", "pytest"],
        ),
        (
            {
                "noxfile.py": "def tests(session):\n"
                "    session.install('mock', '-r', 'r.txt', '-e', '.[x]')\n",
                "r.txt": "six\n",
            },
            ["mock", "six", "pytest"],
        ),
    ],
    ids=["poetry", "poetry-group", "pdm", "hatch", "tests_require", "pipfile", "conda", "nox"],
)
def test_lists_of_other_tools(files: dict[str, str], expected: list[str]) -> None:
    assert texts(declared(files)) == expected


def test_plugins_that_options_imply() -> None:
    found = declared(
        {
            "setup.py": "from setuptools import setup\nsetup(name='x')\n",
            "pytest.ini": "[pytest]\naddopts = --cov=x -n auto -p randomly --ff\n"
            "asyncio_mode = auto\ntimeout=3\n",
        }
    )
    assert set(texts(found)) == {
        "pytest",
        "pytest-cov",
        "pytest-xdist",
        "pytest-randomly",
        "pytest-asyncio",
        "pytest-timeout",
    }
    assert found.test_args == ("--no-cov", "-n0", "--cache-clear")
    assert python.test_command(found)[:3] == ("/opt/env/bin/python", "-m", "pytest")


def test_what_only_the_merged_tree_requires_is_added() -> None:
    base = {"pyproject.toml": "[project]\nname='x'\ndependencies=['six']\n"}
    after = {"pyproject.toml": "[project]\nname='x'\ndependencies=['six', 'rich>=10']\n"}
    assert texts(declared(base, after)) == ["rich>=10", "pytest"]


def test_the_repositorys_own_lock_becomes_constraints() -> None:
    lock = """
        [[package]]
        name = "attrs"
        version = "21.4.0"
        [[package]]
        name = "x"
        version = "0.1"
        source = { editable = "." }
        [[package]]
        name = "numpy"
        version = "1.21"
        [[package]]
        name = "numpy"
        version = "1.22"
        """
    found = declared({"pyproject.toml": "[project]\nname='x'\n", "uv.lock": lock})
    assert found.constraints == ("attrs==21.4.0",)


def test_a_project_without_manifest_is_not_installable() -> None:
    found = declared({"requirements.txt": "six\nmock\n", "x.py": ""})
    assert not found.installable
    assert set(texts(found)) == {"six", "mock", "pytest"}


def test_a_project_in_a_folder() -> None:
    found = declared({"python/setup.py": "from setuptools import setup\nsetup(name='x')\n", "README": ""})
    assert found.project_dir == "python"
    assert "--rootdir=/testbed/python" in found.test_args


def test_the_key_ignores_versions_comments_and_linters() -> None:
    one = declared({"pyproject.toml": "[project]\nname='x'\nversion='1'\ndependencies=['a']\n"})
    two = declared(
        {"pyproject.toml": "# hi\n[project]\nname='x'\nversion='2'\ndependencies=['a']\n[tool.ruff]\nx=1\n"}
    )
    three = declared({"pyproject.toml": "[project]\nname='x'\nversion='1'\ndependencies=['a', 'b']\n"})
    assert one.key == two.key != three.key


def test_broken_manifests_are_no_crash() -> None:
    found = declared(
        {
            "pyproject.toml": "[project\n",
            "setup.cfg": "no section\n",
            "setup.py": "def (\n",
            "tox.ini": "deps\n",
            "Pipfile": "[[[",
            "environment.yml": "a: [",
            "noxfile.py": "(",
            "requirements-dev.txt": "-r nowhere.txt\n-r requirements-dev.txt\n???\n",
        }
    )
    assert texts(found) == ["pytest"]
    assert found.installable


@pytest.mark.parametrize(("when", "first"), [("2021-11-09", "3.10"), ("2021-09-01", "3.9")])
def test_the_change_names_a_newer_interpreter(when: str, first: str) -> None:
    files = {"setup.py": "setup(name='x')", "CHANGES.rst": "News\n"}
    news = {"CHANGES.rst": "News\nFixed leading spaces on Python 3.10.\n"}
    found = declared(files, news, datetime.fromisoformat(f"{when}T00:00:00+00:00"))
    assert found.interpreters[0] == first
    assert (found.evidence[0].file, found.evidence[0].line) == (
        ("CHANGES.rst", 2) if first == "3.10" else ("", 0)
    )


def test_an_interpreter_that_only_the_change_names_is_given_up_first() -> None:
    files = {"setup.py": "setup(name='x')", "x.py": ""}
    named = declared(files, {"x.py": "if sys.version_info >= (3, 10):\n"}, datetime(2021, 11, 9, tzinfo=UTC))
    symptoms = Symptoms(phase="build", log="error: no idea", report=None, cutoff=WHEN, index=MemoryIndex())  # type: ignore[arg-type]
    repaired = python.repair(named, symptoms)
    assert repaired is not None
    assert (named.interpreters[0], repaired.declaration.interpreters[0]) == ("3.10", "3.9")
    assert python.repair(repaired.declaration, symptoms) is None
