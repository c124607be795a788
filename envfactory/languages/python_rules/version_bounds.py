"""Repairs that bound a dependency which no longer has, or has not yet, what the code uses.

The table holds facts of widely used libraries' own changelogs: the words of the failure and the
release that removed the name.  Resolving as of a date rarely needs them; holes in the index, late
uploads and dates between two releases do.
"""

from __future__ import annotations

import re

from packaging.version import InvalidVersion, Version

from envfactory.languages.python_rules.import_names import distribution_of
from envfactory.languages.python_rules.repair_case import Case, Change, bound

REMOVED: tuple[tuple[str, str], ...] = (
    (
        r"was removed in the NumPy 2\.0|compiled using NumPy 1\.x cannot be run|_ARRAY_API not found",
        "numpy<2",
    ),
    (r"module 'numpy' has no attribute '(?:float|int|bool|object|str|complex|long|unicode)'", "numpy<1.24"),
    (
        r"cannot import name '(?:Markup|escape|(?:eval)?contextfilter|environmentfilter)' from 'jinja2",
        "jinja2<3.1",
    ),
    (r"cannot import name 'soft_unicode' from 'markupsafe'", "markupsafe<2.1"),
    (
        r"cannot import name '(?:url_quote|url_decode|url_encode|url_parse)' from 'werkzeug\.urls'",
        "werkzeug<3",
    ),
    (
        r"cannot import name '(?:secure_filename|cached_property|BaseResponse|FileStorage)' from 'werkzeug'",
        "werkzeug<1",
    ),
    (r"cannot import name 'BaseResponse' from 'werkzeug\.wrappers'", "werkzeug<2.1"),
    (r"cannot import name 'json' from 'itsdangerous'", "itsdangerous<2.1"),
    (r"cannot import name '(?:_request_ctx_stack|_app_ctx_stack)' from 'flask'", "flask<2.3"),
    (r"cannot import name '(?:Markup|escape)' from 'flask'", "flask<3"),
    (r"attrib\(\) got an unexpected keyword argument 'convert'", "attrs<19.2"),
    (r"'EntryPoints' object has no attribute 'get'|'SelectableGroups' object", "importlib-metadata<5"),
    (r"Descriptors cannot(?: not)? be created directly", "protobuf<3.21"),
    (
        r"cannot import name '(?:DEFAULT_CIPHERS|appengine)' from 'urllib3"
        r"|No module named 'urllib3\.contrib\.appengine'",
        "urllib3<2",
    ),
    (r"__init__\(\) got an unexpected keyword argument 'method_whitelist'", "urllib3<2"),
    (r"Client\.__init__\(\) got an unexpected keyword argument '(?:app|proxies)'", "httpx<0.28"),
    (r"module 'lib' has no attribute '(?:X509_V_FLAG_\w+|OpenSSL_add_all_algorithms)'", "cryptography<39"),
    (r"`BaseSettings` has been moved|`regex` is removed", "pydantic<2"),
    (
        r"'Engine' object has no attribute 'execute'"
        r"|declarative_base\(\) got an unexpected keyword argument 'bind'",
        "sqlalchemy<2",
    ),
    (r"'(?:DataFrame|Series)' object has no attribute '(?:append|iteritems)'", "pandas<2"),
    (r"load\(\) missing 1 required positional argument: 'Loader'", "pyyaml<6"),
    (
        r"No module named 'setuptools\.command\.test'|cannot import name 'test' from 'setuptools\.command",
        "setuptools<72",
    ),
    (r"cannot import name 'Feature' from 'setuptools'", "setuptools<46"),
    (r"use_2to3 is invalid", "setuptools<58"),
)
"""Pattern -> requirement."""

PLUGINS: tuple[tuple[str, str], ...] = (
    (r"fixture 'event_loop' not found", "pytest-asyncio<1"),
    (r"ScopeMismatch[^\n]*event_loop|attached to a different loop", "pytest-asyncio<0.23"),
)
"""The same for plug-ins of the runner; the runner itself is in ``runner_symptoms``."""

LACKS = re.compile(r"cannot import name '\w+' from '([\w.]+)' \([^\n)]*/site-packages/[^\n)]*\)")


def dependency_bounds(case: Case) -> Change | None:
    """A name that a newer release of a dependency, or of a plug-in, removed."""
    for pattern, text in (*PLUGINS, *REMOVED):
        match = re.search(pattern, case.errors)
        name = re.split(r"[<>=]", text)[0]
        if match is None or f" {text} " in f" {' '.join(case.declaration.repairs)} ":
            continue
        if name.startswith("pytest-") and not case.has(name):
            continue  # the missing plug-in is another entry's matter
        change = bound(case, text, "a newer release removed what is used", match.group(0))
        if change is not None:
            return change
    return None


def pre_releases(case: Case) -> Change | None:
    """``cannot import name X from 'D'``, of which a pre-release was out: projects that grow side by side.

    Their maintainers test with each other's development branches, of which pre-releases are the nearest.
    """
    when = case.symptoms.when or case.symptoms.cutoff
    for match in LACKS.finditer(case.errors) if case.symptoms.phase == "tests" else ():
        name = distribution_of(match.group(1), case.symptoms.index, when)
        releases = case.symptoms.index.dated("pypi", name, when) if name else []
        newest = max((version for one in releases if (version := _version(one.version))), default=None)
        if newest is not None and newest.is_prerelease:
            change = bound(case, f"{name}>={newest}", "only a pre-release has what is used", match.group(0))
            if change is not None:
                return change
    return None


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
