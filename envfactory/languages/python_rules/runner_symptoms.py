"""Words of a log that say pytest itself is too new or too old for a suite, and markers of plug-ins.

Taken from pytest's own changelog: the release that removed a feature bounds from above, a minimum
named by the configuration bounds from below.
"""

from __future__ import annotations

import re

TOO_NEW: tuple[tuple[str, str], ...] = (
    (r"PytestRemovedIn9Warning", "<9"),
    (r"PytestRemovedIn8Warning", "<8"),
    (r"Support for nose tests is deprecated", "<8"),
    (r"PytestRemovedIn7Warning", "<7"),
    (r"Direct construction of [\w.]+ has been deprecated, please use", "<5.4"),
    (r"module 'pytest' has no attribute 'config'", "<5"),
    (
        r"The '?message'? parameter is deprecated|raises\(\) got an unexpected keyword argument 'message'",
        "<5",
    ),
    (r"yield tests were removed in pytest 4\.0", "<4"),
    (r"(?i)fixtures are not meant to be called directly|Fixture \"?\w+\"? called directly", "<4"),
    (r"\[pytest\] section in setup\.cfg files is no longer supported", "<4"),
    (r"'\w+' object has no attribute 'get_marker'", "<4"),
    (r"Applying a mark to a fixture function does not|Marks applied to fixtures have no effect", "<9"),
    (r"Passing \w+ to (?:pytest\.)?fixture\(\) as positional|fixture\(\) takes \d positional", "<6"),
    (r"Using pytest\.warns\(None\)|exceptions must be derived from Warning, not <class 'NoneType'>", "<7"),
    (r"module 'py' has no attribute 'test'|No module named 'py\.test'", "<7.2"),
    (r"'Package' object has no attribute 'obj'", "<8"),
    (
        r"'_pytest\.python' has no attribute 'Instance'|cannot import name 'Instance' from '_pytest\.python'",
        "<7",
    ),
    (r"cannot import name 'FixtureLookupError(?:Repr)?'", "<8"),
    (r"'FixtureDef' object has no attribute 'unittest'", "<8.2"),
    (r"(?:fail|skip|exit)\(\) got an unexpected keyword argument 'msg'", "<8"),
    (r"'FixtureManager' object has no attribute '_arg2fixturedefs'", "<8"),
    (r"unknown hook 'pytest_cmdline_preparse'", "<8"),
    (r"unknown hook 'pytest_warning_captured'|module 'pytest' has no attribute 'collect'", "<7"),
    (r"'\w+' object has no attribute 'funcargnames'", "<6"),
    (r"'\w*Request' object has no attribute '(?:cached_setup|getfuncargvalue)'", "<4"),
    (r"'Metafunc' object has no attribute 'addcall'|unknown hook 'pytest_namespace'", "<4"),
)
"""Pattern -> bound; the first that matches counts."""

TOO_OLD: tuple[str, ...] = (
    r"requires pytest-(?P<v>\d+(?:\.\d+)*), actual pytest-",
    r"'minversion' requires pytest-(?P<v>\d+(?:\.\d+)*)",
    r"requires pytest>=(?P<v>\d+(?:\.\d+)*)",
)

ADDED: tuple[tuple[str, str], ...] = (
    # An option of ours: the suite pins a pytest that no collector of ours can report from.
    (r"unrecognized arguments: [^\n]*--continue-on-collection-errors", ">=3.0.7,<3.3"),
    (r"'pytest' has no attribute 'hookimpl'|'module' object has no attribute 'hookimpl'", ">=3.0.7,<3.3"),
    (r"module 'pytest' has no attribute 'param'", ">=3.1"),
    (r"fixture 'tmp_path(?:_factory)?' not found", ">=3.9"),
    (r"fixture 'caplog' not found", ">=3.3"),
    (r"fixture 'pytester' not found", ">=6.2"),
    (r"fixture 'subtests' not found.*pytest[ -](?:9|\d\d)", ">=9"),
)

MARKERS = {
    "asyncio": "pytest-asyncio",
    "trio": "pytest-trio",
    "anyio": "anyio",
    "timeout": "pytest-timeout",
    "django_db": "pytest-django",
    "urls": "pytest-django",
    "benchmark": "pytest-benchmark",
    "flaky": "flaky",
    "xdist_group": "pytest-xdist",
    "vcr": "pytest-recording",
    "default_cassette": "pytest-recording",
    "block_network": "pytest-recording",
    "httpbin": "pytest-httpbin",
    "mpl_image_compare": "pytest-mpl",
    "array_compare": "pytest-arraydiff",
    "remote_data": "pytest-remotedata",
    "openfiles_ignore": "pytest-openfiles",
    "freeze_time": "pytest-freezer",
    "dependency": "pytest-dependency",
    "order": "pytest-order",
    "run": "pytest-ordering",
    "repeat": "pytest-repeat",
    "forked": "pytest-forked",
    "twisted": "pytest-twisted",
    "gen_test": "pytest-tornado",
    "datafiles": "pytest-datafiles",
    "parametrize_with_cases": "pytest-cases",
    "enable_socket": "pytest-socket",
    "disable_socket": "pytest-socket",
    "allow_hosts": "pytest-socket",
    "script_launch_mode": "pytest-console-scripts",
    "respx": "respx",
    "httpx_mock": "pytest-httpx",
    "random_order": "pytest-random-order",
    "subprocess": "pytest-subprocess",
    "limit_memory": "pytest-memray",
    "thread_unsafe": "pytest-run-parallel",
    "parallel_threads": "pytest-run-parallel",
    "codspeed": "pytest-codspeed",
}
"""Marker -> distribution of the plug-in that registers it."""


def runner_bound(log: str) -> tuple[str, str] | None:
    """A version bound for pytest and the words that ask for it."""
    for pattern in TOO_OLD:
        if match := re.search(pattern, log):
            return f">={match.group('v')}", match.group(0)
    for pattern, bound in (*TOO_NEW, *ADDED):
        if match := re.search(pattern, log):
            return bound, match.group(0)
    return None
