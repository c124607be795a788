"""The script with which SWE-bench style harnesses judge a row, and the log parser that reads it.

The harness applies the model's patch and runs the script at ``/testbed``; test output stands between
two markers.  The exit code is the tests' own, because some clients take that as the verdict.  This
script is for foreign harnesses: our own verdict never comes from printed text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from itertools import count

from envfactory.records import Task

START = ">>>>> Start Test Output"
END = ">>>>> End Test Output"

AMBIGUOUS = " - "
"""Separates id and message in pytest's summary lines, so an id that holds it cannot be read back."""
LOST = re.compile(r"[\x00-\x1f]|\[\d+m")
"""What swebench's parsers take out of every line: control characters and what may be a colour."""
SUMMARY = "-rfEsxXp"
"""A line for each test.  ``-rA`` has none for those that pass before pytest 3.9, and repeats their output."""
INSTANCES = "sed -u 's/::()//g'"
"""pytest before 4 writes ``::()`` after the name of a class; our ids, as those of later versions, lack it."""

_SCRIPT = """\
#!/bin/bash
set -uxo pipefail
cd /testbed
{exports}
{reset}
{rebuild}
git apply --verbose --whitespace=nowarn - <<'{delimiter}'
{patch}{delimiter}
: '{start}'
( {command}; status=${{PIPESTATUS[0]}}; echo $status > /tmp/eval_rc; exit $status )
: '{end}'
{reset}
exit $(cat /tmp/eval_rc)
"""


def eval_script(task: Task, root: str) -> str:
    """The script of one task; ``root`` is the commit that the image's repository starts from."""
    spec, patch = task.reward_spec, task.candidate.test_patch
    return _SCRIPT.format(
        exports="\n".join(f"export {key}={shlex.quote(value)}" for key, value in _environment(task)),
        reset=_reset(task, root),
        rebuild="\n".join(spec.rebuild_steps),
        delimiter=_delimiter(patch),
        patch=patch if patch.endswith("\n") or not patch else patch + "\n",
        start=START,
        end=END,
        command=command_line(task),
    )


def command_line(task: Task) -> str:
    """The tests of the task as one shell pipeline that prints a line for each test, ids as we write them."""
    spec = task.reward_spec
    words = shlex.join([*spec.test_command, *_summary_options(task), *spec.test_modules])
    return f"{words} | {INSTANCES}" if _is_python(task) else words


def readable(name: str) -> bool:
    """Whether swebench's parsers read the id back as it is: they split lines at white space."""
    return AMBIGUOUS not in name and " ".join(name.split()) == name and not LOST.search(name)


def log_parser(language: str, ids: Sequence[str]) -> str:
    """Name of the parser in swebench's registry, or an empty string where it has none for us."""
    if language != "python":
        return ""
    return "parse_log_pytest_v2" if any(" " in name for name in ids) else "parse_log_pytest"


def _environment(task: Task) -> list[tuple[str, str]]:
    return sorted({"PYTHONHASHSEED": "0", "TZ": "UTC", **task.environment.spec.env}.items())


def _summary_options(task: Task) -> list[str]:
    return [SUMMARY, "-p", "no:cacheprovider"] if _is_python(task) else []


def _is_python(task: Task) -> bool:
    return task.candidate.language == "python"


def _reset(task: Task, root: str) -> str:
    """Put the files of the test patch back to what the image holds: new ones away, others restored."""
    created = set(_created(task.candidate.test_patch))
    old = [path for path in task.candidate.test_files if path not in created]
    lines = []
    if created:
        lines.append(shlex.join(["rm", "-f", *sorted(created)]))
    if old:
        lines.append(shlex.join(["git", "checkout", root, "--", *sorted(old)]))
    return "\n".join(lines)


def _created(patch: str) -> list[str]:
    """Paths that ``patch`` creates, read from its headers (``--no-renames``, so both sides are equal)."""
    found, header = [], ""
    for line in patch.split("\n"):
        if line.startswith("diff --git "):
            header = line.removeprefix("diff --git ")
        elif line.startswith("new file mode ") and header:
            found.append(_path(header))
            header = ""
    return found


def _path(header: str) -> str:
    """``a/x b/x`` -> ``x``; both halves have the same length because the names are equal."""
    half = header[: (len(header) - 1) // 2]
    if half.startswith('"'):
        return _unquoted(half).removeprefix("a/")
    return half.removeprefix("a/")


def _unquoted(name: str) -> str:
    """Undo git's C-style quoting of unusual names."""
    inner = name[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape")
    return inner.encode("latin-1").decode("utf-8", "replace")


def _delimiter(patch: str) -> str:
    """A here-document word that is no line of ``patch``."""
    lines = set(patch.split("\n"))
    return next(word for number in count() if (word := f"EOF_ENVFACTORY_{number}") not in lines)
