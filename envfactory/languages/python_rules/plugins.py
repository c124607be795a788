"""pytest plug-ins that the project's configuration, or a fixture that is missing, implies.

An option of ``addopts`` or of the ini file that plain pytest does not know must come from a plug-in;
this table says from which.  Knows nothing of versions: the index decides as of the date.
"""

from __future__ import annotations

import re

from envfactory.languages.python_rules.pytest_settings import PytestSettings
from envfactory.records import Evidence

OPTIONS: tuple[tuple[str, str], ...] = (
    (r"--(no-)?cov(-.*)?(=|$)", "pytest-cov"),
    (r"-n($|\d|auto|logical)|--(numprocesses|dist|maxprocesses|tx)(=|$)|-d$", "pytest-xdist"),
    (r"--timeout([-_]method|-func-only)?(=|$)|--session-timeout", "pytest-timeout"),
    (r"--asyncio-mode", "pytest-asyncio"),
    (r"--benchmark-", "pytest-benchmark"),
    (r"--mypy", "pytest-mypy"),
    (r"--flake8", "pytest-flake8"),
    (r"--pep8", "pytest-pep8"),
    (r"--pylint", "pytest-pylint"),
    (r"--isort", "pytest-isort"),
    (r"--black", "pytest-black"),
    (r"--ruff", "pytest-ruff"),
    (r"--reruns", "pytest-rerunfailures"),
    (r"--html|--self-contained-html", "pytest-html"),
    (r"--(disable|allow)-socket|--allow-hosts|--force-enable-socket", "pytest-socket"),
    (r"--random-order", "pytest-random-order"),
    (r"--randomly-|-p\s*randomly", "pytest-randomly"),
    (r"--forked", "pytest-forked"),
    (r"--doctest-(plus|rst|ufunc)", "pytest-doctestplus"),
    (r"--remote-data|--open-files", "pytest-remotedata"),
    (r"--arraydiff", "pytest-arraydiff"),
    (r"--mpl", "pytest-mpl"),
    (r"--nbval|--sanitize-with", "nbval"),
    (r"--ds(=|$)|--reuse-db|--create-db|--no-migrations|--nomigrations", "pytest-django"),
    (r"--spec", "pytest-spec"),
    (r"--sugar|--force-sugar", "pytest-sugar"),
    (r"--markdown-docs", "pytest-markdown-docs"),
    (r"--snapshot-(update|warn|details)", "syrupy"),
    (r"--inline-snapshot", "inline-snapshot"),
    (r"--hypothesis-", "hypothesis"),
    (r"--memray", "pytest-memray"),
    (r"--codspeed", "pytest-codspeed"),
    (r"--picked|--testmon", "pytest-testmon"),
    (r"--instafail", "pytest-instafail"),
    (r"--subprocess-vcr|--record-mode|--vcr-record|--block-network", "pytest-recording"),
    (r"--typeguard-packages", "typeguard"),
    (r"--beartype-packages", "pytest-beartype"),
    (r"--splits|--group(=|$)|--durations-path", "pytest-split"),
    (r"--run-parallel|--parallel-threads", "pytest-run-parallel"),
    (r"--repeat|--count(=|$)", "pytest-repeat"),
    (r"--allure", "allure-pytest"),
    (r"--regtest", "pytest-regtest"),
)
"""Pattern of one word of ``addopts`` -> distribution."""

INI_NAMES = {
    "asyncio_mode": "pytest-asyncio",
    "asyncio_default_fixture_loop_scope": "pytest-asyncio",
    "timeout": "pytest-timeout",
    "timeout_method": "pytest-timeout",
    "timeout_func_only": "pytest-timeout",
    "django_settings_module": "pytest-django",
    "env": "pytest-env",
    "env_files": "pytest-dotenv",
    "mock_use_standalone_module": "pytest-mock",
    "flake8-ignore": "pytest-flake8",
    "flake8-max-line-length": "pytest-flake8",
    "pep8ignore": "pytest-pep8",
    "pep8maxlinelength": "pytest-pep8",
    "doctest_plus": "pytest-doctestplus",
    "remote_data_strict": "pytest-remotedata",
    "qt_api": "pytest-qt",
    "trio_mode": "pytest-trio",
    "anyio_mode": "anyio",
    "bdd_features_base_dir": "pytest-bdd",
    "snapshot_format": "",
    "rerun_except": "pytest-rerunfailures",
    "reruns": "pytest-rerunfailures",
    "celery_includes": "pytest-celery",
    "markdown_hidden_imports": "pytest-markdown-docs",
    "xvfb_width": "pytest-xvfb",
    "faulthandler_timeout": "",
}
"""Name of an ini option (lower case) -> distribution."""

FIXTURES = {
    "mocker": "pytest-mock",
    "class_mocker": "pytest-mock",
    "module_mocker": "pytest-mock",
    "session_mocker": "pytest-mock",
    "benchmark": "pytest-benchmark",
    "event_loop": "pytest-asyncio",
    "unused_tcp_port": "pytest-asyncio",
    "unused_tcp_port_factory": "pytest-asyncio",
    "httpserver": "pytest-httpserver",
    "make_httpserver": "pytest-httpserver",
    "httpbin": "pytest-httpbin",
    "httpbin_secure": "pytest-httpbin",
    "httpx_mock": "pytest-httpx",
    "requests_mock": "requests-mock",
    "responses": "pytest-responses",
    "freezer": "pytest-freezer",
    "snapshot": "syrupy",
    "data_regression": "pytest-regressions",
    "file_regression": "pytest-regressions",
    "num_regression": "pytest-regressions",
    "ndarrays_regression": "pytest-regressions",
    "dataframe_regression": "pytest-regressions",
    "image_regression": "pytest-regressions",
    "datadir": "pytest-datadir",
    "shared_datadir": "pytest-datadir",
    "original_datadir": "pytest-datadir",
    "datafiles": "pytest-datafiles",
    "subtests": "pytest-subtests",
    "lazy_fixture": "pytest-lazy-fixture",
    "aiohttp_client": "pytest-aiohttp",
    "aiohttp_server": "pytest-aiohttp",
    "aiohttp_raw_server": "pytest-aiohttp",
    "test_client": "pytest-aiohttp",
    "loop": "pytest-aiohttp",
    "jp_fetch": "pytest-jupyter",
    "jp_serverapp": "pytest-jupyter",
    "qtbot": "pytest-qt",
    "qapp": "pytest-qt",
    "qtlog": "pytest-qt",
    "db": "pytest-django",
    "django_db_setup": "pytest-django",
    "django_user_model": "pytest-django",
    "settings": "pytest-django",
    "rf": "pytest-django",
    "admin_client": "pytest-django",
    "django_assert_num_queries": "pytest-django",
    "nursery": "pytest-trio",
    "autojump_clock": "pytest-trio",
    "mock_clock": "pytest-trio",
    "virtualenv": "pytest-virtualenv",
    "workspace": "pytest-shutil",
    "console": "pytest-console-scripts",
    "script_runner": "pytest-console-scripts",
    "cookies": "pytest-cookies",
    "pyfakefs": "pyfakefs",
    "fs": "pyfakefs",
    "cov": "pytest-cov",
    "worker_id": "pytest-xdist",
    "testrun_uid": "pytest-xdist",
    "vcr": "pytest-recording",
    "vcr_cassette": "pytest-recording",
    "vcr_config": "pytest-recording",
    "smtpserver": "pytest-localserver",
    "httpserver_listen_address": "pytest-httpserver",
    "redisdb": "pytest-redis",
    "postgresql": "pytest-postgresql",
    "mysql": "pytest-mysql",
    "respx_mock": "respx",
    "aioresponses": "aioresponses",
    "socket_enabled": "pytest-socket",
    "socket_disabled": "pytest-socket",
    "faker": "faker",
    "monkeymodule": "",
    "check": "pytest-check",
    "git_repo": "pytest-git",
    "fp": "pytest-subprocess",
    "fake_process": "pytest-subprocess",
    "app": "",
    "client": "",
}
"""Fixture -> distribution that brings it; an empty one is the project's own, so nothing to install."""


def plugin_of_option(word: str) -> str:
    """Distribution that brings a command-line option, empty when pytest's own or unknown."""
    return next((plugin for pattern, plugin in OPTIONS if re.match(pattern, word)), "")


def implied_plugins(settings: PytestSettings) -> dict[str, Evidence]:
    """Distribution -> why, for every option of the configuration that needs a plug-in."""
    found: dict[str, Evidence] = {}
    words = settings.addopts
    for position, word in enumerate(words):
        named = f"-p {words[position + 1]}" if word == "-p" and position + 1 < len(words) else word
        plugin = plugin_of_option(named)
        if plugin:
            cited = settings.source.cite(plugin, "addopts", word)
            found.setdefault(plugin, cited.evidence("requirement", f"pytest option {named} needs it"))
    for name in settings.options:
        plugin = INI_NAMES.get(name.lower(), "")
        if plugin:
            cited = settings.source.cite(plugin, name)
            found.setdefault(plugin, cited.evidence("requirement", f"pytest setting {name} needs it"))
    if "required_plugins" in settings.options:
        for name in re.findall(r"[A-Za-z][\w.-]+", settings.options["required_plugins"]):
            cited = settings.source.cite(name, "required_plugins")
            found.setdefault(name, cited.evidence("requirement", "named in required_plugins"))
    return found
