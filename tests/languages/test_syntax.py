"""Parsing from many threads at once."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import envfactory
from envfactory.languages.python_rules.syntax import parse


@pytest.fixture
def interrupted() -> Iterator[None]:
    """Threads take turns whenever garbage is collected, which a parser's allocations start."""

    def pause(phase: str, info: object) -> None:
        time.sleep(0.0001)

    before = gc.get_threshold()
    gc.callbacks.append(pause)
    gc.set_threshold(100)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(pause)


@pytest.mark.usefixtures("interrupted")
def test_many_threads_parse_at_once() -> None:
    sources = ["(" * depth + "x" + ")" * depth + "\ny = [lambda: [1, [2]]]\n" * 9 for depth in range(40)]
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(parse, sources))


def test_bytes_and_what_cannot_be_parsed() -> None:
    assert parse(b"# coding: latin-1\nx = '\xe9'\n") is not None
    assert parse(None) is None
    assert parse("print 'two'") is None
    assert parse(b"\x00") is None


def test_nothing_else_parses() -> None:
    root = Path(envfactory.__file__).parent
    callers = [path.name for path in root.rglob("*.py") if "ast.parse(" in path.read_text(encoding="utf-8")]
    assert callers == ["syntax.py"]
