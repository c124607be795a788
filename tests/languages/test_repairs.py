"""Every entry of the table of repairs: symptom in, one change out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envfactory.languages import python
from envfactory.languages.declaration import Declaration, Repair, Requirement, Symptoms
from envfactory.languages.python_rules.repairs import ENTRIES
from envfactory.records import Evidence, Outcome, TestReport, TestResult
from tests.languages.trees import MemoryIndex, MemoryTree

CUTOFF = datetime(2021, 6, 1, tzinfo=UTC)
DAY = "2020-01-01"
INDEX = MemoryIndex(
    {name: {"1.0": DAY} for name in ("pyyaml", "lxml", "python-magic", "mock", "numpy", "attrs")}
    | {"future-thing": {"1.0": "2024-01-01"}}
    | {"ahead": {"1.0": DAY, "2.0.0rc2": DAY, "2.0.0rc1": DAY}, "done": {"1.0rc1": DAY, "1.0": DAY}}
)
PACKAGES = {
    ("header", "libxml/xpath.h"): "libxml2-dev",
    ("pkg-config", "libffi"): "libffi-dev",
    ("library", "pq"): "libpq-dev",
    ("shared", "libgomp.so.1"): "libgomp1",
    ("command", "hg"): "mercurial",
    ("package", "libjpeg8-dev"): "libjpeg-dev",
    ("package", "graphviz"): "graphviz",
    ("package", "python3-dev"): "python3-dev",
    ("package", "postgresql"): "postgresql",
}
DECLARATION = Declaration(language="python", name="mine", interpreters=("3.9", "3.8", "3.7", "3.10"))


def repaired(
    log: str = "",
    *,
    skips: tuple[str, ...] = (),
    declaration: Declaration = DECLARATION,
    phase: str = "tests",
    reason: str = "",
) -> Repair | None:
    results = {f"t::{n}": TestResult(outcome=Outcome.SKIPPED, message=text) for n, text in enumerate(skips)}
    report = TestReport(image_id="i", state="after", results=results) if phase == "tests" else None
    symptoms = Symptoms(phase, log, report, CUTOFF, INDEX, lookup, reason=reason)  # type: ignore[arg-type]
    return python.repair(declaration, symptoms)


def lookup(kind: str, name: str) -> str:
    return PACKAGES.get((kind, name), "")


@pytest.mark.parametrize(
    ("log", "change"),
    [
        ("ModuleNotFoundError: No module named 'yaml'", "add requirement pyyaml"),
        ("E   No module named 'lxml.html'", "add requirement lxml"),
        ("No module named 'yaml'\nNo module named 'lxml'", "add requirement lxml pyyaml"),
        ("No module named 'magic'", "add requirement python-magic"),
        ("No module named 'pkg_resources'", "add requirement setuptools<81"),
        ("No module named 'distutils.core'", "add requirement setuptools"),
        ("fixture 'mocker' not found", "add requirement pytest-mock"),
        ("fixture 'tmp_path' not found", "pytest>=3.9"),
        ("error: unrecognized arguments: --cov=x --timeout=3", "add requirement pytest-cov pytest-timeout"),
        ("ERROR: Missing required plugins: pytest-foo, pytest-bar", "add requirement pytest-bar pytest-foo"),
        ("'asyncio' not found in `markers` configuration option", "add requirement pytest-asyncio"),
        ("async def functions are not natively supported.", "add requirement pytest-asyncio"),
        ("requires pytest-6.2, actual pytest-5.4", "pytest>=6.2"),
        ("E  pytest.PytestRemovedIn8Warning: x", "pytest<8"),
        ("yield tests were removed in pytest 4.0", "pytest<4"),
        ("module 'pytest' has no attribute 'config'", "pytest<5"),
        ("AttributeError: module 'fractions' has no attribute 'gcd'", "interpreter 3.8"),
        ("ImportError: cannot import name 'ParamSpec' from 'typing'", "interpreter 3.10"),
        ("unsupported operand type(s) for |: 'type' and 'NoneType'", "interpreter 3.10"),
        ("No module named 'tomllib'", "interpreter 3.10"),
        ("    match x:\n        ^\nSyntaxError: invalid syntax", "interpreter 3.10"),
        ("fatal error: libxml/xpath.h: No such file or directory", "add package libxml2-dev"),
        ("Package 'libffi', required by 'virtual:world', not found", "add package libffi-dev"),
        ("/usr/bin/ld: cannot find -lpq", "add package libpq-dev"),
        ("OSError: libgomp.so.1: cannot open shared object file", "add package libgomp1"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'hg'", "add package mercurial"),
        ("locale.Error: unsupported locale setting", "add package locales-all"),
        ("jupyter_client.kernelspec.NoSuchKernel: No such kernel named python3", "add requirement ipykernel"),
        ("ZoneInfoNotFoundError: 'No time zone found with key Europe/Rome'", "add requirement tzdata"),
    ],
)
def test_table(log: str, change: str) -> None:
    found = repaired(log)
    assert found is not None
    assert found.change == change
    assert found.declaration.repairs == (change,)
    assert found.declaration != DECLARATION


@pytest.mark.parametrize(
    "log",
    [
        "",
        "AssertionError: 1 == 2",
        "No module named 'mine.part'",
        "No module named 'future_thing'",
        "No module named 'win32api'",
        "fixture 'my_own' not found",
        "SyntaxError: Missing parentheses in call to 'print'",
        "FileNotFoundError: [Errno 2] No such file or directory: 'data.json'",
    ],
)
def test_nothing_fits(log: str) -> None:
    assert repaired(log) is None


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("could not import 'numpy': No module named 'numpy'", "add requirement numpy"),
        ("lxml not installed", "add requirement lxml"),
        ("requires numpy", "add requirement numpy"),
        ("`numpy` is not available", "add requirement numpy"),
        ("requires numpy with complex support", "add requirement numpy"),
        ("requires numpy >= 1.8", "add requirement numpy"),
        ("v3 api is not available", None),
        ("Required packages not available", None),
        ("requires python >= 3.8", None),
        ("requires windows", None),
        ("needs network", None),
        ("not implemented yet", None),
    ],
)
def test_skip_reasons(reason: str, change: str | None) -> None:
    found = repaired(skips=(reason,))
    assert (found.change if found else None) == change


def test_a_repair_is_not_repeated_and_the_chain_ends() -> None:
    declaration, changes = DECLARATION, []
    log = "No module named 'yaml'\nfixture 'mocker' not found\nmodule 'fractions' has no attribute 'gcd'"
    while (found := repaired(log, declaration=declaration)) is not None:
        changes.append(found.change)
        declaration = found.declaration
        assert len(changes) < 10
    assert changes == ["add requirement pytest-mock", "interpreter 3.8", "add requirement pyyaml"]


def test_the_interpreter_that_a_part_excludes() -> None:
    found = repaired("x requires a different Python: 3.9.1 not in '<3.9'", phase="build")
    assert found is not None
    assert found.change == "interpreter 3.8"


def test_what_cannot_be_built_is_done_without() -> None:
    evidence = Evidence(choice="requirement", value="")
    items = [
        Requirement(text=text, group="test", mandatory=text == "pytest", evidence=evidence)
        for text in ("gdal>=2", "six", "pytest")
    ]
    metadata = {"": (), "test": ("lxml", "mock"), "fast": ("numpy",)}
    declaration = DECLARATION.model_copy(
        update={"requirements": tuple(items), "extras": ("test", "fast"), "metadata": metadata}
    )
    log = "error: Failed to build `gdal==2.2`\nFailed to build `lxml==4`\nFailed to build `pytest==3`"
    found = repaired(log, declaration=declaration, phase="build")
    assert found is not None
    assert [item.text for item in found.declaration.requirements] == ["six", "pytest", "mock"]
    assert found.declaration.extras == ("fast",)
    assert repaired(log, declaration=found.declaration, phase="build") is None


def test_what_maintainers_install_is_tried_once() -> None:
    suggested = ("libjpeg8-dev", "graphviz", "python3-dev", "postgresql", "unknown-dev", "git")
    declaration = DECLARATION.model_copy(update={"suggested_packages": suggested})
    found = repaired("error: something else broke", declaration=declaration, phase="build")
    assert found is not None
    assert found.declaration.system_packages == ("graphviz", "libjpeg-dev")
    assert found.change == "add package graphviz libjpeg-dev"
    assert repaired("error: something else broke", declaration=found.declaration, phase="build") is None


def test_what_the_log_asks_for_comes_before_suggestions() -> None:
    declaration = DECLARATION.model_copy(update={"suggested_packages": ("graphviz",)})
    found = repaired("/usr/bin/ld: cannot find -lpq", declaration=declaration)
    assert found is not None
    assert found.declaration.system_packages == ("libpq-dev",)


def test_every_entry_says_its_symptom() -> None:
    assert all(entry.__doc__ for entry in ENTRIES)


def test_a_build_that_fails_gets_its_tools_then_another_way_then_none() -> None:
    native = DECLARATION.model_copy(update={"native": True, "ways_tried": 0})
    log = "OSError: C source not found. You must have Cython installed to build"
    first = repaired(log, declaration=native, phase="build", reason="project_does_not_build")
    assert first is not None and first.change == "build with cython"
    second = repaired(log, declaration=first.declaration, phase="build", reason="project_does_not_build")
    assert second is not None and second.declaration.ways_tried == 1
    third = repaired("x", declaration=second.declaration, phase="build", reason="project_does_not_build")
    assert third is not None and third.declaration.ways_tried == 2
    last = repaired("x", declaration=third.declaration, phase="build", reason="project_does_not_build")
    assert last is not None and last.change == "put on the import path only"
    again = repaired("x", declaration=last.declaration, phase="build", reason="project_does_not_build")
    assert again is None


def test_headers_of_the_interpreter_are_shown_to_a_build_that_looks_in_the_environment() -> None:
    log = "_configtest.c:1:10: fatal error: Python.h: No such file or directory"
    found = repaired(log, phase="build", reason="project_does_not_build")
    assert found is not None and found.change.startswith("set C_INCLUDE_PATH=/opt/python/")
    version = found.declaration.interpreters[0]
    assert f"/opt/python/{version}/include/python{version}:" in found.declaration.env["C_INCLUDE_PATH"]
    again = repaired(log, phase="build", reason="project_does_not_build", declaration=found.declaration)
    assert again is None or "C_INCLUDE_PATH" not in again.change


def test_what_else_a_module_needs_to_be_collected_comes_with_the_first_that_it_lacks() -> None:
    tree = MemoryTree({"test_a.py": "import yaml\nimport lxml\nimport mock\nimport attr\n"})
    report = TestReport(
        image_id="i",
        state="after",
        results={},
        collection_errors={"test_a.py": "ModuleNotFoundError: No module named 'yaml'"},
    )

    def found(declaration: Declaration) -> Repair | None:
        symptoms = Symptoms(
            "tests",
            "",
            report,
            CUTOFF,
            INDEX,  # type: ignore[arg-type]
            sources=tree,  # type: ignore[arg-type]
            installed=frozenset({"mock"}),
        )
        return python.repair(declaration, symptoms)

    repair = found(DECLARATION)
    assert repair is not None and repair.change == "add requirement attrs lxml pyyaml"
    assert {item.text: item.evidence.text for item in repair.declaration.requirements} == {
        "attrs": "imported before tests are collected: attr",
        "lxml": "imported before tests are collected: lxml",
        "pyyaml": "No module named yaml",
    }
    again = found(repair.declaration)
    assert again is None or not again.change.startswith("add requirement")


@pytest.mark.parametrize(
    ("words", "change"),
    [
        (
            "cannot import name 'Var' from 'ahead.local' (/opt/env/lib/site-packages/ahead/local.py)",
            "ahead>=2.0.0rc2",
        ),
        ("cannot import name 'Var' from 'done' (/opt/env/lib/site-packages/done/__init__.py)", None),
        ("cannot import name 'Var' from 'ahead.local' (/testbed/ahead/local.py)", None),
    ],
)
def test_a_pre_release_that_was_out_may_have_what_the_last_release_lacks(
    words: str, change: str | None
) -> None:
    found = repaired(f"E   ImportError: {words}")
    assert (found.change if found else None) == change
    if found is not None:
        again = repaired(f"E   ImportError: {words}", declaration=found.declaration)
        assert again is None or again.change != change
