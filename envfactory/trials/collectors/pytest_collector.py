"""A pytest plug-in that writes what every test did, line by line, while it happens.

Loaded with ``-p`` from a directory outside the repository, under a random name.  Beside it lie its two
companions (``<name>_lines.py``, ``<name>_watch.py``), ``<name>.json`` (where to write, time limit) and
``<name>.key``; the last two are read and deleted before any code of the repository is imported.

For Python 3.6 to 3.14 and pytest 3.0 to 9.  Never decides what an outcome means.  PYTEST_DONT_REWRITE
"""

# ruff: noqa: UP006, UP035, UP045, PTH100, PTH108, PTH110, PTH118, PTH120, PTH122, PTH123, PTH206
import importlib
import json
import os
import signal
import sys
from typing import Any, Dict, Iterator, List, Optional, Set

import pytest

LINES: Any = importlib.import_module(__name__ + "_lines")
WATCH: Any = importlib.import_module(__name__ + "_watch")
FROZEN: Dict[str, Any] = {"maxfail": 0, "numprocesses": None, "dist": "no", "tx": [], "randomly_seed": 0}
OFF = ("looponfail", "lf", "failedfirst", "newfirst", "stepwise", "usepdb", "randomly_reorganize")
"""Options that stop a run early, spread it over processes or shuffle it, whoever asked for them."""

MESSAGE = 300


class Session:
    """All state of the plug-in; ``None`` where there is no settings file, e.g. in a worker process."""

    def __init__(self, settings: Dict[str, Any]) -> None:
        self.writer = LINES.Writer(settings["report"], settings["key"])
        self.watch = None  # type: Any
        self.root = str(settings["root"])
        self.limit = float(settings["test_seconds"])
        self.rootdir = self.root
        self.states: Dict[str, Dict[str, Any]] = {}  # test -> what is known of it between its phases
        self.names: Dict[str, str] = {}
        self.late: Set[str] = set()
        self.running = ""

    def name(self, nodeid: str, path: Any = None) -> str:
        """``nodeid`` without pytest 3's ``()`` of an instance, its file relative to the repository."""
        if nodeid in self.names:
            return self.names[nodeid]
        head, colons, rest = nodeid.replace("::()", "").partition("::")
        for place in (os.path.join(self.rootdir, head), str(path or "")):
            inside = os.path.relpath(place, self.root) if place else ".."
            if inside.split(os.sep)[0] != ".." and os.path.exists(place):
                return inside + colons + rest
        return head + colons + rest

    def finish(self, nodeid: str) -> None:
        """The last phase of a test is over: write its result."""
        state = self.states.pop(nodeid, None)
        if state is None:
            return
        outcome, message = state["outcome"], state["message"]
        if state["subtest"] is not None and outcome not in ("failed", "error"):
            outcome, message = "failed", state["subtest"]
        if nodeid in self.late and outcome in ("failed", "error"):
            outcome = "timeout"
        seconds = round(state["seconds"], 4)
        self.writer.put("result", id=self.name(nodeid), outcome=outcome, seconds=seconds, message=message)

    def look(self, whole: bool) -> None:
        """Report what was changed in the runner since it was loaded."""
        altered = self.watch.altered(whole) if self.watch else []
        if altered:
            self.writer.put("altered", names=altered)

    def arm(self, seconds: float) -> None:
        """Start (or with 0 stop) the limits of one test: wall clock softly, CPU time of stuck C code hard."""
        try:
            signal.signal(signal.SIGALRM, self.on_alarm if seconds else signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
            signal.setitimer(signal.ITIMER_PROF, seconds * 4)
        except ValueError:  # not the main thread: only the limit of the whole run is left
            pass

    def on_alarm(self, signum: int, frame: Any) -> None:
        """Fail the test that has used up its time."""
        if self.running:
            self.late.add(self.running)
            raise pytest.fail.Exception(f"time limit of {self.limit:g} s for one test", pytrace=False)


def _load() -> Optional[Session]:
    path = os.path.splitext(os.path.abspath(__file__))[0]
    try:
        with open(path + ".json") as file:
            settings = json.load(file)
        os.unlink(path + ".json")
        settings["key"] = LINES.take_key(path + ".key")
    except OSError:
        return None
    # The tests and what they start see the import path that they would have had without us.
    folder = os.path.dirname(path)
    sys.path[:] = [place for place in sys.path if os.path.abspath(place or ".") != folder]
    os.environ.pop("PYTHONPATH", None)
    os.environ.update({"PYTHONPATH": settings["pythonpath"]} if settings["pythonpath"] else {})
    session = Session(settings)
    session.writer.put("header", version=1, nonce=settings["nonce"], pytest=str(pytest.__version__))
    return session


SESSION = _load()


def pytest_load_initial_conftests() -> None:
    """The runner as it is now that its plug-ins are loaded, and no file of the repository is."""
    if SESSION is not None:
        SESSION.watch = WATCH.Watch()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Undo options that change what is run, and learn what node ids are relative to."""
    if SESSION is None:
        return
    for name, value in {**FROZEN, **dict.fromkeys(OFF, False)}.items():
        if hasattr(config.option, name):
            setattr(config.option, name, value)
    SESSION.rootdir = str(getattr(config, "rootpath", None) or config.rootdir)


def pytest_collection_finish(session: Any) -> None:
    """Every test that will run, before the first one does."""
    if SESSION is None:
        return
    names: List[str] = []
    for item in session.items:
        name = SESSION.name(item.nodeid, getattr(item, "path", None) or getattr(item, "fspath", None))
        SESSION.names[item.nodeid] = name
        names.append(name)
    for start in range(0, len(names), 500):
        SESSION.writer.put("collected", ids=names[start : start + 500])
    SESSION.look(whole=True)


def pytest_collectreport(report: Any) -> None:
    """Modules that cannot be imported, and those that skip themselves."""
    if SESSION is None or report.outcome == "passed":
        return
    kind = "uncollectable" if report.outcome == "failed" else "module_skipped"
    SESSION.writer.put(kind, id=SESSION.name(report.nodeid), message=_reason(report))


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: Any) -> Iterator[None]:
    """Say which test runs now, and bound its time."""
    if SESSION is not None:
        SESSION.running = item.nodeid
        SESSION.writer.put("start", id=SESSION.name(item.nodeid))
        SESSION.arm(SESSION.limit)
    yield
    if SESSION is not None:
        SESSION.arm(0)
        SESSION.running = ""
        SESSION.look(whole=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: Any) -> None:
    """Combine setup, call and teardown; a repeated test starts anew with its next setup."""
    if SESSION is None or report.outcome == "rerun":
        return
    state = SESSION.states.get(report.nodeid)
    if state is None or report.when == "setup":
        state = {"outcome": "error", "message": "", "seconds": 0.0, "subtest": None}
        SESSION.states[report.nodeid] = state
    if type(report).__name__.lower() == "subtestreport":
        if report.outcome == "failed":
            state["subtest"] = "subtest: " + _reason(report)
        return
    state["seconds"] += getattr(report, "duration", 0.0)
    if report.when == "teardown":
        if report.outcome == "failed" and state["outcome"] != "failed":
            state.update(outcome="error", message=_reason(report))
    elif report.when != "setup" or report.outcome != "passed":
        state.update(outcome=_outcome(report), message=_reason(report))
    if report.when not in ("setup", "call"):  # "???" is the report of a crashed subprocess
        SESSION.finish(report.nodeid)


@pytest.hookimpl(hookwrapper=True)
def pytest_sessionfinish(session: Any, exitstatus: Any) -> Iterator[None]:
    """The last line: without it the run did not reach its end."""
    yield
    if SESSION is not None:
        for nodeid in list(SESSION.states):
            SESSION.finish(nodeid)
        SESSION.look(whole=True)
        SESSION.writer.put("end", exit=int(getattr(session, "exitstatus", exitstatus)))


def _outcome(report: Any) -> str:
    expected = hasattr(report, "wasxfail")
    if report.outcome == "passed":
        return "xpassed" if expected else "passed"
    if report.outcome == "skipped":
        return "xfailed" if expected else "skipped"
    return "error" if report.when == "setup" else "failed"


def _reason(report: Any) -> str:
    """One line: the skip reason, the exception of a failed test, or the last line of a failed import."""
    try:
        detail = report.longrepr
        if not detail:
            return str(getattr(report, "wasxfail", ""))[:MESSAGE]
        if isinstance(detail, tuple):
            return str(detail[2]).strip()[:MESSAGE]
        crash = getattr(detail, "reprcrash", None)
        if crash is not None and report.outcome == "failed":
            return str(crash.message).strip().split("\n")[0][:MESSAGE]
        lines = [line.strip() for line in str(detail).split("\n") if line.strip()]
        told = [line[1:].strip() for line in lines if line.startswith("E  ")]
        return (told or lines or [""])[-1][:MESSAGE]
    except Exception as error:
        return f"({type(error).__name__} while reading the report)"
