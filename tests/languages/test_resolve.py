"""A small project resolved for real: container, dated index, lock and install steps."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envfactory.errors import BuildError, StageError
from envfactory.languages import python
from envfactory.languages.declaration import Declaration, Requirement, Resolution, ResolveRequest
from envfactory.languages.python_rules.install import BUILD_LOCK, RUNTIME_LOCK
from envfactory.records import Evidence, Toolchain
from tests.languages.trees import MemoryTree

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.timemachine import TimeMachine

pytestmark = pytest.mark.docker

CUTOFF = datetime(2021, 3, 1, tzinfo=UTC)
SETUP = {
    "setup.py": "from setuptools import setup\n"
    "setup(name='small', version='1', py_modules=['small'], install_requires=['six'],\n"
    "      extras_require={'test': ['pretend']})\n",
    "small.py": "import six\n",
}
FLIT = {
    "pyproject.toml": "[build-system]\nrequires = ['flit_core>=2']\nbuild-backend = 'flit_core.buildapi'\n"
    "[tool.flit.metadata]\nmodule = 'small'\nauthor = 'a'\nauthor-email = 'a@example.invalid'\n"
    "requires = ['six']\nrequires-extra.test = ['pretend']\n",
    "small.py": "'''Small.'''\n__version__ = '1'\n",
}


@pytest.fixture(scope="module")
def toolchain(engine: Engine) -> Toolchain:
    from envfactory.builder.interpreters import ensure_toolchain
    from envfactory.workspace import user_cache

    return ensure_toolchain(engine, user_cache(), ("3.8", "3.9"))


@pytest.fixture(scope="module")
def index(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeMachine]:
    from envfactory.timemachine import TimeMachine

    with TimeMachine.for_engine(engine, tmp_path_factory.mktemp("index")) as machine:
        try:
            machine.releases("pypi", "six")
        except (StageError, OSError) as error:
            pytest.skip(f"no package index: {error}")
        yield machine


@pytest.fixture
def request_for(tmp_path: Path, engine: Engine, index: TimeMachine, toolchain: Toolchain):
    def make(files: dict[str, str]) -> ResolveRequest:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        source, bundle = folder / "source", folder / "source.bundle"
        for name, text in files.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text)
        git = ["git", "-C", str(source), "-c", "user.name=a", "-c", "user.email=a@example.invalid"]
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", "base"], check=True)
        subprocess.run([*git, "bundle", "create", "-q", str(bundle), "HEAD", "main"], check=True)
        return ResolveRequest(engine, index, toolchain, bundle, CUTOFF, tmp_path / "resolve.log")

    return make


def declared(files: dict[str, str], *more: str) -> Declaration:
    tree = MemoryTree(files)
    found = python.declare(tree, tree, CUTOFF)  # type: ignore[arg-type]
    evidence = Evidence(choice="requirement", value="by the test")
    items = [Requirement(text=text, group="test", mandatory=False, evidence=evidence) for text in more]
    return found.model_copy(update={"requirements": (*found.requirements, *items)})


def versions(found: Resolution, role: str) -> dict[str, str]:
    return {item.name: item.version for item in found.dependencies if item.role == role}


@pytest.mark.parametrize(("files", "back_end"), [(SETUP, "setuptools"), (FLIT, "flit-core")])
def test_a_project_is_locked_as_of_the_date(files: dict[str, str], back_end: str, request_for) -> None:
    found = python.resolve(declared(files), request_for(files))
    runtime = versions(found, "runtime")
    assert runtime["six"] == "1.15.0"
    assert runtime["pytest"] == "6.2.2"
    assert "pretend" in runtime and "small" not in runtime
    assert back_end in versions(found, "build")
    assert all(
        item.upload_time and item.upload_time <= CUTOFF
        for item in found.dependencies
        if item.role == "runtime"
    )
    assert "six==1.15.0 \\\n    --hash=sha256:" in found.lock_files[RUNTIME_LOCK]
    assert back_end in found.lock_files[BUILD_LOCK]
    assert found.install_steps == found.rebuild_steps
    assert python.resolve(declared(files), request_for(files)) == found


def test_what_cannot_be_had_is_dropped_with_evidence(request_for) -> None:
    found = python.resolve(declared(SETUP, "no-such-project-of-anybody", "mock"), request_for(SETUP))
    assert "mock" in versions(found, "runtime")
    assert [item.value for item in found.evidence if item.choice == "dropped"] == [
        "no-such-project-of-anybody"
    ]


def test_where_both_trees_exclude_each_other_the_merged_one_is_right(request_for) -> None:
    """A pull request that moves its tools to their next major versions; its requirements are read last."""
    files = SETUP | {"setup.py": SETUP["setup.py"].replace("'pretend'", "'pretend', 'pytest'")}
    asked = ("pytest<5", "mock<4", "pytest>=6", "mock>=4")
    found = python.resolve(declared(files, *asked), request_for(files))
    assert versions(found, "runtime").items() >= {"pytest": "6.2.2", "mock": "4.0.3"}.items()
    assert {item.value for item in found.evidence if item.choice == "dropped"} == {"pytest<5", "mock<4"}


def test_a_setup_script_that_fails_leaves_the_import_path(request_for) -> None:
    files = SETUP | {"setup.py": SETUP["setup.py"] + "raise SystemExit('not here')\n"}
    with pytest.raises(BuildError) as error:
        python.resolve(declared(files), request_for(files))
    assert error.value.cause == "project_does_not_build"
    assert "not here" in error.value.log
    found = python.resolve(declared(files).model_copy(update={"ways_tried": 9}), request_for(files))
    assert {"six", "pretend", "pytest"} <= set(versions(found, "runtime"))
    assert "project.pth" in found.install_steps[0]
    assert any(item.value == "static" for item in found.evidence)


def test_an_impossible_runner_is_an_error(request_for) -> None:
    declaration = declared(SETUP)
    item = declaration.requirements[-1].model_copy(update={"text": "pytest==99"})
    with pytest.raises(BuildError) as error:
        python.resolve(declaration.model_copy(update={"requirements": (item,)}), request_for(SETUP))
    assert error.value.cause == "resolve_failed"
    assert "pytest" in error.value.log


def test_a_release_that_is_a_bzip2_archive_only_is_found(request_for) -> None:
    found = python.resolve(declared(FLIT, "twisted==18.9.0"), request_for(FLIT))
    assert versions(found, "runtime")["twisted"] == "18.9.0"
    assert not found.dropped


def test_the_runner_is_never_older_than_what_the_collector_needs(request_for) -> None:
    early = replace(request_for(SETUP), cutoff=datetime(2015, 3, 1, tzinfo=UTC))
    assert versions(python.resolve(declared(SETUP), early), "runtime")["pytest"] == "3.0.7"


def test_a_project_of_a_strange_version_keeps_its_extras(request_for) -> None:
    strange = SETUP | {"setup.py": SETUP["setup.py"].replace("version='1'", "version='None'")}
    runtime = versions(python.resolve(declared(strange), request_for(strange)), "runtime")
    assert {"six", "pretend", "pytest"} <= runtime.keys()


def test_an_old_setup_script_fetches_what_it_needs_from_the_same_index(request_for) -> None:
    """By the easy_install of the time, which reads no variable."""
    needy = SETUP | {
        "setup.py": "from setuptools.dist import Distribution\n"
        "found = Distribution()\nfound.parse_config_files()\n"
        "found.fetch_build_eggs(['incremental'])\n" + SETUP["setup.py"],
        "pyproject.toml": "[build-system]\nrequires = ['setuptools<42', 'wheel']\n",
    }
    found = python.resolve(declared(needy), request_for(needy))
    assert "pretend" in versions(found, "runtime")
    assert not any(item.choice == "metadata" for item in found.evidence)
