"""Reads a Python source for rewriting: syntax, functions, and what forbids a rewriting.

Every doubt is a no: a variant that is not made costs nothing, a wrong one blames a good task.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from envfactory.languages.changed_source import ChangedSource
from envfactory.languages.python_rules.syntax import parse

Function = ast.FunctionDef | ast.AsyncFunctionDef
OLDEST = (3, 6)
"""Under older interpreters a text may mean something else than to the one that parses it here."""
LARGEST = 400_000
"""Characters; larger files are data."""
DEEPEST = 120
"""Levels of a syntax tree; a chain of so many operators was not written by hand."""

LOOKS_AT_SOURCE = re.compile(
    r"\b(getsource\w*|getsourcelines|findsource|linecache|lineno|co_\w+|f_lineno|f_code|f_locals|_getframe|"
    r"currentframe|_current_frames|extract_stack|format_stack|getframeinfo|tokenize|settrace|setprofile|"
    r"__code__|__firstlineno__|libcst|pycodestyle|pyflakes|flake8|pylint|"
    r"black|isort|import_module\(\s*.ast|import ast|from ast|ast\.parse|py_compile|compileall|dis\.|"
    r"getmembers|getmodule\w*|stack\(\)|trace\(\))"
)
"""What looks at a program's text, its lines or its compiled form, and so may tell equal programs apart."""
LOOKS_AT_NAMES = re.compile(
    r"\b(locals|vars|eval|exec|execfile|dir|globals|query|evaluate|dmatrix|dmatrices)\s*\("
    r"|(?<!re\.)\bcompile\s*\(|\b(numexpr|jit|njit|cython|patsy|ctypes)\b"
)
"""What may look at the names of the local variables around it."""
ASKS_FOR_NAMES = re.compile(r"locals\b|UnboundLocalError|NameError")
"""The same, in a test."""
_COMMENT = re.compile(r"#\s*(type:|doctest|pragma|cython|distutils|language_level|-\*-|coding|ruff|fmt)")
_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)


NOT_TESTED = ("setup.py", "conf.py", "conftest.py", "noxfile.py", "versioneer.py", "_version.py")
ASIDE = ("docs", "doc", "examples", "example", "benchmarks", "benchmark", "scripts", "tools", "ci", ".ci")


def is_program(path: str) -> bool:
    """A module that is neither the packaging's nor beside the program (documentation, examples)."""
    folder, slash, _ = path.partition("/")
    return (
        path.endswith(".py") and path.rpartition("/")[2] not in NOT_TESTED and not (slash and folder in ASIDE)
    )


def version(toolchain: str) -> tuple[int, int] | tuple[()]:
    """``(3, 9)`` of ``3.9``; empty if unknown."""
    found = re.match(r"(\d+)\.(\d+)", toolchain)
    return (int(found[1]), int(found[2])) if found else ()


def parsed(text: str, toolchain: str = "") -> ast.Module | None:
    """The syntax tree, as the task's interpreter would have it; ``None`` for what cannot be read here."""
    wanted = version(toolchain)
    if len(text) > LARGEST or (wanted and wanted < OLDEST):
        return None
    module = parse(text, wanted if wanted and wanted < sys.version_info[:2] else None)
    return module if module is not None and _is_shallow(module) else None


def _is_shallow(module: ast.Module) -> bool:
    """Whether functions that call themselves for every level get to the bottom."""
    level: list[ast.AST] = [module]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return True
    return False


def calm(source: ChangedSource) -> ast.Module | None:
    """The tree of a file that may be laid out otherwise; ``None`` where somebody may notice."""
    lines = source.text.split("\n")[:2]
    coding = [name.lower() for line in lines for name in _CODING.findall(line)]
    odd = "\r" in source.text or "\f" in source.text or "\0" in source.text
    if odd or source.text.startswith("\ufeff") or any(name not in ("utf-8", "utf8") for name in coding):
        return None
    if any(LOOKS_AT_SOURCE.search(text) for text in (source.text, *source.tests)):
        return None
    return parsed(source.text, source.toolchain)


def changed_functions(module: ast.Module, source: ChangedSource) -> list[Function]:
    """Outermost functions of a module and of its classes that hold an added line, in order."""
    return [
        function
        for function in _functions(module.body)
        if any(line in source.added for line in range(function.lineno, (function.end_lineno or 0) + 1))
    ]


def _functions(body: list[ast.stmt]) -> Iterator[Function]:
    for statement in body:
        if isinstance(statement, Function):
            yield statement
        elif isinstance(statement, ast.ClassDef):
            yield from _functions(statement.body)


def fills_its_lines(node: ast.stmt, lines: list[str]) -> bool:
    """Whether nothing but blanks and comments shares the lines of ``node``."""
    end_line = (lines[(node.end_lineno or 0) - 1]).encode()
    before = lines[node.lineno - 1].encode()[: node.col_offset]
    after = end_line[node.end_col_offset or 0 :].strip()
    return not before.strip() and (not after or after.startswith(b"#"))


def has_telling_comment(lines: list[str]) -> bool:
    """Whether a comment among ``lines`` may mean something to a program."""
    return any(_COMMENT.search(line) for line in lines)
