"""The tracer under this environment's pytest: which lines of a file a run of its tests reaches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import threading


class Sum:
    start = 1

    def add(self, a):
        if a:
            return a + self.start
        return 0


def in_thread(found):
    thread = threading.Thread(target=found.append, args=(1,))
    thread.start()
    thread.join()


def never():
    return 1
"""
TESTS = """\
import sys
import threading
import program

def test_sum():
    assert program.Sum().add(1) == 2

def test_off():
    sys.settrace(None)

def test_on_again():
    found = []
    thread = threading.Thread(target=program.in_thread, args=(found,))
    thread.start()
    thread.join()
    assert found
"""
REACHED = {1, 4, 5, 7, 8, 9, 13, 14, 15, 16, 19}


@pytest.mark.parametrize("early", [False, True], ids=["imported by tests", "imported by the runner"])
def test_reached_lines(tmp_path: Path, early: bool) -> None:
    repo, folder = tmp_path / "repo", tmp_path / "trial"
    repo.mkdir()
    folder.mkdir()
    (repo / "program.py").write_text(PROGRAM)
    (repo / "early.py").write_text("import program\n")
    (repo / "test_program.py").write_text(TESTS)
    collectors = Path(__file__).resolve().parents[2] / "envfactory/trials/collectors"
    (folder / "p1.py").write_bytes((collectors / "pytest_tracer.py").read_bytes())
    settings = {"report": str(folder / "report"), "root": str(repo), "pythonpath": ""}
    (folder / "p1.json").write_text(json.dumps(settings))
    plugins = [*(["-p", "early"] if early else []), "-p", "p1", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            "/dev/null",
            "--rootdir",
            ".",
            *plugins,
            "test_program.py",
        ],
        cwd=repo,
        env={**os.environ, "PYTHONPATH": str(folder), "ENVFACTORY_TRACED": '["program.py", "absent.py"]'},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((folder / "report").read_text())
    assert told["absent.py"] == []
    assert set(told["program.py"]) - {0} == REACHED
