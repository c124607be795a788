"""Writes a module of tests whose outcomes are known beforehand, under names that nobody can guess.

    made = write(("function", "unittest"), ["tests/test_x.py"])
    made["path"], made["source"], made["expected"] {id: word}, made["kinds"] {id: kind}
    wrong(made, outcomes)   evidence: one line per canary that did not do what it must

Standard library only, Python 3.6 syntax: this file is shipped verbatim in every bundle.
"""

# ruff: noqa: UP006, UP032, UP035, UP045
import secrets
from typing import Any, Dict, List, Mapping, Optional, Sequence

FUNCTION, CASE = "function", "unittest"
MISSING = "missing"


def write(kinds: Sequence[str], modules: Sequence[str]) -> Optional[Dict[str, Any]]:
    """A canary module for the folder of the last of ``modules``, or ``None`` where none fits."""
    python = [module for module in modules if module.endswith(".py")]
    known = [kind for kind in kinds if kind in (FUNCTION, CASE)]
    if not known or not python:
        return None
    folder, slash, _ = python[-1].rpartition("/")
    path = "{}{}test_{}.py".format(folder, slash, _word())
    lines = ["import unittest", ""]
    expected = {}  # type: Dict[str, str]
    owner = {}  # type: Dict[str, str]
    for kind in known:
        good, bad, case = "test_" + _word(), "test_" + _word(), "Test" + _word().title()
        lines += _case(case, good, bad) if kind == CASE else _functions(good, bad)
        prefix = path + "::" + (case + "::" if kind == CASE else "")
        expected.update({prefix + good: "passed", prefix + bad: "failed"})
        owner.update({prefix + good: kind, prefix + bad: kind})
    return {"path": path, "source": "\n".join(lines).encode(), "expected": expected, "kinds": owner}


def wrong(made: Mapping[str, Any], outcomes: Mapping[str, str]) -> List[str]:
    """One line of evidence per canary that did not do what it must."""
    found = []
    for name, must in made["expected"].items():
        was = outcomes.get(name, MISSING)
        if was != must:
            found.append("canary:{}: must be {}, was {}".format(made["kinds"][name], must, was))
    return found


def _functions(good: str, bad: str) -> List[str]:
    value = secrets.randbelow(10**6)
    return [
        "def {}():".format(good),
        "    assert {} + 1 == {}".format(value, value + 1),
        "",
        "def {}():".format(bad),
        "    assert {} + 1 == {}".format(value, value),
        "",
    ]


def _case(case: str, good: str, bad: str) -> List[str]:
    value = secrets.randbelow(10**6)
    return [
        "class {}(unittest.TestCase):".format(case),
        "    def {}(self):".format(good),
        "        self.assertEqual({} + 1, {})".format(value, value + 1),
        "    def {}(self):".format(bad),
        "        self.assertEqual({} + 1, {})".format(value, value),
        "",
    ]


def _word() -> str:
    """A pronounceable name that no rule tells from a real one."""
    return "".join(secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(5))
