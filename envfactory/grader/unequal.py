"""Texts of expressions that are unequal to what another one is equal to, and of the same type.

A value of another type would do for honest programs.  An object that is forged to equal everything of the
right type, though, fails such a test as if it were honest.  Works on text; runs nothing.
"""

from __future__ import annotations

import ast
import secrets

from envfactory.languages.python_rules.syntax import parse

SMALL = 1 << 31
"""Whole numbers below are written out; larger ones are computed."""


def unequal(told: bytes) -> bytes:
    """An expression for the place of ``told``; whatever ``told`` is, both are unequal."""
    value = _literal(told)
    if type(value) is int and abs(value) < SMALL:
        return b"(%d)" % (value + 1 + secrets.randbelow(9))
    if type(value) is str and "\n" not in value:
        cut = secrets.randbelow(len(value) + 1)
        return repr(value[:cut] + secrets.choice("abcdefgh") + value[cut:]).encode()
    return _computed(told)


def _computed(told: bytes) -> bytes:
    """Text, bytes, whole numbers, truth values and plain collections become others of their type, and
    everything else a pair.  No element that is added can be there already: the sizes differ."""
    more = secrets.randbelow(100)
    letter = secrets.choice("abcdefgh")
    name = secrets.choice(("_v", "_x", "_it", "_value"))
    ways = (
        f"{name} + {letter!r} if type({name}) is str else "
        f"{name} + b{letter!r} if type({name}) is bytes else "
        f"{name} + {1 + more} if type({name}) is int else "
        f"not {name} if type({name}) is bool else "
        f"[*{name}, {more}] if type({name}) is list else "
        f"(*{name}, {more}) if type({name}) is tuple else "
        f"({name}, {more})"
    )
    return f"(lambda {name}: {ways})(".encode() + told + b")"


def _literal(told: bytes) -> object:
    """The value of a literal; ``None`` for anything else."""
    module = parse(told.strip())
    if module is None or len(module.body) != 1 or not isinstance(module.body[0], ast.Expr):
        return None
    try:
        value: object = ast.literal_eval(module.body[0].value)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None
    return value
