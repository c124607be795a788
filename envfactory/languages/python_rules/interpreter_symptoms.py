"""Words of a log that say the interpreter is too new or too old for the code.

Facts of CPython's own release notes ("What's New": removed and added); nothing about any project.
"""

from __future__ import annotations

import re

from envfactory.languages.python_rules.releases import order

REMOVED_MODULES = {
    "imp": "3.12",
    "asyncore": "3.12",
    "asynchat": "3.12",
    "smtpd": "3.12",
    "distutils": "3.12",
    "cgi": "3.13",
    "cgitb": "3.13",
    "crypt": "3.13",
    "imghdr": "3.13",
    "sndhdr": "3.13",
    "telnetlib": "3.13",
    "nntplib": "3.13",
    "pipes": "3.13",
    "audioop": "3.13",
    "aifc": "3.13",
    "chunk": "3.13",
    "uu": "3.13",
    "xdrlib": "3.13",
    "lib2to3": "3.13",
    "mailcap": "3.13",
    "spwd": "3.13",
    "ossaudiodev": "3.13",
    "parser": "3.10",
    "symbol": "3.10",
    "formatter": "3.10",
    "binhex": "3.11",
    "macpath": "3.8",
    "dummy_threading": "3.9",
    "_dummy_threading": "3.9",
}
"""Standard module -> version that no longer has it."""

ADDED_MODULES = {
    "dataclasses": "3.7",
    "contextvars": "3.7",
    "importlib.resources": "3.7",
    "importlib.metadata": "3.8",
    "graphlib": "3.9",
    "zoneinfo": "3.9",
    "tomllib": "3.11",
    "asyncio.taskgroups": "3.11",
    "annotationlib": "3.14",
    "compression": "3.14",
    "string.templatelib": "3.14",
}
"""Standard module -> first version that has it."""

TOO_NEW: tuple[tuple[str, str], ...] = (
    (
        r"module 'collections' has no attribute '\w+'|cannot import name '(?:Mapping|"
        r"MutableMapping|Sequence|Iterable|Callable|Hashable|Set|MutableSet|Sized|"
        r"Container|Iterator|Generator|MutableSequence|OrderedDict)' from 'collections'",
        "3.10",
    ),
    (
        r"module 'inspect' has no attribute '(?:getargspec|formatargspec)'|cannot import name '(?:getargspec|"
        r"formatargspec)' from 'inspect'",
        "3.11",
    ),
    (r"module 'asyncio' has no attribute 'coroutine'", "3.11"),
    (r"module 'asyncio' has no attribute 'async'", "3.7"),
    (r"module 'time' has no attribute 'clock'", "3.8"),
    (r"module 'platform' has no attribute '(?:linux_distribution|dist)'", "3.8"),
    (r"cannot import name 'escape' from 'cgi'|module 'cgi' has no attribute 'escape'", "3.8"),
    (r"cannot import name 'gcd' from 'fractions'|module 'fractions' has no attribute 'gcd'", "3.9"),
    (
        r"'Thread' object has no attribute 'isAlive'|has no attribute 'getchildren'|"
        r"'HTMLParser' object has no attribute 'unescape'",
        "3.9",
    ),
    (
        r"module 'base64' has no attribute '(?:encodestring|decodestring)'",
        "3.9",
    ),
    (
        r"required field \"(?:posonlyargs|type_ignores)\" missing|an integer is required \(got type bytes\)",
        "3.8",
    ),
    (r"required field \"lineno\" missing from alias", "3.10"),
    (r"The loop argument (?:was )?removed|got an unexpected keyword argument 'loop'", "3.10"),
    (r"Population must be a sequence", "3.11"),
    (
        r"module 'unittest' has no attribute 'makeSuite'|has no attribute 'assert(?:Equals|"
        r"NotEquals|RegexpMatches|Items|DictContainsSubset)'|'\w+' object has no attribute 'assert(?:Equals|"
        r"Regexp|NotRegexpMatches|RaisesRegexp)\w*'",
        "3.12",
    ),
    (r"module 'pkgutil' has no attribute '(?:ImpImporter|ImpLoader)'", "3.12"),
    (
        r"module 'configparser' has no attribute 'SafeConfigParser'|object has no attribute 'readfp'",
        "3.12",
    ),
    (r"module 'ssl' has no attribute '(?:wrap_socket|match_hostname)'", "3.12"),
    (
        r"module 'locale' has no attribute 'format'|module 'sqlite3' has no attribute 'OptimizedUnicode'",
        "3.12",
    ),
    (r"module 'typing' has no attribute 'io'|module 'typing' has no attribute 're'", "3.13"),
    (r"module 'ast' has no attribute '(?:Str|Num|Bytes|NameConstant|Ellipsis)'", "3.14"),
    (
        r"'FileFinder' object has no attribute 'find_module'|"
        r"module 'importlib' has no attribute 'find_loader'",
        "3.12",
    ),
    (r"_evaluate\(\) missing 1 required keyword-only argument: 'recursive_guard'", "3.12"),
    (
        r"module 'asyncio' has no attribute 'get_child_watcher'|"
        r"cannot import name '\w*ChildWatcher' from 'asyncio'",
        "3.14",
    ),
    (
        r"'_UnionGenericAlias' object has no attribute|'typing.Union' object has no attribute '__origin__'",
        "3.14",
    ),
    (r"There is no current event loop in thread", "3.14"),
    (
        r"longintrepr\.h|_PyLong_AsByteArray|PyCode_New|too few arguments to function '_?PyLong|"
        r"'PyThreadState'[^\n]*has no member",
        "3.11",
    ),
    (r"generator raised StopIteration", "3.7"),
)
"""Pattern -> first interpreter on which it happens."""

TOO_OLD: tuple[tuple[str, str], ...] = (
    (r"'type' object is not subscriptable|'ABCMeta' object is not subscriptable", "3.9"),
    (r"unsupported operand type\(s\) for \|: '(?:type|NoneType|_GenericAlias|ABCMeta)'", "3.10"),
    (
        r"cannot import name '(?:Literal|Final|Protocol|TypedDict|final|runtime_checkable|"
        r"get_args|get_origin)' from 'typing'",
        "3.8",
    ),
    (r"cannot import name '(?:Annotated)' from 'typing'", "3.9"),
    (
        r"cannot import name '(?:ParamSpec|Concatenate|TypeAlias|TypeGuard)' from 'typing'|"
        r"module 'typing' has no attribute '(?:ParamSpec|TypeAlias)'",
        "3.10",
    ),
    (
        r"cannot import name '(?:Self|assert_never|assert_type|Never|LiteralString|"
        r"NotRequired|Required|Unpack|TypeVarTuple|StrEnum)' from '(?:typing|enum)'",
        "3.11",
    ),
    (
        r"cannot import name '(?:override|TypeAliasType)' from 'typing'|cannot import name 'batched' from "
        r"'itertools'",
        "3.12",
    ),
    (r"cannot import name '(?:cached_property|singledispatchmethod)' from 'functools'", "3.8"),
    (r"cannot import name 'cache' from 'functools'|has no attribute 'remove(?:prefix|suffix)'", "3.9"),
    (
        r"future feature annotations is not defined|module 'asyncio' has no attribute '(?:run|"
        r"create_task|get_running_loop)'",
        "3.7",
    ),
    (
        r"module 'asyncio' has no attribute '(?:TaskGroup|Runner|timeout|Barrier)'|"
        r"name '(?:ExceptionGroup|BaseExceptionGroup)' is not defined",
        "3.11",
    ),
    (r"dataclass\(\) got an unexpected keyword argument '(?:slots|kw_only)'", "3.10"),
    (
        r"cannot import name 'IsolatedAsyncioTestCase' from 'unittest'|cannot import name 'AsyncMock' from "
        r"'unittest.mock'",
        "3.8",
    ),
    (r"cannot import name 'to_thread' from 'asyncio'", "3.9"),
    (r"cannot import name 'pairwise' from 'itertools'|zip\(\) takes no keyword arguments", "3.10"),
    (r"cannot import name 'StrEnum' from 'enum'|cannot import name 'UTC' from 'datetime'", "3.11"),
)
"""Pattern -> first interpreter that has it."""

NEW_SYNTAX: tuple[tuple[str, str], ...] = (
    (r"(?m)^\s*match .+:\s*$|^\s*except\*", "3.10"),
    (r":=|\bdef \w+\([^)]*/[,)]|f[\"'][^\"']*=\}", "3.8"),
    (r"(?m)^\s*type \w+ ?=|\bdef \w+\[|\bclass \w+\[", "3.12"),
    (r"^\s*with \($", "3.9"),
)
"""Pattern of the offending line -> first interpreter that reads it."""

SYNTAX_ERROR = re.compile(r"((?:.*\n){0,6}).*SyntaxError: (.*)")


def wanted_interpreter(log: str, current: str) -> tuple[str, str] | None:
    """(``older`` or ``newer``, the words that say so) or ``None``."""
    for module in re.findall(r"No module named '([\w.]+)'", log):
        removed, added = REMOVED_MODULES.get(module), ADDED_MODULES.get(module)
        if removed and order(current) >= order(removed):
            return "older", f"No module named '{module}'"
        if added and order(current) < order(added):
            return "newer", f"No module named '{module}'"
    for direction, table in (("older", TOO_NEW), ("newer", TOO_OLD)):
        for pattern, version in table:
            match = re.search(pattern, log)
            if match and (order(current) >= order(version)) == (direction == "older"):
                return direction, match.group(0)
    match = SYNTAX_ERROR.search(log)
    if match and not re.search(r"(?i)print\b.*parenthes|unicode ?escape", match.group(2)):
        context = match.group(1)
        for pattern, version in NEW_SYNTAX:
            if re.search(pattern, context) and order(current) < order(version):
                return "newer", f"SyntaxError: {match.group(2)}"
        if re.search(r"\basync\b", context) and order(current) >= (3, 7):
            return "older", f"SyntaxError: {match.group(2)}"
    return None
