"""What CI and container files say: interpreters, packages, services, variables, installed distributions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.languages.python_rules.ci_workflows import Job, read_ci
from envfactory.languages.python_rules.container_files import read_containers
from envfactory.languages.python_rules.named_surroundings import (
    job_env,
    service_env,
    service_name,
    suggested_packages,
    suggested_services,
)
from envfactory.languages.python_rules.shell_words import apt_packages, calls, pip_words
from tests.languages.test_declare import declared, texts
from tests.languages.trees import MemoryTree

WORKFLOW = """
    on: push
    env: {LEVEL: all}
    jobs:
      lint:
        runs-on: ubuntu-latest
        steps: [{run: flake8}]
      windows-tests:
        runs-on: windows-latest
        steps: [{run: pytest}]
      tests:
        runs-on: ubuntu-latest
        strategy:
          matrix:
            python-version: [3.8, "3.10", 3.12-dev, pypy-3.9]
            include:
              - {python-version: 3.11, os: windows-latest}
              - {python-version: "3.9"}
        env: {THING_URL: "redis://localhost", GITHUB_TOKEN: "${{ secrets.X }}", CI: "1"}
        services:
          cache: {image: "redis:7-alpine", ports: ["6379:6379"]}
          db: {image: "docker.example/postgis/postgis:15", env: {POSTGRES_USER: me, PORT: "1"}}
        steps:
          - uses: actions/checkout@v4
          - run: |
              sudo apt-get update && sudo apt-get install -y --no-install-recommends \\
                libxml2-dev=2.9* graphviz:amd64 $EXTRA
              sudo apt -qq install -t stable memcached
          - run: pip install -U pip -r more.txt "mock>=4" ./plugins/own ${{ matrix.extra }} .[fast]
          - run: pytest tests
            env: {STEP: "yes", BAD: "$(pwd)"}
    """


def jobs(files: dict[str, str]) -> tuple[Job, ...]:
    tree = MemoryTree(files)
    return (*read_ci(tree), *read_containers(tree))  # type: ignore[arg-type]


def test_a_workflow_of_github() -> None:
    found = jobs({".github/workflows/ci.yml": WORKFLOW})
    assert [job.name.strip() for job in found if job.about_tests] == ["tests"]
    tests = next(job for job in found if job.about_tests)
    assert [cited.value for cited in tests.interpreters] == ["3.8", "3.10", "3.9"]
    assert tests.interpreters[1].line == 15
    assert suggested_packages(found) == ("libxml2-dev", "graphviz", "memcached")
    assert list(suggested_services(found)) == ["memcached", "postgresql", "redis"]
    assert job_env(found) == {"LEVEL": "all", "STEP": "yes", "THING_URL": "redis://localhost"}
    assert service_env(found) == {"POSTGRES_USER": "me"}


@pytest.mark.parametrize(
    ("path", "text", "versions", "packages", "services"),
    [
        (
            ".travis.yml",
            """
            python: [2.7, 3.6, pypy3]
            matrix:
              include:
                - {python: 3.7, env: TOXENV=py37-dj22}
                - {env: "TOXENV=py38 X=1"}
            addons:
              apt: {packages: [libev-dev, "g++-4.9"]}
            services: [redis-server, mysql]
            script: pytest
            """,
            ["3.6", "3.7", "3.7", "3.8"],
            ("libev-dev", "g++-4.9"),
            ["mysql", "redis"],
        ),
        (
            ".circleci/config.yml",
            """
            jobs:
              unit:
                docker:
                  - {image: "cimg/python:3.9"}
                  - {image: "circleci/postgres:9.6-alpine", environment: {POSTGRES_DB: d}}
                steps:
                  - checkout
                  - run: {name: x, command: "apt-get install -y libpq-dev && tox -e py39"}
            """,
            ["3.9"],
            ("libpq-dev",),
            ["postgresql"],
        ),
        (
            ".gitlab-ci.yml",
            """
            image: "python:3.8-slim"
            test:
              image: "python:3.9"
              services: ["rabbitmq:3", {name: "mongo:4"}]
              variables: {A: b}
              script: [apt update, apt install -y gdal-bin, pytest]
            """,
            ["3.9"],
            ("gdal-bin",),
            ["mongodb", "rabbitmq"],
        ),
        (
            "azure-pipelines.yml",
            """
            jobs:
            - job: Linux
              strategy:
                matrix:
                  a: {python.version: "3.7"}
                  b: {python.version: "3.8"}
              steps:
              - script: sudo apt-get install -yq hunspell
              - bash: python -m pytest
            """,
            ["3.7", "3.8"],
            ("hunspell",),
            [],
        ),
        (
            "Dockerfile",
            "FROM python:3.9-slim AS build\nRUN apt-get update && \\\n  apt-get install -y \\\n  libfoo-dev\n"
            "ENV A=b\nRUN pytest\n",
            ["3.9"],
            ("libfoo-dev",),
            [],
        ),
        (
            ".devcontainer/devcontainer.json",
            '{\n// comment\n"image": "mcr.example/devcontainers/python:1-3.12-bookworm",\n}',
            ["3.12"],
            (),
            [],
        ),
        (
            "docker-compose.yml",
            "services:\n  mq: {image: 'elasticsearch:${TAG}'}\n  memcached: {build: .}\n",
            [],
            (),
            ["elasticsearch", "memcached"],
        ),
    ],
    ids=["travis", "circle", "gitlab", "azure", "dockerfile", "devcontainer", "compose"],
)
def test_other_systems(
    path: str, text: str, versions: list[str], packages: tuple[str, ...], services: list[str]
) -> None:
    found = jobs({path: text})
    assert [cited.value for job in found for cited in job.interpreters] == versions
    assert suggested_packages(found) == packages
    assert list(suggested_services(found)) == services


def test_the_declaration_carries_suggestions_that_do_not_change_its_key() -> None:
    manifest = {"setup.py": "from setuptools import setup\nsetup(name='x')\n"}
    tests = {"tests/test_x.py": "import os\nos.environ['THING_URL']\n", "more.txt": "six\n"}
    plain = declared(manifest | tests)
    found = declared(manifest | tests | {".github/workflows/ci.yml": WORKFLOW})
    assert found.suggested_services == ("memcached", "postgresql", "redis")
    assert found.suggested_packages == ("libxml2-dev", "graphviz", "memcached")
    assert found.suggested_env == {"POSTGRES_USER": "me", "THING_URL": "redis://localhost"}
    assert texts(found) == ["six", "mock>=4", "pytest"], "the last resort: what the test job installs"
    assert texts(plain) == ["pytest"]
    same = found.model_copy(update={"suggested_services": (), "suggested_packages": (), "suggested_env": {}})
    assert same.key == found.key


def test_what_ci_installs_counts_only_when_nothing_else_is_listed() -> None:
    files = {
        "setup.py": "from setuptools import setup\nsetup(name='x', tests_require=['nose'])\n",
        ".travis.yml": "install: ['if x; then pip install futures; fi', pip install mock]\nscript: pytest\n",
    }
    assert texts(declared(files)) == ["nose", "pytest"]
    del files["setup.py"]
    assert texts(declared(files)) == ["mock", "pytest"]


@pytest.mark.parametrize(
    ("files", "first"),
    [
        ({".travis.yml": "python: [3.6, 3.7]\nscript: pytest\n"}, "3.7"),
        ({"tox.ini": "[tox]\nenvlist = py{36,38}-test, lint\n"}, "3.8"),
        ({"runtime.txt": "python-3.8.12\n"}, "3.8"),
        ({"Dockerfile": "FROM python:3.7\n"}, "3.7"),
        ({"pyproject.toml": "[[tool.hatch.envs.test.matrix]]\npython = ['3.7', '3.9']\n"}, "3.9"),
        ({".travis.yml": "python: [3.4]\nscript: pytest\n"}, "3.10"),
        ({".travis.yml": "python: [3.7]\nscript: flake8\n"}, "3.10"),
    ],
    ids=["travis", "tox", "runtime", "dockerfile", "hatch", "too old", "no tests"],
)
def test_an_interpreter_that_maintainers_test_with_comes_first(files: dict[str, str], first: str) -> None:
    setup = {"setup.py": "from setuptools import setup\nsetup(name='x')\n"}
    assert declared(setup | files).interpreters[0] == first
    classified = {"setup.cfg": "[metadata]\nclassifiers =\n  Programming Language :: Python :: 3.9\n"}
    assert declared(setup | files | classified).interpreters[0] == "3.9", "classifiers decide"


@pytest.mark.parametrize(
    ("script", "apt", "pip"),
    [
        ("if x; then sudo -E apt-get -y install a1 b2; fi", ("a1", "b2"), ()),
        ("apt install $(cat list) 'c d' e3/stable", ("e3",), ()),
        ("python3 -m pip install --no-deps six && echo done", (), ("--no-deps", "six")),
        ("uv pip install -e '.[test]'", (), ("-e", ".[test]")),
        ("npm install pip", (), ()),
        ("apt-get update # install nothing", (), ()),
    ],
)
def test_shell_text(script: str, apt: tuple[str, ...], pip: tuple[str, ...]) -> None:
    found = list(calls(script))
    assert tuple(name for call in found for name in apt_packages(call)) == apt
    assert tuple(word for call in found for word in pip_words(call)) == pip


@given(st.text(alphabet="ab= \\'\"$(){}&|;\n#`-./", max_size=60))
def test_any_shell_text_is_read_without_an_error(text: str) -> None:
    for call in calls(text):
        assert call.words
        assert not any(
            "$(" in word or "\n" in word for word in call.words[:1] if "'" not in text and '"' not in text
        )


@given(
    st.text(max_size=80),
    st.sampled_from([".travis.yml", ".github/workflows/a.yml", ".gitlab-ci.yml", "Dockerfile"]),
)
def test_any_file_is_read_without_an_error(text: str, path: str) -> None:
    assert isinstance(jobs({path: text}), tuple)


@pytest.mark.parametrize(
    "text", ["&a [*a]", "jobs: {a: &b {steps: [*b]}}", "jobs: 3", "env: {a: {b: c}}", "[]"]
)
def test_odd_documents(text: str) -> None:
    assert isinstance(jobs({".github/workflows/a.yml": text, ".travis.yml": text}), tuple)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("postgres:15-alpine", "postgresql"),
        ("docker.example:5000/library/mariadb@sha256:aa", "mysql"),
        ("redis-server", "redis"),
        ("bitnami/rabbitmq", "rabbitmq"),
        ("opensearchproject/opensearch:2", "elasticsearch"),
        ("docker", ""),
        ("xvfb", ""),
    ],
)
def test_names_of_services(image: str, name: str) -> None:
    assert service_name(image) == name
