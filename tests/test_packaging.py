"""The wheel: what it brings, what it leaves out, and that it runs far from the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]
SHIPPED = ("envfactory", "miners", "dockerfiles")
BUILT_FROM = (*SHIPPED, "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "cli.py")


def pip(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True, timeout=300)


def output(*command: str | Path) -> str:
    """Standard output of a command run far from the checkout."""
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that the checkout gains no build folder and lends no stale one."""
    work = tmp_path_factory.mktemp("wheel")
    source = work / "source"
    source.mkdir()
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    pip("wheel", "--no-deps", "--wheel-dir", work, source)
    (built,) = work.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def wheel_names(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def test_prompts_are_brought(wheel_names: frozenset[str]) -> None:
    prompts = {str(path.relative_to(ROOT)) for path in (ROOT / "envfactory").rglob("prompts/*.md")}
    assert prompts and prompts <= wheel_names


def test_site_packages_gains_only_envfactory(wheel_names: frozenset[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"envfactory"}
    assert len(tops) == 2


def test_packages_match_the_tree() -> None:
    found = set()
    for top in SHIPPED:
        for init in (ROOT / top).rglob("__init__.py"):
            parts = init.parent.relative_to(ROOT).parts
            found.add(".".join(parts if top == "envfactory" else ("envfactory", *parts)))
    assert sorted(found) == sorted(SETUPTOOLS["packages"])


def test_every_file_is_inside(wheel_names: frozenset[str]) -> None:
    """Modules, templates, collectors, scripts of the bundle: what lies beside the code is in the wheel."""
    for top in SHIPPED:
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                inside = path.relative_to(ROOT).as_posix()
                assert (inside if top == "envfactory" else f"envfactory/{inside}") in wheel_names


def test_an_installed_wheel_runs(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip("--python", python, "install", "--no-deps", wheel)
    # The dependencies are those of this interpreter; a path named in a .pth file brings no .pth of its
    # own, so that the editable install of the checkout stays out.
    ours = sysconfig.get_path("purelib")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / "venv" / "lib" / f"python{version}" / "site-packages" / "borrowed.pth").write_text(ours)
    assert PROJECT["project"]["version"] in output(tmp_path / "venv" / "bin" / "envfactory", "--version")
    code = "from envfactory import miners; print(miners.__file__, sorted(miners.MINERS))"
    where = output(python, "-c", code)
    assert where.startswith(str(tmp_path))
    assert "history" in where


def test_the_checkout_has_a_front_door() -> None:
    assert PROJECT["project"]["version"] in output(sys.executable, ROOT / "cli.py", "--version")
