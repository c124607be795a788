"""Distributions that a test environment does without, and the names by which test dependencies go.

Linters, formatters, type checkers, documentation and release tools are listed beside test
dependencies in most repositories; they are slow to install and often pull the resolve to pieces.
A repository whose tests import one of them gets it back through the repair of missing modules.
"""

from __future__ import annotations

from envfactory.languages.python_rules.names import name_of

_TOOLS = """
autoflake autopep8 bandit black blacken-docs blue build bump-my-version bump2version bumpversion
cibuildwheel check-manifest check-wheel-contents codecov codespell coveralls cruft darglint
docformatter doc8 docutils-stubs flake8 flakeheaven furo git-cliff hacking invoke interrogate ipdb
ipython isort jupyterlab keyring linkchecker mkdocs mkdocs-material mkdocstrings mypy myst-parser
nox pep8 pep8-naming perflint pip pip-tools pipenv pdbpp pre-commit proselint pydocstyle
pydoc-markdown pyflakes pylama pylint pyre-check pyright pyroma pytype pycodestyle readme-renderer
recommonmark releases reno restructuredtext-lint reuse rstcheck ruff safety semgrep slotscheck
sphinx sphinx-autobuild sphinx-autodoc-typehints sphinx-click sphinx-copybutton sphinx-issues
sphinx-rtd-theme sphinx-tabs sphinxcontrib-log-cabinet sphinx-notfound-page sphinxcontrib-towncrier
towncrier tox tox-gh-actions tox-travis tox-uv tox-venv tox-wheel twine ty unify validate-pyproject
vulture wheel xenon yapf zest-releaser zest.releaser griffe asv commitizen gitlint detox
pallets-sphinx-themes virtualenv-clone
hatch flit poetry pdm uv gha-update mkautodoc cherry-picker aiohttp-theme alabaster mike pyupgrade pyrefly
transifex-client flynt tox-docker tox-conda tox-factor tox-py python-semantic-release deptry re-ver bumpver
auto-changelog gitchangelog rstcheck-core djlint djhtml curlylint yamllint zizmor check-jsonschema
basedpyright jarn-viewdoc travis-sphinx ghp-import pytest-travis-fold jupyter notebook numpydoc
"""
LEFT_OUT = frozenset(_TOOLS.split())

PREFIXES = (
    "flake8-",
    "pylint-",
    "mkdocs-",
    "sphinxcontrib-",
    "types-",
    "sphinx-",
    "pydata-sphinx",
    "pep8",
    "jupyter-book",
    "nbsphinx",
)

_BUILD = """
cython setuptools setuptools-scm setuptools-git setuptools-rust wheel meson meson-python ninja cmake
scikit-build scikit-build-core cffi pybind11 nanobind maturin oldest-supported-numpy
"""
BUILD_ONLY = frozenset(_BUILD.split())
"""A list of nothing but these is for building and says nothing about tests."""

TEST_NAMES = (
    "test",
    "tests",
    "testing",
    "unittest",
    "unittests",
    "pytest",
    "unit-tests",
    "test-utils",
    "tests-require",
)
"""Extras and groups by which test dependencies go, most telling first."""

DEVELOPMENT_NAMES = ("dev", "develop", "development", "all", "full", "devel", "ci")
"""Used when no extra or group has one of ``TEST_NAMES``."""

FILES = (
    "requirements-test.txt",
    "requirements-tests.txt",
    "requirements-testing.txt",
    "requirements_test.txt",
    "requirements_tests.txt",
    "requirements_testing.txt",
    "test-requirements.txt",
    "tests-requirements.txt",
    "test_requirements.txt",
    "testing-requirements.txt",
    "requirements.test.txt",
    "requirements/tests.txt",
    "requirements/test.txt",
    "requirements/testing.txt",
    "requirements/requirements-test.txt",
    "requirements/requirements-testing.txt",
    "requirements/tests.in",
    "requirements/test.in",
    "tests/requirements.txt",
    "test/requirements.txt",
    "testing/requirements.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "dev_requirements.txt",
    "requirements.dev.txt",
    "requirements-ci.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
    "requirements/dev.in",
    "requirements/ci.txt",
    "requirements-develop.txt",
    "requirements-development.txt",
)
"""Usual places of test requirements, most telling first."""

PLAIN_FILES = ("requirements.txt", "requirements/base.txt", "requirements/requirements.txt")
"""Run-time requirements, for a project whose metadata says nothing."""


def left_out(requirement: str) -> bool:
    """True for what a test environment does without."""
    name = name_of(requirement)
    return name in LEFT_OUT or name.startswith(PREFIXES)
