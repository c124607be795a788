"""Equal variants are equal programs, mutants are other ones, and neither is made in doubt."""

from __future__ import annotations

import ast
import dis
import importlib.util
from collections import Counter
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envfactory.languages import LANGUAGES
from envfactory.languages.changed_source import ChangedSource
from envfactory.languages.python_oracle.comparison import behaviour, fingerprint, statements
from envfactory.languages.python_oracle.mutation import mutants
from envfactory.languages.python_oracle.renaming import SUFFIX

VARIANTS = LANGUAGES["python"].EQUAL_VARIANTS
CORPUS = ("textwrap", "shlex", "fractions", "string", "heapq", "configparser", "json.encoder", "statistics")


def text_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


def source(text: str, *lines: int, toolchain: str = "3.11", tests: str = "") -> ChangedSource:
    """A file whose lines, or these of them, the gold patch adds."""
    added = frozenset(lines or range(1, text.count("\n") + 2))
    return ChangedSource("m.py", text, (added,), toolchain, (tests,))


def code_form(code: CodeType) -> Any:
    """What is left of compiled code without positions and the marks of renaming."""
    done = [
        (step.opname, None if "JUMP" in step.opname else plain(step.argval))
        for step in dis.get_instructions(code)
    ]
    return code.co_name, sorted(done, key=repr) if code.co_name == "<module>" else done


def plain(value: Any) -> Any:
    if isinstance(value, CodeType):
        return code_form(value)
    if isinstance(value, str):
        return value.removesuffix(SUFFIX)
    return repr(value) if not isinstance(value, tuple) else tuple(map(plain, value))


def program(text: str) -> Any:
    """Compiled as if all were on one line: compilers look at the layout for what they do about lines."""
    module = ast.parse(text)
    for node in ast.walk(module):
        for name in ("lineno", "end_lineno", "col_offset", "end_col_offset"):
            if hasattr(node, name):
                setattr(node, name, 1)
    return code_form(compile(module, "m.py", "exec"))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(CORPUS), st.sampled_from(sorted(VARIANTS)), st.data())
def test_a_variant_is_the_same_program(module: str, name: str, data: st.DataObject) -> None:
    text = text_of(module)
    lines = data.draw(st.sets(st.integers(1, text.count("\n")), min_size=1, max_size=30))
    made = VARIANTS[name](source(text, *lines))
    if made is not None:
        assert made != text
        assert program(made) == program(text)
        assert Counter(docstrings(made)) == Counter(docstrings(text))


def docstrings(text: str) -> list[str | None]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        ast.get_docstring(node, clean=False) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)
    ]


def test_every_kind_of_variant_is_made_of_some_file() -> None:
    made = {name for name, rewritten in VARIANTS.items() for m in CORPUS if rewritten(source(text_of(m)))}
    assert made == set(VARIANTS)


RENAMED = {
    "def f(a):\n    x = a\n    return x\n": {"x"},
    "def f(a):\n    for x, y in a:\n        a = x\n    return a, y\n": {"x", "y"},
    "def f(a):\n    with a as x:\n        x += 1\n    return g(x=x)\n": {"x"},
    "class C:\n    @property\n    def f(self):\n        x = self.x\n        return x\n": {"x"},
    "def f(a):\n    x = 1\n    return lambda: x\n": set(),
    "def f(a):\n    x = 1\n    return [x for _ in a]\n": set(),
    "def f(a):\n    x = 1\n    return f'{x=}'\n": set(),
    "def f(a):\n    x = 1\n    return 'the x of {}'.format(a), x\n": set(),
    "def f(a):\n    x = 1\n    return locals()\n": set(),
    "def f(a):\n    global x\n    x = 1\n": set(),
    "def f(a):\n    def g():\n        nonlocal x\n        x = 2\n    x = 1\n    return g\n": set(),
    "def f(a):\n    import x\n    return x\n": set(),
    "def f(a):\n    try:\n        a()\n    except E as x:\n        return x\n": set(),
    "def f(a):\n    match a:\n        case [x, *_]:\n            return x\n": set(),
    "def f(a):\n    def x():\n        pass\n    return x\n": set(),
    "def f(a):\n    x = 1\n    del x\n": set(),
    "def f(a):\n    _x = 1\n    return _x\n": set(),
    "@jit\ndef f(a):\n    x = 1\n    return x\n": set(),
    "@cached\ndef f(a):\n    x = 1\n    return x\n": set(),
    f"def f(a):\n    x = 1\n    return x, x{SUFFIX}\n": set(),
    "class C:\n    x = 1\n": set(),
    "class C:\n    def __new__(cls):\n        self = make(cls)\n        return self\n": set(),
    "def f(x=1):\n    x = 2\n    return x\n": set(),
}


@pytest.mark.parametrize("text", RENAMED)
def test_only_what_nobody_else_sees_is_renamed(text: str) -> None:
    made = VARIANTS["renamed_locals"](source(text)) or ""
    names = {node.id for node in ast.walk(ast.parse(made)) if isinstance(node, ast.Name)}
    assert {name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)} == RENAMED[text]


UNTOUCHED = {
    "a parser elsewhere": ("print 'Python 2'\n", {}),
    "an old interpreter": ("def f(a):\n    x = a  # note\n    return x\n", {"toolchain": "2.7"}),
    "syntax of later": ("def f(a):\n    if (x := a):  # note\n        return x\n", {"toolchain": "3.7"}),
    "other line ends": ("def f(a):\r\n    x = a  # note\r\n    return x\r\n", {}),
    "another encoding": ("# coding: latin-1\ndef f(a):\n    x = a  # note\n    return x\n", {}),
    "tests that look": ("def f(a):\n    x = a  # note\n    return x\n", {"tests": "inspect.getsource(f)"}),
    "a module that looks": ("import linecache\ndef f(a):\n    x = a  # note\n    return x\n", {}),
    "no function": ("x = [1,2]\n", {}),
    "a chain without end": ("def f(a):\n    x = a  # note\n    return " + "x + " * 3000 + "1\n", {}),
}


@pytest.mark.parametrize("why", UNTOUCHED)
@pytest.mark.parametrize("name", ["reformatted", "comments_added", "renamed_locals"])
def test_in_doubt_nothing_is_made(why: str, name: str) -> None:
    text, options = UNTOUCHED[why]
    assert VARIANTS[name](source(text, **options)) is None


def test_only_changed_functions_are_written_anew() -> None:
    text = "def f(a):\n    return {1:a}\n\n\n@d\ndef g(a):\n    # why\n    return {1:a}\n"
    made = VARIANTS["reformatted"](source(text, 8))
    assert made == "def f(a):\n    return {1:a}\n\n\n@d\ndef g(a):\n    return {1: a}\n"


@pytest.mark.parametrize(
    "text",
    [
        "import os\nfrom x import y\n",
        "import os\nimport os.path as os\n",
        "import re  # type: ignore\nimport os\n",
        "def f(a=g()):\n    pass\n\n\ndef h():\n    pass\n",
        "@d\ndef f():\n    pass\n\n\ndef h():\n    pass\n",
        "def f():\n    pass\n\n\ndef f():\n    return 1\n",
        "def f():\n    pass\n\n\nx = f()\n\n\ndef h():\n    return vars()\n",
        "class C:\n    def f(self):\n        pass\n\n    def g(self):\n        pass\n",
    ],
)
def test_what_may_know_of_each_other_keeps_its_order(text: str) -> None:
    assert VARIANTS["imports_reordered"](source(text)) is None
    assert VARIANTS["functions_reordered"](source(text)) is None


MUTATED = {
    "def f(a, b):\n    return a < b\n": {"comparison", "returned"},
    "def f(a, b):\n    if a and not b:\n        g(a, k=b)\n": {
        "connector",
        "negation",
        "condition",
        "removed",
        "argument",
    },
    "def f(a):\n    raise ValueError('the message')\n": {"removed", "exception"},
    "def f(a):\n    log.debug('told %s', a + 1)\n": set(),
    "def f(a: 'B' = 1) -> 'C':\n    'docstring'\n": {"constant"},
    "if TYPE_CHECKING:\n    x = 1\n": set(),
    "__all__ = ['f']\n": set(),
    "x = f'{1 + 2}'\n": set(),
    "def f(a):\n    a.x = a.y // 2\n": {"removed", "arithmetic", "constant"},
}


@pytest.mark.parametrize("text", MUTATED)
def test_mistakes_are_made_where_they_matter(text: str) -> None:
    assert {mutant.operator for mutant in mutants(source(text))} == MUTATED[text]


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(CORPUS), st.data())
def test_mutants_lie_in_added_lines(module: str, data: st.DataObject) -> None:
    text = text_of(module)
    lines = data.draw(st.sets(st.integers(1, text.count("\n")), min_size=1, max_size=4))
    found = mutants(source(text, *lines))
    assert {mutant.line for mutant in found} <= lines
    assert all(mutant.text != text for mutant in found)
    assert found == mutants(source(text, *lines)), "the same each time"


def test_equal_programs_have_equal_fingerprints() -> None:
    assert fingerprint("x = 1 + 2  # note\n") == fingerprint("x = (3)\n") != fingerprint("x = 4\n")
    assert fingerprint("def f():\n    return 1\n") == fingerprint("def f(): return 1\n")
    assert fingerprint("x = 1") != fingerprint("x = True")
    assert fingerprint("return 1") is None


def test_what_no_test_sees_is_the_same_behaviour() -> None:
    text = 'def f(a: int) -> int:\n    """Old."""\n    # note\n    return a\n'
    assert behaviour(text) == behaviour("def f(a):\n    'New.'\n\n    return (a)\n")
    assert behaviour(text) != behaviour(text.replace("return a", "return -a"))
    assert behaviour("print 1") is None and behaviour("x = " + "x + " * 3000 + "1") is None


def test_statements_know_the_lines_they_are_seen_in() -> None:
    head = '@d\ndef f(\n    a,\n):\n    """Doc."""\n'
    text = head + "    if (a\n            and b):\n        x = g(\n            1)\n    pass\n"
    assert [(lines.start, lines.stop) for lines in statements(text)] == [(1, 5), (6, 8), (8, 10)]
