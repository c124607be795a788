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
from typing import Any, Dict, List, Optional, Set

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
TESTBED = os.environ.get("ENVFACTORY_TESTBED", "/testbed")
LOGS = os.environ.get("ENVFACTORY_LOGS", "/logs")


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
    """The whole grading; returns the report.  Shared files that the patch touched win over hidden ones."""
    import canary_tests  # type: ignore[import-not-found]
    import running  # type: ignore[import-not-found]
    import worktree  # type: ignore[import-not-found]

    env = dict(os.environ, **setup["env"])
    hidden = [(entry["path"], entry["mode"], content(entry)) for entry in spec["hidden_files"]]
    touched, dropped = take_patch(setup["root_commit"], protected_paths(spec))
    spliced = spliced_files(spec["shared_files"], set(touched) - set(dropped))
    if spec["rebuild_steps"]:
        rebuild(spec, env)
    theirs = {path for path, _, _ in spliced}
    for path, mode, data in [file for file in hidden if file[0] not in theirs] + spliced:
        worktree.place(TESTBED, path, mode, data)
    made = canary_tests.write(spec["canaries"], spec["test_modules"])
    modules = list(spec["test_modules"])
    if made:
        worktree.place(TESTBED, made["path"], "100644", made["source"])
        modules.append(made["path"])
    lines = running.run_tests(spec, modules, setup["collector"], TESTBED, env)
    if made:
        worktree.place(TESTBED, made["path"], "100644", None)
    return summary(spec, lines, dropped, made)


def protected_paths(spec):
    # type: (Dict[str, Any]) -> List[str]
    import protection  # type: ignore[import-not-found]

    return list(spec["protected"]) + list(protection.NEVER_PATCHED)


def take_patch(root, patterns):
    # type: (str, List[str]) -> Any
    """Apply the collected diff to a tree as the image holds it; else the agent worked right here.

    Either way without effect on protected paths; returns (paths touched, those of them put back).
    """
    import worktree

    if not worktree.is_pristine(TESTBED, root):
        print("the tree has been worked in: graded as it is")
        return worktree.restore(TESTBED, root, patterns)
    patch = b""
    if os.path.isfile(os.path.join(LOGS, "artifacts", "model.patch")):
        with open(os.path.join(LOGS, "artifacts", "model.patch"), "rb") as file:
            patch = file.read()
    if not patch.strip():
        return [], []
    try:
        return worktree.apply(TESTBED, patch, patterns)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr or error.stdout or b"").decode("utf-8", "replace")
        raise NotApplied("the patch does not apply: " + reason[-2000:])


def spliced_files(shared, touched):
    # type: (List[Dict[str, Any]], Set[str]) -> List[Any]
    """(path, mode, content with the gold run's tables) of configuration files that the patch touched."""
    import protected  # type: ignore[import-not-found]
    import worktree

    found = []
    for entry in shared:
        if entry["path"] in touched:
            mine = worktree.current(TESTBED, entry["path"])
            spliced = protected.splice(entry["path"], mine, content(entry) or b"")
            found.append((entry["path"], entry["mode"], spliced))
    return found


def rebuild(spec, env):
    # type: (Dict[str, Any], Dict[str, str]) -> None
    """Repeat the install steps, then undo what they planted at protected paths."""
    import running
    import worktree

    before = worktree.untracked(TESTBED)
    for step in spec["rebuild_steps"]:
        seconds = spec["limits"]["run_seconds"]
        if running.run_limited(["/bin/sh", "-ec", step], TESTBED, env, seconds) != 0:
            raise NotApplied("rebuilding failed: " + step)
    worktree.remove_planted(TESTBED, before, protected_paths(spec))


def load(name):
    # type: (str) -> Any
    with open(os.path.join(HERE, name), "rb") as file:
        return json.loads(file.read().decode("utf-8"))


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


def disturbed(spec, lines, made):
    # type: (Dict[str, Any], Dict[str, Any], Optional[Dict[str, Any]]) -> List[str]
    """Evidence of interference; takes the canaries' lines out."""
    import canary_tests

    tampered = list(lines["tampered"])
    if "runner" in spec["canaries"]:
        tampered += ["canary:runner: {} was changed".format(name) for name in lines["altered"]]
    if not made:
        return tampered
    own = made["path"]
    words = {name: item["outcome"] for name, item in lines["results"].items()}
    lines["uncollectable"].pop(own, None)
    lines["collected"] = [name for name in lines["collected"] if name.partition("::")[0] != own]
    for name in [name for name in words if name.partition("::")[0] == own]:
        del lines["results"][name]
    passed = any(item["outcome"] == "passed" for item in lines["results"].values())
    if lines["end"] is not None and passed:
        tampered += canary_tests.wrong(made, words)
    return tampered


def summary(spec, lines, dropped, made):
    # type: (Dict[str, Any], Dict[str, Any], List[str], Optional[Dict[str, Any]]) -> Dict[str, Any]
    """The verdict in the words of reward.json, and what report.json adds."""
    import verdict  # type: ignore[import-not-found]

    tampered = disturbed(spec, lines, made)
    outcomes = dict.fromkeys(lines["collected"], "missing")
    outcomes.update({name: result["outcome"] for name, result in lines["results"].items()})
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
