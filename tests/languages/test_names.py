"""Requirements in today's and yesterday's notation."""

from __future__ import annotations

import pytest

from envfactory.languages.python_rules.names import name_of, parse, released_name
from envfactory.languages.python_rules.pyproject import caret, python_marker


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pytz (>=2011k)", None),
        ("six (>=1.9,<2)", "six<2,>=1.9"),
        ("six=1.9", "six==1.9"),
        ("six>=1.*", "six>=1"),
        ("six >= 1.9,", "six>=1.9"),
        ("six; python_version < '3'", 'six; python_version < "3"'),
        ("-e .", None),
        ("./local", None),
        ("", None),
    ],
)
def test_parse(text: str, expected: str | None) -> None:
    found = parse(text)
    assert (str(found) if found is not None else None) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("git+https://host.invalid/u/thing.git", "thing"),
        ("git+https://host.invalid/u/thing.git@v1#egg=Thing", "Thing"),
        ("git+git://host.invalid/u/thing@main", "thing"),
        ("https://host.invalid/u/thing/archive/master.tar.gz", "thing"),
        (
            "thing[extra] @ git+https://host.invalid/u/thing ; python_version > '3'",
            "thing[extra] ; python_version > '3'",
        ),
        ("six>=1", None),
    ],
)
def test_version_control_becomes_a_release(text: str, name: str | None) -> None:
    assert released_name(text) == name


def test_name_of() -> None:
    assert name_of(" Zope.Interface[x]>=1") == "zope-interface"
    assert name_of("-e .") == ""


@pytest.mark.parametrize(
    ("poetry", "expected"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0", ">=0,<1"),
        ("~1.2", ">=1.2,<1.3"),
        ("~2", ">=2,<3"),
        ("*", ""),
        ("1.2", "==1.2"),
        (">=1,<2", ">=1,<2"),
        (">=1 <2", ">=1,<2"),
        ("~2.7 || ^3.5", ">=3.5,<4"),
    ],
)
def test_caret(poetry: str, expected: str) -> None:
    assert caret(poetry) == expected


def test_python_marker() -> None:
    assert python_marker("~2.7") == 'python_full_version >= "2.7" and python_full_version < "2.8"'
    assert " or " in python_marker("~2.7 || ^3.4")
