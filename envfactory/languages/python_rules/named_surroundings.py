"""What maintainers' CI and container files suggest around the tests: packages, services, variables.

Suggestions only: repairs try them when something is missing.  Only constants are taken, and no variable that
steers CI itself, an installer, a coverage tool or the test runner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from envfactory.languages.python_rules.ci_workflows import Job

SERVICES: tuple[tuple[str, str], ...] = (
    (r"redis|valkey|keydb", "redis"),
    (r"postgres|postgis|timescale|pgvector|^pg$", "postgresql"),
    (r"mysql|mariadb|percona", "mysql"),
    (r"memcached?\b", "memcached"),
    (r"rabbit", "rabbitmq"),
    (r"mongo", "mongodb"),
    (r"elastic|opensearch", "elasticsearch"),
)
"""Pattern of an image's or service's name -> the name it goes by here."""

SERVER_PACKAGES = re.compile(
    r"redis(?:-server)?|postgresql(?:-[\d.]+)?|mysql-server\S*|mariadb-server\S*|memcached|rabbitmq-server"
    r"|mongodb(?:-server|-org)?|elasticsearch"
)
SERVICE_VARIABLES = re.compile(r"(?:POSTGRES|PG|MYSQL|MARIADB|REDIS|RABBITMQ|MONGO|ELASTIC)[A-Z_]*")
LEFT_OUT = re.compile(
    r"PATH|LD_\w+|HOME|USER|SHELL|PWD|LANG|LC_\w+|TERM|TZ|CI|CI_\w+|COLOR|\w*COLOR|COVERALLS\w*|COVERAGE\w*|COV_\w+"
    r"|CODECOV\w*|PIP\w*|PYTEST\w*|PY_COLORS|TOX\w*|NOX\w*|CIBW\w*|GITHUB\w*|GH_\w+|TRAVIS\w*|CONDA\w*|CACHE\w*"
    r"|PYTHON\w*|UV_\w+|POETRY\w*|HATCH\w*|SETUPTOOLS\w*|VIRTUAL\w*|DEBIAN_FRONTEND|TWINE\w*|PRE_COMMIT\w*"
    r"|\w*TOKEN\w*|\w*SECRET\w*|\w*API_?KEY\w*|\w*CREDENTIAL\w*|DEPENDS|OPTIONS|VERSION|PY|PYVER|OS|ARCH|NAME"
    r"|LINT|DOCS?|MAKEFLAGS|CC|CXX|CFLAGS|CXXFLAGS|LDFLAGS|IMAGE\w*|DOCKER\w*|BUILD_\w+|WHEEL\w*|MINICONDA\w*"
)


def ranked(jobs: Iterable[Job]) -> list[Job]:
    """Those that test first, and of these the ones that need the least."""
    return sorted(jobs, key=lambda job: (not job.about_tests, len(job.services)))


def suggested_packages(jobs: Iterable[Job]) -> tuple[str, ...]:
    """Debian packages that any of them installs, each once."""
    found = (
        name for job in ranked(jobs) for name in job.packages if re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)
    )
    return tuple(dict.fromkeys(found))


def suggested_services(jobs: Iterable[Job]) -> dict[str, Job]:
    """Name of a service -> the first job that uses it."""
    found: dict[str, Job] = {}
    for job in ranked(jobs):
        servers = [name for name in job.packages if SERVER_PACKAGES.fullmatch(name)]
        for text in (*job.services, *servers):
            if name := service_name(text):
                found.setdefault(name, job)
    return dict(sorted(found.items()))


def service_name(text: str) -> str:
    """``docker.example/library/postgres:15-alpine`` is ``postgresql``; empty for any other image."""
    name = re.split(r"[:@]", text.rpartition("/")[2])[0].lower()
    whole = text.lower().partition(":")[0]
    return next(
        (known for pattern, known in SERVICES if re.search(pattern, name) or name == known), ""
    ) or next(
        (known for pattern, known in SERVICES if "/" in whole and re.search(pattern, whole.split("/")[-2])),
        "",
    )


def job_env(jobs: Sequence[Job]) -> dict[str, str]:
    """Variables of the job that tests with the least around it, its steps' own among them."""
    for job in [job for job in ranked(jobs) if job.about_tests][:1]:
        steps = {name: value for step in job.steps for name, value in step.env.items()}
        return useful({**job.env, **steps})
    return {}


def service_env(jobs: Iterable[Job]) -> dict[str, str]:
    """Variables of the containers of services: users, passwords and names of databases."""
    found: dict[str, str] = {}
    for job in ranked(jobs):
        for name, value in job.service_env.items():
            if SERVICE_VARIABLES.fullmatch(name):
                found.setdefault(name, value)
    return useful(found)


def useful(env: Mapping[str, str]) -> dict[str, str]:
    """Constants that say something to the tests, by name."""
    return {
        name: value
        for name, value in sorted(env.items())
        if not LEFT_OUT.fullmatch(name) and not re.search(r"[$`{]|\(\(", value) and len(value) <= 200
    }
