"""The collector under this environment's pytest, on tiny projects that do everything that tests do."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from envfactory.trials.collectors.report_lines import read
from envfactory.trials.staging import sources_of

KEY, NONCE = b"k" * 32, "n"

EVERYTHING = """
import os, time, unittest, pytest
def test_ok(): pass
def test_bad(): assert 1 == 2, "nope"
@pytest.mark.parametrize("x", ["a b", "c - d"])
def test_par(x): assert x
@pytest.fixture
def boom(): raise RuntimeError("in setup")
def test_setup(boom): pass
@pytest.fixture
def after():
    yield
    raise RuntimeError("in teardown")
def test_teardown(after): pass
def test_both(after): assert 0
@pytest.mark.xfail
def test_xf(): assert 0
@pytest.mark.xfail
def test_xp(): pass
@pytest.mark.xfail(strict=True)
def test_strict(): pass
def test_imperative(): pytest.xfail("later")
def test_skip(): pytest.skip("why not")
def test_slow(): time.sleep(30)
def test_forks():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
class TestU(unittest.TestCase):
    def test_u(self): pass
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
    @unittest.expectedFailure
    def test_ef(self): self.fail()
    @unittest.expectedFailure
    def test_eus(self): pass
"""
OUTCOMES = {
    "test_ok": "passed",
    "test_bad": "failed",
    "test_par[a b]": "passed",
    "test_par[c - d]": "passed",
    "test_setup": "error",
    "test_teardown": "error",
    "test_both": "failed",
    "test_xf": "xfailed",
    "test_xp": "xpassed",
    "test_strict": "failed",
    "test_imperative": "xfailed",
    "test_skip": "skipped",
    "test_slow": "timeout",
    "test_forks": "passed",
    "TestU::test_u": "passed",
    "TestU::test_sub": "failed",
    "TestU::test_ef": "xfailed",
    "TestU::test_eus": "failed",
}


class Run:
    """One pytest process with the collector, and what it reported."""

    def __init__(self, place: Path, *args: str, limit: float = 1.0, cwd: str = ".") -> None:
        folder = place.parent / "collector"
        folder.mkdir()
        for name, source in sources_of("pytest_collector.py").items():
            (folder / name.replace("pytest_collector", "secret")).write_bytes(source)
        (folder / "secret.key").write_bytes(KEY)
        settings = {"report": str(folder / "report"), "nonce": NONCE, "root": str(place)}
        (folder / "secret.json").write_text(json.dumps({**settings, "test_seconds": limit, "pythonpath": ""}))
        env = {**os.environ, "PYTHONPATH": str(folder), "PYTEST_ADDOPTS": ""}
        for name in [name for name in env if name.startswith(("PYTEST_XDIST", "COV_"))]:
            del env[name]
        self.process = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "secret", "-p", "no:cacheprovider", *args],
            cwd=place / cwd,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.data = (folder / "report").read_bytes() if (folder / "report").exists() else b""
        self.lines = read(self.data, KEY, NONCE)
        assert not self.lines["tampered"]
        assert not (folder / "secret.json").exists() and not (folder / "secret.key").exists()

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: result["outcome"] for name, result in self.lines["results"].items()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "testbed"
    place.mkdir()
    (place / "pytest.ini").write_text("[pytest]\n")
    return place


def write(place: Path, files: Mapping[str, str]) -> None:
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(content)


def test_every_outcome(project: Path) -> None:
    write(project, {"tests/test_all.py": EVERYTHING})
    run = Run(project, "tests/test_all.py")
    assert run.outcomes == {f"tests/test_all.py::{name}": word for name, word in OUTCOMES.items()}
    assert sorted(run.lines["collected"]) == sorted(run.outcomes) and run.lines["altered"] == []
    assert run.lines["end"] == run.process.returncode == 1 and run.lines["running"] == {}
    messages = {name: result["message"] for name, result in run.lines["results"].items()}
    assert "nope" in messages["tests/test_all.py::test_bad"]
    assert "in setup" in messages["tests/test_all.py::test_setup"]
    assert "why not" in messages["tests/test_all.py::test_skip"]
    assert "subtest" in messages["tests/test_all.py::TestU::test_sub"]


def test_modules_that_cannot_be_collected(project: Path) -> None:
    write(
        project,
        {
            "tests/test_a.py": "from json import nothing_here\n",
            "tests/test_b.py": "import pytest\npytest.importorskip('not_there')\n",
            "tests/test_c.py": "def test_c(): pass\n",
            "tests/test_d.py": "def broken(:\n",
        },
    )
    run = Run(project, "--continue-on-collection-errors", *(f"tests/test_{x}.py" for x in "abcd"))
    assert run.outcomes == {"tests/test_c.py::test_c": "passed"}
    assert sorted(run.lines["uncollectable"]) == ["tests/test_a.py", "tests/test_d.py"]
    assert "nothing_here" in run.lines["uncollectable"]["tests/test_a.py"]
    assert "not_there" in run.lines["module_skipped"]["tests/test_b.py"]


@pytest.mark.parametrize(
    "body",
    ["import os; os._exit(0)", "import ctypes; ctypes.string_at(0)", "import os; os.kill(os.getpid(), 9)"],
)
def test_a_crash_leaves_a_usable_report(project: Path, body: str) -> None:
    write(project, {"test_x.py": f"def test_1(): pass\ndef test_2(): {body}\ndef test_3(): pass\n"})
    run = Run(project, "test_x.py")
    assert run.outcomes == {"test_x.py::test_1": "passed"}
    assert run.lines["running"]["id"] == "test_x.py::test_2" and run.lines["end"] is None
    assert run.lines["collected"] == [f"test_x.py::test_{number}" for number in (1, 2, 3)]


def test_a_test_stuck_where_no_signal_is_heard_is_stopped_by_its_cpu_time(project: Path) -> None:
    body = "import signal; signal.pthread_sigmask(0, [signal.SIGALRM])\n    while True: pass"
    write(project, {"test_x.py": f"def test_1():\n    {body}\n"})
    run = Run(project, "test_x.py", limit=0.5)  # 2 s of CPU
    assert run.process.returncode == -signal.SIGPROF and run.lines["running"]["id"] == "test_x.py::test_1"


def test_ids_are_relative_to_the_repository_whatever_the_rootdir(project: Path) -> None:
    (project / "pytest.ini").unlink()
    write(
        project,
        {
            "sub/pytest.ini": "[pytest]\naddopts = --doctest-modules\n",
            "sub/tests/test_a.py": "def test_a(): pass\n",
            "sub/doc.py": "'''\n>>> 1\n1\n'''\n",
            "sub/bad.py": "import nothing_there\n",
        },
    )
    run = Run(project, "--continue-on-collection-errors", "sub/tests/test_a.py", "sub/doc.py", "sub/bad.py")
    assert "rootdir: " + str(project / "sub") in run.process.stdout
    assert run.outcomes == {"sub/tests/test_a.py::test_a": "passed", "sub/doc.py::doc": "passed"}
    assert list(run.lines["uncollectable"]) == ["sub/bad.py"]


def test_rootdir_elsewhere(project: Path, tmp_path: Path) -> None:
    write(project, {"tests/test_a.py": "def test_a(): pass\n"})
    (tmp_path / "far").mkdir()
    run = Run(project, f"--rootdir={tmp_path / 'far'}", "tests/test_a.py")
    assert run.outcomes == {"tests/test_a.py::test_a": "passed"}


def test_items_that_are_no_python(project: Path) -> None:
    conftest = """
import pytest
class Item(pytest.Item):
    def runtest(self): assert self.name != "bad"
    def reportinfo(self): return self.path, 0, self.name
class File(pytest.File):
    def collect(self):
        for line in self.path.read_text().split():
            yield Item.from_parent(self, name=line)
def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".yaml":
        return File.from_parent(parent, path=file_path)
"""
    write(project, {"conftest.py": conftest, "data/x.yaml": "good bad\n", "doc.rst": ">>> 1\n2\n"})
    run = Run(project, "--doctest-glob=*.rst", "data/x.yaml", "doc.rst")
    assert run.outcomes == {
        "data/x.yaml::good": "passed",
        "data/x.yaml::bad": "failed",
        "doc.rst::doc.rst": "failed",
    }


def test_options_that_hide_or_spread_are_undone(project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\naddopts = -x -n2 --dist=loadfile\n")
    write(project, {"test_x.py": "def test_1(): assert 0\ndef test_2(): assert 0\ndef test_3(): pass\n"})
    run = Run(project, "test_x.py")
    assert run.outcomes == {
        "test_x.py::test_1": "failed",
        "test_x.py::test_2": "failed",
        "test_x.py::test_3": "passed",
    }


def test_tests_that_break_the_tools_of_the_collector(project: Path) -> None:
    source = """
import json, os
def test_1(monkeypatch):
    for module, name in ((os, "write"), (os, "getpid"), (json, "dumps")):
        monkeypatch.setattr(module, name, None)
def test_2():
    os.closerange(100, 200)
def test_3():
    assert "secret" not in os.environ.get("PYTHONPATH", "")
"""
    write(project, {"test_x.py": source})
    run = Run(project, "test_x.py")
    assert list(run.outcomes.values()) == ["passed"] * 3 and run.lines["end"] == 0


def test_reruns_count_by_their_last_run(project: Path) -> None:
    conftest = """
import pytest
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):  # what pytest-rerunfailures does
    for left in (1, 0):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        failed = any(report.failed for report in reports)
        for report in reports:
            if report.failed and left:
                report.outcome = "rerun"
                item.ihook.pytest_runtest_logreport(report=report)
                break
            item.ihook.pytest_runtest_logreport(report=report)
        if not failed:
            break
    return True
"""
    source = (
        "seen = []\ndef test_1():\n    seen.append(1)\n    assert len(seen) > 1\ndef test_2(): assert 0\n"
    )
    write(project, {"conftest.py": conftest, "test_x.py": source})
    assert Run(project, "test_x.py").outcomes == {
        "test_x.py::test_1": "passed",
        "test_x.py::test_2": "failed",
    }


def test_a_usage_error_has_a_header_and_no_end(project: Path) -> None:
    run = Run(project, "--no-such-option", "test_x.py")
    assert run.lines["header"]["nonce"] == NONCE and run.lines["end"] is None and run.process.returncode == 4


def forged(run: Run) -> list[bytes]:
    lines = run.data.splitlines(keepends=True)
    unkeyed = b'0123456789abcdef {"t": "result", "id": "x", "outcome": "passed", "n": 1}\n'
    return [
        b"".join([lines[0], unkeyed, *lines[1:]]),
        b"".join([*lines[:-1]]) + unkeyed,
        b"".join([lines[0], *lines[2:]]),
        b"".join(lines) + lines[-1],
        b"".join(lines) + b"x",
        run.data.replace(b'"failed"', b'"passed"'),
        b"\0\n",
        b"garbage\n" * 3,
    ]


def test_forged_reports_are_noticed_and_cut_ones_are_read(project: Path) -> None:
    write(project, {"test_x.py": "def test_1(): assert 0\n"})
    run = Run(project, "test_x.py")
    for data in forged(run):
        found = read(data, KEY, NONCE)
        assert found["tampered"] and found["results"].get("test_x.py::test_1", {}).get("outcome") != "passed"
    assert read(run.data, KEY, "other")["tampered"] and read(run.data, b"other", NONCE)["tampered"]
    cut = read(run.data[:-5], KEY, NONCE)
    assert not cut["tampered"] and cut["end"] is None and cut["results"]
    assert not read(b"", KEY, NONCE)["tampered"]


def test_instances_of_old_pytest_are_not_part_of_an_id(tmp_path: Path) -> None:
    """Else no class's test is recognised in its source, and unchanged ones look like the fix."""
    from envfactory.trials.collectors.pytest_collector import Session

    (tmp_path / "test_a.py").touch()
    report = str(tmp_path / "report")
    session = Session({"report": report, "key": bytearray(KEY), "root": str(tmp_path), "test_seconds": 1})
    assert session.name("test_a.py::TestA::()::test_b[x y]") == "test_a.py::TestA::test_b[x y]"
    assert session.name("test_a.py::TestA::()") == "test_a.py::TestA"
    os.close(session.writer._fd)


def test_a_stolen_key_does_not_rewrite_the_past(project: Path) -> None:
    """The key that is in memory after a line is not the one under which the line was written."""
    steal = """
import gc, os
def test_1(): assert 0
def test_2():
    writer = next(x for x in gc.get_objects() if type(x).__name__ == "Writer" and hasattr(x, "_key"))
    with open(os.environ["STOLEN"], "wb") as file:
        file.write(bytes(writer._key))
"""
    write(project, {"test_x.py": steal})
    os.environ["STOLEN"] = str(project.parent / "stolen")
    try:
        run = Run(project, "test_x.py")
    finally:
        del os.environ["STOLEN"]
    stolen = (project.parent / "stolen").read_bytes()
    lines = run.data.splitlines(keepends=True)
    number = next(index for index, line in enumerate(lines) if b'"failed"' in line)
    text = lines[number].partition(b" ")[2].strip().replace(b'"failed"', b'"passed"')
    mac = hashlib.blake2b(text, digest_size=8, key=stolen).hexdigest().encode()
    found = read(b"".join([*lines[:number], mac + b" " + text + b"\n"]), KEY, NONCE)
    assert len(stolen) == 32 and found["tampered"] and not found["results"]


@pytest.mark.parametrize(
    "patch, name",
    [
        ("import _pytest.python\n_pytest.python.Function.runtest = lambda self: None", "Function.runtest"),
        ("import _pytest.runner as r\nr.call_and_report = lambda *a, **k: None", "call_and_report"),
        ("import unittest\nunittest.TestCase.assertEqual = lambda *a: None", "TestCase.assertEqual"),
        ("import builtins\nbuiltins.AssertionError = KeyError", "builtins.AssertionError"),
        (
            "import pluggy._manager as m\nm.PluginManager._hookexec.__code__ = (lambda *a: 1).__code__",
            "_hookexec",
        ),
    ],
)
def test_changes_of_the_runner_are_reported(project: Path, patch: str, name: str) -> None:
    write(project, {"program.py": patch + "\n", "test_x.py": "import program\ndef test_1(): pass\n"})
    run = Run(project, "test_x.py")
    assert any(found.endswith(name) for found in run.lines["altered"]) or run.lines["end"] is None
