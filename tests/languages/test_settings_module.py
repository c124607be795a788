"""Django suites under pytest: the plug-in, the settings module by rule, and the repair that tries a guess."""

from __future__ import annotations

import pytest

from envfactory.languages.declaration import Declaration, Symptoms
from envfactory.languages.python_rules.repair_case import Case
from envfactory.languages.python_rules.settings_module import settings_module
from tests.languages.test_declare import WHEN, declared, texts
from tests.languages.trees import MemoryIndex

PROJECT = {
    "setup.py": "from setuptools import setup\nsetup(name='x', install_requires=['Django>=3'])\n",
    "tests/test_models.py": "from django.test import TestCase\n",
    "tests/settings.py": "SECRET_KEY = 'x'\n",
}


@pytest.mark.parametrize(
    ("files", "env"),
    [
        (
            {"tox.ini": "[testenv]\nsetenv =\n  DJANGO_SETTINGS_MODULE = tests.settings\n"},
            {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        ),
        (
            {"Makefile": "test:\n\tDJANGO_SETTINGS_MODULE=tests.settings \\\n\t python -m django test\n"},
            {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        ),
        (
            {"tox.ini": "[testenv]\ncommands = coverage run -m django test --settings=tests.settings\n"},
            {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        ),
        (
            {"runtests.py": "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"},
            {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        ),
        (
            {
                "testproject/manage.py": "environ.setdefault(\n 'DJANGO_SETTINGS_MODULE', 'site.settings')\n",
                "testproject/site/settings/__init__.py": "",
            },
            {"DJANGO_SETTINGS_MODULE": "site.settings", "PYTHONPATH": "/testbed/testproject"},
        ),
        (
            {"runtests.py": "os.environ['DJANGO_SETTINGS_MODULE'] = 'elsewhere.settings'\n"},
            {},
        ),
    ],
    ids=["tox", "make", "option", "runtests", "manage in a folder", "not in the tree"],
)
def test_the_settings_module_by_rule(files: dict[str, str], env: dict[str, str]) -> None:
    found = declared(PROJECT | files)
    assert found.env == env
    assert ("pytest-django" in texts(found)) == bool(env)
    if env:
        evidence = next(i for i in found.evidence if i.choice == "variable DJANGO_SETTINGS_MODULE")
        assert evidence.file and evidence.line


def test_a_suite_that_configures_itself_gets_the_plug_in_for_its_database_only() -> None:
    setup = {"conftest.py": "import django\ndef pytest_configure():\n    django.setup()\n"}
    found = declared(
        PROJECT | setup | {"runtests.py": "environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'"}
    )
    assert (found.env, texts(found)) == ({}, ["pytest", "pytest-django"])
    own = {"conftest.py": setup["conftest.py"] + "    setup_databases()\n"}
    assert texts(declared(PROJECT | own)) == ["pytest"]


def test_a_suite_that_pytest_knows_the_settings_of_needs_the_plug_in() -> None:
    found = declared(PROJECT | {"pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = tests.settings\n"})
    assert (found.env, texts(found)) == ({}, ["pytest-django", "pytest"])


def test_a_project_without_django_gets_nothing() -> None:
    files = PROJECT | {"setup.py": "from setuptools import setup\nsetup(name='x')\n"}
    found = declared(files | {"Makefile": "test:\n\tDJANGO_SETTINGS_MODULE=tests.settings pytest\n"})
    assert (found.env, texts(found)) == ({}, ["pytest"])


def case(declaration: Declaration, log: str) -> Case:
    index = MemoryIndex({"pytest-django": {"4.5": "2021-12-01"}})
    return Case(declaration, Symptoms(phase="tests", log=log, report=None, cutoff=WHEN, index=index))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "log",
    [
        "django.core.exceptions.ImproperlyConfigured: Requested setting X, but settings are not configured.",
        "django.core.exceptions.AppRegistryNotReady: Apps aren't loaded yet.",
        "ModuleNotFoundError: No module named 'testing.settings'",
    ],
)
def test_a_guess_is_tried_when_settings_are_missing(log: str) -> None:
    files = {**PROJECT, "tests/settings.py": "", "testing/settings.py": ""}
    found = declared({path: text for path, text in files.items() if path != "testing/settings.py"})
    assert found.env == {}
    assert found.suggested_env == {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    change = settings_module(case(found, log))
    assert change is not None
    declaration, words, evidence = change
    assert declaration.env["DJANGO_SETTINGS_MODULE"] == "tests.settings"
    assert ("PYTHONPATH" in declaration.env) == ("No module" in log)
    assert "pytest-django" in texts(declaration)
    assert "pytest-django" in words and "tests.settings" in words
    assert evidence.text in log
    assert settings_module(case(declaration, log)) is None, "once"


@pytest.mark.parametrize("log", ["E   assert 1 == 2", "No module named 'app.settings'", "no such table: x"])
def test_other_symptoms_are_left_alone(log: str) -> None:
    assert settings_module(case(declared({"setup.py": "setup(name='x')"}), log)) is None


def test_a_missing_table_asks_for_the_plug_in() -> None:
    found = declared({"setup.py": "setup(name='x')"})
    change = settings_module(case(found, "django.db.utils.OperationalError: no such table: app_a"))
    assert change is not None
    assert "pytest-django" in texts(change[0])
    assert change[0].env == {}
