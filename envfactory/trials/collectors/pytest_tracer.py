"""A pytest plug-in that writes which lines of some files a run of the tests reaches.

Stands in the collector's place in a run of its own whose outcomes nobody reads: it is no part of any
grading.  ``<name>.json`` says where to write, the variable ``ENVFACTORY_TRACED`` which files of the
repository to look at, as a JSON list.  Sees threads, not other processes.

For Python 3.6 to 3.14 and pytest 3.0 to 9.  PYTEST_DONT_REWRITE
"""

# ruff: noqa: UP006, UP035, UP045, PTH100, PTH118, PTH120, PTH122, PTH123
import dis
import json
import os
import sys
import threading
from typing import Any, Dict, Iterator, Optional, Set

import pytest


class Tracer:
    """Lines reached so far, by file."""

    def __init__(self, settings: Dict[str, Any]) -> None:
        self.report = str(settings["report"])
        self.root = os.path.realpath(str(settings["root"]))
        traced = json.loads(os.environ.pop("ENVFACTORY_TRACED", "[]"))
        self.lines: Dict[str, Set[int]] = {os.path.join(self.root, path): set() for path in traced}
        self.known: Dict[str, Optional[Set[int]]] = {}

    def look_back(self) -> None:
        """What is imported already, for the runner's own needs: its lines outside functions have run."""
        for module in list(sys.modules.values()):
            path = os.path.realpath(str(getattr(module, "__file__", None) or ""))
            if path in self.lines:
                with open(path, "rb") as file:
                    self.lines[path].update(_outside_functions(compile(file.read(), path, "exec")))

    def on_call(self, frame: Any, event: str, argument: Any) -> Any:
        """Follow only frames of the files in question."""
        name = frame.f_code.co_filename
        if name not in self.known:
            self.known[name] = self.lines.get(os.path.realpath(name))
        lines = self.known[name]
        if lines is None:
            return None

        def on_line(frame: Any, event: str, argument: Any) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return on_line

        lines.add(frame.f_lineno)
        return on_line

    def start(self) -> None:
        """Trace from here on, in new threads too."""
        if sys.gettrace() is None:
            threading.settrace(self.on_call)
            sys.settrace(self.on_call)

    def write(self) -> None:
        """Replace the report by what is known now."""
        found = {os.path.relpath(path, self.root): sorted(lines) for path, lines in self.lines.items()}
        with open(self.report, "w") as file:
            json.dump(found, file)


def _outside_functions(code: Any) -> Iterator[int]:
    """Lines of a module and of the bodies of its classes."""
    for _, line in dis.findlinestarts(code):
        if line is not None:
            yield line
    for constant in code.co_consts:
        if hasattr(constant, "co_flags") and not constant.co_flags & 1:  # CO_OPTIMIZED: functions alone
            for line in _outside_functions(constant):
                yield line


def _load() -> Optional[Tracer]:
    path = os.path.splitext(os.path.abspath(__file__))[0]
    try:
        with open(path + ".json") as file:
            settings = json.load(file)
    except OSError:
        return None
    folder = os.path.dirname(path)
    sys.path[:] = [place for place in sys.path if os.path.abspath(place or ".") != folder]
    os.environ.pop("PYTHONPATH", None)
    os.environ.update({"PYTHONPATH": settings["pythonpath"]} if settings["pythonpath"] else {})
    tracer = Tracer(settings)
    tracer.look_back()
    tracer.start()
    return tracer


TRACER = _load()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: Any) -> None:
    """Tests before this one may have switched tracing off."""
    if TRACER is not None:
        TRACER.start()


def pytest_runtest_teardown(item: Any) -> None:
    """What a later test breaks must not lose what is known by now."""
    if TRACER is not None:
        TRACER.write()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: Any) -> None:
    """The whole; what runs while the interpreter ends is not looked at."""
    if TRACER is not None:
        threading.settrace(None)
        sys.settrace(None)
        TRACER.write()
