"""The runner's tables of shared files stay those of the gold run; the rest is the patch's."""

from __future__ import annotations

import tomllib

import pytest

from envfactory.grader import protected
from envfactory.grader.protected import is_shared, shared_paths, splice

GOLD = b"""[project]
name = "x"
[tool.pytest.ini_options]
addopts = "-q"
filterwarnings = [
    "error",
]
[tool.other]
a = 1
"""


def test_other_tables_are_the_patchs() -> None:
    mine = GOLD.replace(b'name = "x"', b'name = "y"').replace(b"a = 1", b"a = 2")
    assert splice("pyproject.toml", mine, GOLD) == mine


@pytest.mark.parametrize(
    "mine",
    [
        GOLD.replace(b'"-q"', b'"-p evil"'),
        GOLD.replace(b"[tool.pytest.ini_options]", b"[tool.pytest.ini_options2]"),
        GOLD.replace(b"[tool.pytest.ini_options]", b'[ "tool" . pytest . "ini_options" ]').replace(
            b"-q", b"-x"
        ),
        GOLD.replace(
            b'[tool.pytest.ini_options]\naddopts = "-q"', b'[tool]\npytest.ini_options.addopts = "-x"'
        ),
        b'tool.pytest.ini_options.addopts = "-x"\n' + GOLD,
        b"not = toml = at all",
        b"\xff\xfe",
        b"",
        None,
        b"[project]\nname = 'x'",
    ],
)
def test_the_runners_table_is_the_gold_runs(mine: bytes | None) -> None:
    result = tomllib.loads(splice("sub/pyproject.toml", mine, GOLD).decode())
    assert result["tool"]["pytest"] == tomllib.loads(GOLD.decode())["tool"]["pytest"]


def test_a_new_table_is_removed() -> None:
    gold = b"[project]\nname = 'x'\n"
    mine = b"[tool.pytest.ini_options]\naddopts = '-x'\n[project]\nname = 'z'\n"
    assert splice("pyproject.toml", mine, gold) == b"[project]\nname = 'z'\n"


def test_without_a_toml_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter of an image may be older than tomllib."""
    monkeypatch.setattr(protected, "tomllib", None)
    mine = GOLD.replace(b'"-q"', b'"-p evil"').replace(b"a = 1", b"a = 2")
    spliced = tomllib.loads(splice("pyproject.toml", mine, GOLD).decode())["tool"]
    assert (spliced["pytest"]["ini_options"]["addopts"], spliced["other"]["a"]) == ("-q", 2)


@pytest.mark.parametrize("name, table", [("setup.cfg", "tool:pytest"), ("tox.ini", "pytest")])
def test_ini(name: str, table: str) -> None:
    gold = f"[metadata]\nname = x\n[{table}]\naddopts = -q\n".encode()
    mine = f"[metadata]\nname = y\n[{table}]\naddopts = -x\n[other]\nb = 1".encode()
    assert (
        splice(name, mine, gold)
        == f"[metadata]\nname = y\n[other]\nb = 1\n[{table}]\naddopts = -q\n".encode()
    )


def test_shared_paths() -> None:
    there = {"pyproject.toml", "pkg/setup.cfg", "other/tox.ini", "pkg/tests/tox.ini"}
    assert shared_paths(there.__contains__, ["pkg/tests/test_a.py"]) == [
        "pyproject.toml",
        "pkg/setup.cfg",
        "pkg/tests/tox.ini",
    ]
    assert is_shared("a/b/tox.ini") and not is_shared("a/tox.ini/b")
