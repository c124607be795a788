"""Every interpreter that this machine can give works in its container: libraries, headers, venvs."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from envfactory.builder import interpreters, providers, relocation
from envfactory.builder.interpreters import ensure_toolchain
from envfactory.errors import BuildError, PrerequisiteError
from envfactory.records import Limits
from envfactory.workspace import user_cache

VERSIONS = ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]

CHECK = """
import bz2, ctypes, json, lzma, readline, sqlite3, ssl, sys, sysconfig, uuid, venv, zlib
paths = sysconfig.get_paths()
build = sysconfig.get_config_vars()
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "prefix": sys.prefix,
    "stdlib": paths["stdlib"],
    "foreign": sorted(k for k, v in build.items() if ".pyenv" in str(v)),
    "tls": ssl.OPENSSL_VERSION,
}))
"""
EXTENSION = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "tiny", 0, -1, methods};
PyMODINIT_FUNC PyInit_tiny(void) { return PyModule_Create(&module); }
"""
SCRIPT = """
set -eu
mkdir /tmp/x; cd /tmp/x
include=$("$1" -c 'import sysconfig; print(sysconfig.get_path("include"))')
suffix=$("$1" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
gcc -shared -fPIC -I"$include" /tmp/tiny.c -o "tiny$suffix"
"$1" -c 'import tiny; print(tiny.answer())'
uv venv -q --offline --python "$1" /opt/env
uv pip install -q --offline --no-deps --python /opt/env/bin/python /tmp/hello-1-py3-none-any.whl
"$1" -m venv /tmp/pipped
/tmp/pipped/bin/pip --version >/dev/null
bash -c 'command -v python'; bash -lc 'command -v python'; bash -ic 'command -v python' 2>/dev/null
python -c 'import hello, sys; print(hello.__cached__ is not None, "%d.%d" % sys.version_info[:2])'
locale -a | tr '\\n' ' '
"""


def _wheel() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as wheel:
        wheel.writestr("hello.py", "GREETING = 'hello'\n")
        wheel.writestr("hello-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: hello\nVersion: 1\n")
        wheel.writestr(
            "hello-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("hello-1.dist-info/RECORD", "")
    return data.getvalue()


@pytest.mark.docker
@pytest.mark.parametrize("version", VERSIONS)
def test_an_interpreter_is_complete(version: str) -> None:
    from envfactory.engine import connect

    engine = connect()
    try:
        toolchain = ensure_toolchain(engine, user_cache(), [version])
    except BuildError as error:
        pytest.skip(str(error))
    assert toolchain.full_version.startswith(f"{version}.")
    with engine.container(toolchain.image, limits=Limits(), workdir="/") as container:
        container.put({"/tmp/tiny.c": EXTENSION.encode(), "/tmp/hello-1-py3-none-any.whl": _wheel()})
        checked = container.exec([toolchain.executable, "-c", CHECK])
        assert checked.exit_code == 0, checked.stderr
        facts = json.loads(checked.stdout)
        assert facts["version"] == version
        # A Debian suite's own interpreter lives in /usr, whatever path leads to it.
        home = "/usr" if toolchain.provider == "suite" else str(Path(toolchain.executable).parent.parent)
        assert facts["prefix"] == home
        assert facts["stdlib"].startswith(facts["prefix"])
        assert facts["foreign"] == []
        built = container.exec(["bash", "-c", SCRIPT, "check", toolchain.executable], timeout=120)
        assert built.exit_code == 0, built.stderr
        lines = built.stdout.split("\n")
        assert lines[:5] == ["42", *["/opt/env/bin/python"] * 3, f"True {version}"]
        assert "en_US.utf8" in lines[5]


@pytest.mark.docker
def test_a_version_that_nobody_has_says_whom_it_asked(tmp_path: Path) -> None:
    from envfactory.engine import connect

    with pytest.raises(BuildError) as caught:
        ensure_toolchain(connect(), tmp_path, ["3.99"])
    assert caught.value.cause == "no_interpreter"
    assert "pyenv has no 3.99" in str(caught.value)
    assert "pyenv" in caught.value.hint


def test_the_newest_patch_release_of_pyenv_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("3.9.2", "3.9.18", "3.9-dev", "3.10.1"):
        binary = tmp_path / "versions" / name / "bin" / "python3.9"
        binary.parent.mkdir(parents=True)
        binary.touch()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    recipe = providers.host(None, "3.9", tmp_path)  # type: ignore[arg-type]
    assert recipe.tree == tmp_path / "versions" / "3.9.18"
    with pytest.raises(providers.Unavailable):
        providers.host(None, "3.8", tmp_path)  # type: ignore[arg-type]


def test_relocation_trims_and_replaces_the_old_path(tmp_path: Path) -> None:
    prefix, copy = tmp_path / "old", tmp_path / "copy"
    stdlib = prefix / "lib" / "python3.9"
    for path in ("bin/python3.9", "bin/pip", "include/python3.9/Python.h", "lib/libpython3.9.a"):
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_text(f"#!{prefix}/bin/python3.9\n")
    for path in (
        "os.py",
        "test/test_os.py",
        "test/support/__init__.py",
        "json/tests/x.py",
        "unittest/case.py",
    ):
        (stdlib / path).parent.mkdir(parents=True, exist_ok=True)
        (stdlib / path).write_text(f"where = {str(prefix)!r}\n")
    (stdlib / "site-packages" / "private").mkdir(parents=True)
    relocation.relocate(prefix, copy, "/opt/python/3.9")
    found = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert found == {
        "bin/python3.9",
        "include/python3.9/Python.h",
        "lib/python3.9/os.py",
        "lib/python3.9/test/support/__init__.py",
        "lib/python3.9/unittest/case.py",
    }
    assert (copy / "bin/python3.9").read_text() == "#!/opt/python/3.9/bin/python3.9\n"
    assert not any(str(prefix) in path.read_text() for path in copy.rglob("*") if path.is_file())
    assert list((copy / "lib/python3.9/site-packages").iterdir()) == []


def test_missing_patchelf_is_a_prerequisite_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old" / "bin").mkdir(parents=True)
    (tmp_path / "old" / "include").mkdir()
    (tmp_path / "old" / "lib").mkdir()
    (tmp_path / "old" / "bin" / "python3.9").write_bytes(b"\x7fELF" + str(tmp_path / "old").encode())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError) as caught:
        relocation.relocate(tmp_path / "old", tmp_path / "new", "/opt/python/3.9")
    assert "apt-get install patchelf" in caught.value.hint


def test_equal_recipes_have_equal_tags() -> None:
    one = interpreters.toolchain_tag("3.8", "uv", "envfactory/base:bookworm-1")
    assert one == interpreters.toolchain_tag("3.8", "uv", "envfactory/base:bookworm-1")
    assert one != interpreters.toolchain_tag("3.8", "host", "envfactory/base:bookworm-1")
    assert one.startswith("envfactory/python:3.8-")
