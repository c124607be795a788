"""Notices when the test runner itself is changed while it runs the tests.

What a patch would bend to make tests pass is a function of ``pytest``, ``pluggy``, ``unittest`` or a
built-in.  All of them are remembered before any code of the repository is imported, and compared when
collection ends, every now and then between tests, and at the end.  Sees only what is still bent then,
and never says why; suites that bend their runner honestly do so in the gold run, too.

Standard library only, Python 3.6 syntax.  PYTEST_DONT_REWRITE
"""

# ruff: noqa: UP006, UP035
import builtins
import os
import sys
import types
import unittest  # noqa: F401  # what canary cases are made of, so that it is watched
from typing import Any, Dict, Iterator, List, Tuple

PACKAGES = ("pytest", "_pytest", "pluggy", "unittest")
SAMPLE = 24
"""Functions compared between two tests; all of them would cost 2 ms each time."""
SHOWN = 8


class Watch:
    """The functions of the runner as they were when this was made."""

    def __init__(self) -> None:
        self._random, self._vars = os.urandom, vars
        self._known = list(_functions())
        self._told: List[str] = []

    def __len__(self) -> int:
        return len(self._known)

    def altered(self, whole: bool = True) -> List[str]:
        """Names of functions that are not what they were, each told once; of a random sample, or all."""
        found = []
        for owner, name, told, value, code in self._known if whole else self._sample():
            now = self._vars(owner).get(name)
            if now is value and getattr(_plain(now), "__code__", None) is code:
                continue
            if told not in self._told:
                found.append(told)
        self._told += found
        return found[:SHOWN]

    def _sample(self) -> Iterator[Any]:
        size = len(self._known)
        for _ in range(SAMPLE):
            yield self._known[int.from_bytes(self._random(4), "little") % size]


def _functions() -> Iterator[Tuple[Any, str, str, Any, Any]]:
    """(owner, attribute, full name, value, code) of everything worth watching."""
    for name, value in sorted(vars(builtins).items()):
        if not name.startswith("_"):
            yield builtins, name, "builtins." + name, value, None
    for title, module in sorted(sys.modules.items()):
        if title.partition(".")[0] in PACKAGES and isinstance(module, types.ModuleType):
            yield from _of_module(title, module)


def _of_module(title: str, module: Any) -> Iterator[Tuple[Any, str, str, Any, Any]]:
    own: Dict[str, Any] = dict(vars(module))
    for name, value in own.items():
        code = getattr(value, "__code__", None)
        if code is not None:
            yield module, name, title + "." + name, value, code
        elif isinstance(value, type) and value.__module__ == title:
            yield module, name, title + "." + name, value, None
            for attribute, member in list(vars(value).items()):
                code = getattr(_plain(member), "__code__", None)
                if code is not None:
                    yield value, attribute, ".".join((title, name, attribute)), member, code


def _plain(member: Any) -> Any:
    """The function inside a method or property."""
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", member)
