"""Grades a task inside a container of its image: patch, protected paths, hidden tests, run, verdict.

Started by test.sh as ``python -I -S grade.py``.  Reads what lies beside it and writes below
``$ENVFACTORY_LOGS/verifier``: ``reward.txt`` and ``reward.json`` (flat finite numbers, ``reward`` is the
same in both) and ``report.json``.  What is not the patch's fault is told by ``"fault": 1``; the reward
is 0 then, because readers want a number.  Standard library only, Python 3.6 syntax, no network.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from typing import Any, Dict, FrozenSet, List, Optional, Set

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
TESTBED = os.environ.get("ENVFACTORY_TESTBED", "/testbed")
LOGS = os.environ.get("ENVFACTORY_LOGS", "/logs")
GIT = ["git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]


class NotApplied(Exception):
    """The agent's diff does not apply: its own fault, reward 0."""


def main():
    # type: () -> None
    begin = time.time()
    try:
        report = judge(load("reward_spec.json"), load("grader.json"))
    except NotApplied as error:
        report = {"reward": 0.0, "resolved": 0, "f2p": 0.0, "p2p": 0.0, "detail": str(error)}
    except Exception:
        report = {"reward": 0.0, "resolved": 0, "f2p": 0.0, "p2p": 0.0, "fault": 1}
        report["detail"] = traceback.format_exc()
    report["seconds"] = round(time.time() - begin, 3)
    publish(report)


def judge(spec, setup):
    # type: (Dict[str, Any], Dict[str, Any]) -> Dict[str, Any]
    """The whole grading; returns the report."""
    import protect  # type: ignore[import-not-found]
    import running  # type: ignore[import-not-found]

    env = dict(os.environ, **setup["env"])
    hidden = [(entry["path"], entry["mode"], content(entry)) for entry in spec["hidden_files"]]
    touched, dropped = take_patch(protect, setup["root_commit"], spec["protected"])
    splice_shared(spec, set(touched) - set(dropped))
    before = untracked() if spec["rebuild_steps"] else frozenset()
    for step in spec["rebuild_steps"]:
        if running.run_limited(["/bin/sh", "-ec", step], TESTBED, env, spec["limits"]["run_seconds"]) != 0:
            raise NotApplied("rebuilding failed: " + step)
    for path in sorted(untracked() - before) if spec["rebuild_steps"] else []:
        if protect.is_protected(path, spec["protected"]):
            protect.remove(os.path.join(TESTBED, path))
    for path, mode, data in hidden:
        place(os.path.join(TESTBED, path), mode, data)
    lines = running.run_tests(spec, setup["collector"], TESTBED, env)
    return summary(spec, lines, dropped)


def splice_shared(spec, touched):
    # type: (Dict[str, Any], Set[str]) -> None
    """Put the runner's tables of the gold run into configuration files that the patch touched."""
    import shared  # type: ignore[import-not-found]

    for entry in spec["shared_files"]:
        path = os.path.join(TESTBED, entry["path"])
        if entry["path"] not in touched:
            continue
        mine = None
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as file:
                mine = file.read()
        place(path, entry["mode"], shared.splice(entry["path"], mine, content(entry) or b""))


def untracked():
    # type: () -> FrozenSet[str]
    listed = git("ls-files", "-z", "--others").decode("utf-8", "surrogateescape")
    return frozenset(listed.split("\0")) - {""}


def load(name):
    # type: (str) -> Any
    with open(os.path.join(HERE, name), "rb") as file:
        return json.loads(file.read().decode("utf-8"))


# -- the tree ------------------------------------------------------------------------------------


def git(*args):
    # type: (*str) -> bytes
    return subprocess.run(
        GIT + list(args), cwd=TESTBED, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout


def take_patch(protect, root, patterns):
    # type: (Any, str, List[str]) -> Any
    """Apply the collected diff to a tree as the image holds it; else the agent worked right here.

    Either way without effect on protected paths; returns (paths touched, those of them put back).
    """
    path = os.path.join(LOGS, "artifacts", "model.patch")
    pristine = git("rev-parse", "HEAD").decode().strip() == root and not git("status", "--porcelain").strip()
    if not pristine:
        print("the tree has been worked in: graded as it is")
        return protect.restore(TESTBED, root, patterns)
    if not os.path.isfile(path) or os.path.getsize(path) == 0:
        return [], []
    try:
        return protect.apply(TESTBED, path, patterns)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr or error.stdout or b"").decode("utf-8", "replace")
        raise NotApplied("the patch does not apply: " + reason[-2000:])


def content(entry):
    # type: (Dict[str, Any]) -> Optional[bytes]
    """Bytes of a hidden file, or None for one that must not exist."""
    if "file" not in entry:
        return None if entry["content"] is None else base64.b64decode(entry["content"])
    with open(os.path.join(HERE, entry["file"]), "rb") as file:
        data = file.read()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ValueError(entry["file"] + " is not the file that was exported")
    return data


def place(path, mode, data):
    # type: (str, str, Optional[bytes]) -> None
    """Put one hidden file in place of whatever is there, never through a symbolic link."""
    clear_way(path)
    if data is None:
        return
    if mode == "120000":
        os.symlink(data.decode("utf-8", "surrogateescape"), path)
        return
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o755 if mode == "100755" else 0o644)


def clear_way(path):
    # type: (str) -> None
    """Remove what is at ``path``; make its parents real directories."""
    parts = os.path.relpath(path, TESTBED).split(os.sep)
    for depth in range(1, len(parts)):
        parent = os.path.join(TESTBED, *parts[:depth])
        if os.path.islink(parent) or os.path.isfile(parent):
            os.unlink(parent)
        if not os.path.isdir(parent):
            os.mkdir(parent)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


# -- the verdict ---------------------------------------------------------------------------------


def summary(spec, lines, dropped):
    # type: (Dict[str, Any], Dict[str, Any], List[str]) -> Dict[str, Any]
    """The verdict in the words of reward.json, and what report.json adds."""
    import verdict  # type: ignore[import-not-found]

    outcomes = dict.fromkeys(lines["collected"], "missing")
    outcomes.update({name: result["outcome"] for name, result in lines["results"].items()})
    tampered = list(lines["tampered"])
    complete = lines["end"] is not None and lines["exit_code"] is not None
    found = verdict.verdict(outcomes, spec, complete and not tampered)
    return {
        "reward": found["value"],
        "resolved": int(found["resolved"]),
        "f2p": found["fail_to_pass_rate"],
        "p2p": found["pass_to_pass_rate"],
        "tampered": int(bool(tampered)),
        "evidence": tampered,
        "dropped": dropped,
        "complete": complete,
        "failing": found["failing"],
        "exit_code": lines["exit_code"],
        "collection_errors": lines["uncollectable"],
        "tests": outcomes,
        "messages": {name: item["message"] for name, item in lines["results"].items() if item["message"]},
    }


def publish(report):
    # type: (Dict[str, Any]) -> None
    """Write the three files; the reward of both reward files is the same number."""
    folder = os.path.join(LOGS, "verifier")
    numbers = {
        name: report.get(name, 0) for name in ("reward", "resolved", "f2p", "p2p", "tampered", "fault")
    }
    numbers["seconds"] = report["seconds"]
    write(os.path.join(folder, "report.json"), json.dumps(report, indent=2, sort_keys=True) + "\n")
    write(os.path.join(folder, "reward.json"), json.dumps(numbers, sort_keys=True) + "\n")
    write(os.path.join(folder, "reward.txt"), "{!r}\n".format(numbers["reward"]))
    print(json.dumps(numbers, sort_keys=True), flush=True)


def write(path, text):
    # type: (str, str) -> None
    """Replace a file, also where a test left a link or a directory of that name."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    with open(path + ".incomplete", "w") as file:
        file.write(text)
    os.replace(path + ".incomplete", path)


if __name__ == "__main__":
    main()
