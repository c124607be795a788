"""Repairs of the runner's options, of the import path and of dependencies that removed something."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envfactory.languages import python
from envfactory.languages.declaration import Declaration, Repair, Requirement, Symptoms
from envfactory.languages.python_rules.names import name_of
from envfactory.languages.python_rules.version_bounds import PLUGINS, REMOVED
from envfactory.records import Evidence, Outcome, TestReport, TestResult
from tests.languages.trees import MemoryIndex

CUTOFF = datetime(2021, 6, 1, tzinfo=UTC)
INDEX = MemoryIndex({name: {"1.0": "2020-01-01"} for name in ("pip", "virtualenv", "numpy")})
DECLARATION = Declaration(language="python", name="mine", interpreters=("3.9", "3.8", "3.10"))


def asking_for(*texts: str) -> Declaration:
    items = tuple(
        Requirement(text=text, group="test", evidence=Evidence(choice="requirement", value=text))
        for text in texts
    )
    return DECLARATION.model_copy(update={"requirements": items})


def repaired(*messages: str, declaration: Declaration = DECLARATION, log: str = "") -> Repair | None:
    results = {
        f"t.py::test_{n}": TestResult(outcome=Outcome.FAILED, message=text) for n, text in enumerate(messages)
    }
    report = TestReport(image_id="i", state="after", results=results)
    return python.repair(declaration, Symptoms("tests", log, report, CUTOFF, INDEX))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("ModuleNotFoundError: No module named 'tests'", "set PYTHONPATH=/testbed"),
        ("ModuleNotFoundError: No module named 'tests.support'", "set PYTHONPATH=/testbed"),
        ("ModuleNotFoundError: No module named 'mine'", "set PYTHONPATH=/testbed:/testbed/src"),
        ("import file mismatch:", "run with --import-mode=importlib"),
        ("_pytest.pathlib.ImportPathMismatchError: ('conftest', ...)", "run with --import-mode=importlib"),
        ("/opt/env/bin/python: No module named pip", "add requirement pip"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'pip'", "add requirement pip"),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/opt/env/bin/virtualenv'",
            "add requirement virtualenv",
        ),
        ("E   DeprecationWarning: pkg_resources is deprecated", "run with -W default::DeprecationWarning"),
        ("AttributeError: `np.float_` was removed in the NumPy 2.0 release.", "numpy<2"),
        ("ImportError: cannot import name 'escape' from 'jinja2' (/x.py)", "jinja2<3.1"),
        ("AttributeError: 'SubRequest' object has no attribute 'funcargnames'", "pytest<6"),
        ("TypeError: fail() got an unexpected keyword argument 'msg'", "pytest<8"),
        ("PluginValidationError: unknown hook 'pytest_namespace' in plugin <x>", "pytest<4"),
    ],
)
def test_table(message: str, change: str) -> None:
    found = repaired(message)
    assert found is not None
    assert found.change == change
    assert repaired(message, declaration=found.declaration) != found


def test_the_project_itself_is_never_bounded() -> None:
    declaration = DECLARATION.model_copy(update={"name": "numpy"})
    assert repaired("was removed in the NumPy 2.0 release", declaration=declaration) is None


def test_a_bound_takes_the_place_of_what_was_asked_for() -> None:
    found = repaired("was removed in the NumPy 2.0 release", declaration=asking_for("numpy>=2", "six"))
    assert found is not None
    assert [(item.text, item.mandatory) for item in found.declaration.requirements] == [
        ("six", True),
        ("numpy<2", True),
    ]


def test_the_asynchronous_plug_in_gets_its_mode_before_it_is_missed() -> None:
    message = "async def functions are not natively supported."
    first = repaired(message)
    assert first is not None and first.change == "add requirement pytest-asyncio"
    second = repaired(message, declaration=first.declaration)
    assert second is not None and second.declaration.test_args == ("-o", "asyncio_mode=auto")
    assert repaired(message, declaration=second.declaration) is None


def test_a_plug_in_is_bounded_only_where_it_is_used() -> None:
    message = "fixture 'event_loop' not found"
    found = repaired(message)
    assert found is not None and found.change == "add requirement pytest-asyncio"
    found = repaired(message, declaration=asking_for("pytest-asyncio"))
    assert found is not None and found.change == "pytest-asyncio<1"


def test_a_mismatch_that_another_mode_does_not_cure_is_ignored() -> None:
    declaration = DECLARATION.model_copy(update={"test_args": ("--import-mode=importlib",)})
    found = repaired("import file mismatch:", declaration=declaration)
    assert found is not None and found.declaration.env == {"PY_IGNORE_IMPORTMISMATCH": "1"}


def test_few_warnings_are_no_reason_to_change_the_filters() -> None:
    assert repaired("DeprecationWarning: x", "assert 1 == 2", "assert 2 == 3") is None


def test_what_was_on_the_path_stays_first() -> None:
    declaration = DECLARATION.model_copy(update={"env": {"PYTHONPATH": "/testbed/lib"}, "project_dir": "sub"})
    found = repaired("No module named 'tests'", declaration=declaration)
    assert found is not None
    assert found.declaration.env["PYTHONPATH"] == "/testbed/lib:/testbed:/testbed/sub"


def test_the_maintainers_variables_come_last() -> None:
    declaration = DECLARATION.model_copy(update={"suggested_env": {"APP_ENV": "testing"}})
    found = repaired("assert None == 'testing'", declaration=declaration)
    assert found is not None and found.declaration.env == {"APP_ENV": "testing"}
    assert repaired("assert None == 'testing'", declaration=found.declaration) is None


@pytest.mark.parametrize(("pattern", "text"), [*PLUGINS, *REMOVED])
def test_bounds_are_upper_bounds_of_one_distribution(pattern: str, text: str) -> None:
    assert pattern
    assert text.startswith(f"{name_of(text)}<")


@pytest.mark.parametrize(
    "log",
    [
        "pytest.py: error: unrecognized arguments: --continue-on-collection-errors -o tests/test_x.py",
        "AttributeError: module 'pytest' has no attribute 'hookimpl'",
        "AttributeError: 'module' object has no attribute 'hookimpl'",
    ],
)
def test_a_pin_on_pytest_2_is_lifted(log: str) -> None:
    found = repaired(declaration=asking_for("pytest==2.9.1"), log=log)
    assert found is not None
    assert [item.text for item in found.declaration.requirements] == ["pytest>=3.0.7,<3.3"]
