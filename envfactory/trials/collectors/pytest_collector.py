"""A pytest plug-in that writes what every test did, line by line, while it happens.

Loaded with ``-p`` from a directory outside the repository, under a random name.  Beside it lies
``<name>.json`` (where to write, key, time limit), which is read and deleted before any test code is
imported.  Each line of the report is ``<mac> <json>``; see ``report_lines.py`` for the reader.

For Python 3.6 to 3.14 and pytest 3.0 to 9.  Never decides what an outcome means.  PYTEST_DONT_REWRITE
"""

# ruff: noqa: UP006, UP035, UP045, PTH100, PTH108, PTH110, PTH118, PTH120, PTH122, PTH123, PTH206
import fcntl
import hashlib
import json
import os
import signal
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Set

import pytest

FROZEN: Dict[str, Any] = {"maxfail": 0, "numprocesses": None, "dist": "no", "tx": [], "randomly_seed": 0}
OFF = ("looponfail", "lf", "failedfirst", "newfirst", "stepwise", "usepdb", "randomly_reorganize")
"""Options that stop a run early, spread it over processes or shuffle it, whoever asked for them."""

MESSAGE = 300


class Writer:
    """Appends keyed lines to the report.  Keeps references of its own: tests patch ``os`` and ``time``."""

    def __init__(self, path: str, key: str) -> None:
        self._encode = json.JSONEncoder(sort_keys=True).encode
        self._tools = (os.write, os.fstat, os.open, os.getpid, hashlib.blake2b, time.perf_counter)
        self._path, self._key = path, key.encode()
        self._pid = os.getpid()
        self._number = 0
        self._begin = time.perf_counter()
        first = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # A high number: suites that look at the lowest free descriptor see what they always see.
        self._fd = fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, 100)
        os.close(first)
        self._file = self._identity()

    def put(self, kind: str, **fields: Any) -> None:
        """One line; silent in a process forked by a test, which would report everything twice."""
        write, _, _, getpid, blake2b, clock = self._tools
        if getpid() != self._pid:
            return
        fields.update(t=kind, n=self._number, at=round(clock() - self._begin, 4))
        line = self._encode(fields).encode("ascii")
        mac = blake2b(line, digest_size=8, key=self._key).hexdigest().encode("ascii")
        self._number += 1
        data = mac + b" " + line + b"\n"
        try:
            self._reopen_if_lost()
            while data:
                data = data[write(self._fd, data) :]
        except OSError:  # disk full: a report without its end says so
            self._pid = -1

    def _identity(self) -> Any:
        return self._tools[1](self._fd)[1:3]  # inode and device

    def _reopen_if_lost(self) -> None:
        try:
            if self._identity() == self._file:
                return
        except OSError:
            pass
        self._fd = self._tools[2](self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)


class Session:
    """All state of the plug-in; ``None`` where there is no settings file, e.g. in a worker process."""

    def __init__(self, settings: Dict[str, Any]) -> None:
        self.writer = Writer(settings["report"], settings["key"])
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
    path = os.path.splitext(os.path.abspath(__file__))[0] + ".json"
    try:
        with open(path) as file:
            settings = json.load(file)
        os.unlink(path)
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
