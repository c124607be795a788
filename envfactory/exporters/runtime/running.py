"""Running things inside a bundle's grader so that nothing outlives them.

Every command gets a session of its own and a time limit; afterwards all its descendants are ended,
those that left the session too.  Standard library only, Python 3.6 syntax.
"""

import ctypes
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from typing import Any, Dict, List, Optional

PR_SET_CHILD_SUBREAPER = 36


def run_limited(argv, cwd, env, seconds):
    # type: (List[str], str, Dict[str, str], float) -> Optional[int]
    """Exit code, or None after the time limit."""
    adopt_orphans()
    print("$ " + " ".join(argv), flush=True)
    process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        code = process.wait(seconds)
        print("exit code {}".format(code), flush=True)
        return code
    except subprocess.TimeoutExpired:
        print("time limit of {:g} s".format(seconds), flush=True)
        return None
    finally:
        end_children()


def run_tests(spec, modules, collector, cwd, env):
    # type: (Dict[str, Any], List[str], Dict[str, Any], str, Dict[str, str]) -> Dict[str, Any]
    """Run the test command on ``modules`` with our collector; what its report says, and the exit code."""
    import report_lines  # type: ignore[import-not-found]

    folder = tempfile.mkdtemp(prefix="envfactory-")
    stem = os.path.splitext(collector["file"])[0]
    name, key, nonce = "p" + secrets.token_hex(12), secrets.token_bytes(32), secrets.token_hex(16)
    settings = {"report": os.path.join(folder, "report"), "nonce": nonce, "root": cwd}
    settings.update(test_seconds=spec["limits"]["test_seconds"], pythonpath=env.get("PYTHONPATH", ""))
    bring_collector(stem, os.path.join(folder, name), settings, key)
    env = dict(env, PYTHONPATH=":".join(part for part in (folder, settings["pythonpath"]) if part))
    argv = spec["test_command"] + [name if part == stem else part for part in collector["args"]]
    argv += ["./" + path if path.startswith("-") else path for path in modules]
    code = run_limited(argv, cwd, env, spec["limits"]["run_seconds"])
    data = b""
    if os.path.isfile(settings["report"]) and not os.path.islink(settings["report"]):
        with open(settings["report"], "rb") as lines:
            data = lines.read()
    shutil.rmtree(folder, ignore_errors=True)
    return dict(report_lines.read(data, key, nonce), exit_code=code)


def bring_collector(stem, place, settings, key):
    # type: (str, str, Dict[str, Any], bytes) -> None
    """The collector and its companions (``<stem>_*``) under another name, with settings and key."""
    here = os.path.dirname(os.path.abspath(__file__))
    for found in sorted(os.listdir(here)):
        if found.startswith((stem + ".", stem + "_")):
            shutil.copyfile(os.path.join(here, found), place + found[len(stem) :])
    with open(place + ".json", "w") as file:
        json.dump(settings, file)
    with open(place + ".key", "wb") as secret:
        secret.write(key)


def adopt_orphans():
    # type: () -> None
    """Become the parent of processes that tests leave behind, so that none outlives the verdict."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        pass


def end_children():
    # type: () -> None
    """Kill every descendant, generation by generation, and reap it."""
    while True:
        for pid in children():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            os.waitpid(-1, 0)
        except OSError:  # nobody left
            return


def children():
    # type: () -> List[int]
    """Processes whose parent we are."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open("/proc/" + name + "/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == os.getpid():
            found.append(int(name))
    return found
